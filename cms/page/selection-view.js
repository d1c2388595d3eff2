// Several machines at once: they are picked on the floor, by mouse, keyboard, location or filter, and get one order.

import { confirm } from "./dialog.js";
import { guard, h, say } from "./dom.js";
import { askConfiguration } from "./many-config.js";
import { COMMANDS } from "./machine-view.js";

/** `shownIds()` gives what the filters let through, in the order of the screen; `onPicked()` is told of changes. */
export function createSelectionView({ store, api, session, notices, shownIds, onPicked }) {
  const picked = new Set();
  let selecting = false;
  let busy = false;
  let last = null;
  const count = h("p", { role: "status" });
  const start = h("button", { type: "button", "aria-pressed": "false", on: { click: () => select(!selecting) } }, "Select several");
  const all = h("button", { type: "button", class: "quiet", on: { click: () => pickAll(shownIds()) } }, "All that are shown");
  const none = h("button", { type: "button", class: "quiet", on: { click: clear } }, "None");
  const orders = COMMANDS.map((one) => h("button", { type: "button", class: one.gentle ? "" : "danger", on: { click: () => command(one) } }, `${one.label} selected`));
  orders.push(h("button", { type: "button", on: { click: configure } }, "Configure selected"));
  const bar = h("div", { class: "buttons selection", role: "group", "aria-label": "Selected machines", hidden: true }, count, all, none, orders);

  function select(yes) {
    selecting = yes;
    start.setAttribute("aria-pressed", String(yes));
    if (!yes) picked.clear();
    changed();
  }

  function changed() {
    draw();
    onPicked();
  }

  /** With `range`, everything between this machine and the one before it is picked, too, or let go. */
  function pick(id, yes, range) {
    const ids = range && last !== null ? between(shownIds(), last, id) : [id];
    for (const one of ids) {
      if (yes) picked.add(one);
      else picked.delete(one);
    }
    last = id;
    changed();
  }

  function pickAll(ids) {
    for (const id of ids) picked.add(id);
    changed();
  }

  function clear() {
    picked.clear();
    last = null;
    changed();
  }

  function draw() {
    bar.hidden = !selecting;
    say(count, `${picked.size} selected`);
    const may = session.may("command");
    const some = picked.size > 0 && !busy;
    for (const button of orders) guard(button, some || !may.allowed ? may : { allowed: false, reason: busy ? "It is being sent." : "Select a machine first." });
  }

  const nameOf = (id) => store.cabinet(id)?.name || id;
  const machines = (number) => `${number} ${number === 1 ? "machine" : "machines"}`;

  /** A filter may hide what was picked before it. */
  function hiddenOnes(ids) {
    const seen = new Set(shownIds());
    const count = ids.filter((id) => !seen.has(id)).length;
    return count === 0 ? "" : ` ${count} of them ${count === 1 ? "is" : "are"} not shown on the floor now.`;
  }

  async function command(one) {
    const ids = [...picked];
    const title = `${one.label} ${machines(ids.length)}?`;
    if (!(await confirm({ title, text: `${one.warns}${hiddenOnes(ids)}`, names: ids.map(nameOf), yes: `${one.label} ${ids.length}`, danger: !one.gentle }))) return;
    await give(ids, { machineControl: one.command });
  }

  async function configure() {
    const ids = [...picked];
    const wish = await askConfiguration({ api, title: `Configure ${machines(ids.length)}` }).catch((error) => notices.show(error.message));
    if (!wish) return;
    const { values, component, said } = wish;
    const title = `Order this of ${machines(ids.length)}?`;
    if (!(await confirm({ title, text: `${said}${hiddenOnes(ids)}`, names: ids.map(nameOf), yes: `Order of ${ids.length}` }))) return;
    await give(ids, { smibConfig: { [component]: values } });
  }

  async function give(ids, order) {
    busy = true;
    draw();
    try {
      const { data } = await sent(ids, order);
      store.knowBatches([data]);
      notices.show(`Stored for ${machines(data.total)}. "Orders to several" shows how far it is.`, "info");
    } catch (error) {
      notices.show(`Nothing was ordered. ${error.message}`);
    } finally {
      busy = false;
      draw();
    }
  }

  /** Where no answer came it is asked once more under the same name, which is done only once. */
  async function sent(ids, order) {
    const key = `page-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    try {
      return await api.orderMany(ids, order, key);
    } catch (error) {
      if (error.status !== 0) throw error;
      return api.orderMany(ids, order, key);
    }
  }

  function pressed(event) {
    if (event.key !== "Escape" || !selecting || document.querySelector("dialog[open]")) return;
    select(false);
    start.focus();
  }

  addEventListener("keydown", pressed);
  draw();
  return {
    start,
    bar,
    pick,
    pickAll,
    get selecting() {
      return selecting;
    },
    has: (id) => picked.has(id),
    /** A machine is no longer on the floor. */
    gone(id) {
      if (picked.delete(id)) draw();
    },
    close: () => removeEventListener("keydown", pressed),
  };
}

function between(ids, one, other) {
  const places = [ids.indexOf(one), ids.indexOf(other)].sort((a, b) => a - b);
  return places[0] < 0 ? [other] : ids.slice(places[0], places[1] + 1);
}
