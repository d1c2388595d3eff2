// Several machines at once: they are picked on the floor, and a command goes to each of them, a few at a time.

import { confirm } from "./dialog.js";
import { guard, h, say } from "./dom.js";
import { COMMANDS } from "./machine-view.js";

const AT_ONCE = 4;
const NAMED = 3;

/** `shown()` gives the ids that the filters let through; `onPicked()` is told when what is picked changes. */
export function createSelectionView({ store, api, session, notices, shown, onPicked }) {
  const picked = new Set();
  let selecting = false;
  let busy = false;
  const count = h("p", { role: "status" });
  const start = h("button", { type: "button", "aria-pressed": "false", on: { click: () => select(!selecting) } }, "Select several");
  const all = h("button", { type: "button", class: "quiet", on: { click: pickShown } }, "All that are shown");
  const none = h("button", { type: "button", class: "quiet", on: { click: clear } }, "None");
  const orders = COMMANDS.map((one) => h("button", { type: "button", class: one.gentle ? "" : "danger", on: { click: () => give(one) } }, `${one.label} selected`));
  const bar = h("div", { class: "buttons selection", role: "group", "aria-label": "Selected machines", hidden: true }, count, all, none, orders);

  function select(yes) {
    selecting = yes;
    start.setAttribute("aria-pressed", String(yes));
    if (!yes) picked.clear();
    draw();
    onPicked();
  }

  function pickShown() {
    for (const id of shown()) picked.add(id);
    draw();
    onPicked();
  }

  function clear() {
    picked.clear();
    draw();
    onPicked();
  }

  function draw() {
    bar.hidden = !selecting;
    say(count, `${picked.size} selected`);
    const may = session.may("command");
    const some = picked.size > 0 && !busy;
    for (const button of orders) guard(button, some || !may.allowed ? may : { allowed: false, reason: busy ? "It is being sent." : "Select a machine first." });
  }

  async function give(one) {
    const ids = [...picked];
    const names = ids.map((id) => store.cabinet(id)?.name || id);
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
    const title = `${one.label} ${ids.length} ${ids.length === 1 ? "machine" : "machines"}?`;
    const text = `${names.slice(0, NAMED).join(", ")}${more}. ${one.warns}`;
    if (!(await confirm({ title, text, yes: `${one.label} ${ids.length}`, danger: !one.gentle }))) return;
    busy = true;
    draw();
    const result = { sent: 0, waiting: 0, failed: [] };
    const queue = ids.values();
    await Promise.all(Array.from({ length: AT_ONCE }, () => work(queue, one.command, result)));
    busy = false;
    draw();
    report(one, result);
  }

  async function work(queue, command, result) {
    for (const id of queue) {
      try {
        const answer = await api.order(id, { machineControl: command });
        result[answer.mqttSent ? "sent" : "waiting"] += 1;
      } catch (error) {
        result.failed.push(`${id}: ${error.message}`);
      }
    }
  }

  function report({ command }, { sent, waiting, failed }) {
    const late = waiting > 0 ? ` ${waiting} wait for the broker, for at most 30 s.` : "";
    if (sent + waiting > 0) notices.show(`${command} was sent to ${sent}.${late} The tiles show who has carried it out.`, "info");
    if (failed.length > 0) notices.show(`${command} was not sent to ${failed.length}: ${failed.slice(0, NAMED).join(" ")}`);
  }

  draw();
  return {
    start,
    bar,
    get selecting() {
      return selecting;
    },
    has: (id) => picked.has(id),
    pick(id, yes) {
      if (yes) picked.add(id);
      else picked.delete(id);
      draw();
    },
  };
}
