// The last events as they come in. Its lines are made once and written anew, and it can be held still to be read.

import { calmly, h, say } from "./dom.js";

const LINES = 40;

/** `entries()` gives the newest first: {time, who, href, what, detail}, texts all. */
export function createEventsView({ title, entries, empty = "Nothing yet." }) {
  const lines = [];
  const list = h("ol", { class: "events", tabIndex: 0, "aria-label": title });
  const none = h("p", { class: "hint" }, empty);
  const hold = h("button", { type: "button", class: "quiet", "aria-pressed": "false", on: { click: toggle } }, "Hold");
  const draw = calmly(write);
  let held = false;

  function toggle() {
    held = !held;
    hold.setAttribute("aria-pressed", String(held));
    say(hold, held ? "Go on" : "Hold");
    if (!held) draw();
  }

  function write() {
    if (held) return;
    const found = entries().slice(0, LINES);
    none.hidden = found.length > 0;
    while (lines.length < found.length) lines.push(add());
    found.forEach((entry, index) => lines[index].write(entry));
  }

  function add() {
    const time = h("time");
    const who = h("a");
    const what = h("b");
    const detail = h("bdi", { class: "detail" });
    list.append(h("li", {}, time, " ", who, " ", what, " ", detail));
    return {
      write(entry) {
        say(time, entry.time);
        say(who, entry.who);
        who.hidden = !entry.who;
        if (entry.href && who.getAttribute("href") !== entry.href) who.href = entry.href;
        say(what, entry.what);
        say(detail, entry.detail);
      },
    };
  }

  const root = h("section", { class: "card" }, h("div", { class: "head" }, h("h2", {}, title), hold), none, list);
  write();
  return { root, draw };
}
