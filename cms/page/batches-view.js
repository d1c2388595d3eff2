// Orders to several machines, and how far each is: at how many machines, and at which it is not well.

import { clock, h, say } from "./dom.js";
import { cabinetLink } from "./place-view.js";

/** What the states of the service are called, in the order in which they are shown, and which are well. */
const STATES = Object.freeze({
  confirmed: { label: "confirmed", good: true },
  stored: { label: "stored, nothing to send", good: true },
  sent: { label: "sent, not confirmed yet" },
  waiting: { label: "waiting for the broker" },
  pending: { label: "being stored" },
  superseded: { label: "replaced by a newer order" },
  unconfirmed: { label: "never confirmed", bad: true },
  expired: { label: "too late, dropped", bad: true },
  refused: { label: "refused", bad: true },
  failed: { label: "failed", bad: true },
});

export function createBatchesView({ store, api, notices }) {
  const lines = new Map();
  const list = h("ol", { class: "batches" });
  const root = h("section", { class: "card", "aria-label": "Orders to several", hidden: true }, h("h2", {}, "Orders to several"), list);
  api.batches().then(({ data }) => store.knowBatches(data.filter((one) => one.state !== "done")), (error) => notices.show(error.message));

  function draw() {
    const batches = store.batches();
    root.hidden = batches.length === 0;
    for (const id of lines.keys()) if (!batches.some((one) => one.id === id)) drop(id);
    batches.forEach((batch, index) => {
      const line = lines.get(batch.id) ?? createLine(batch.id, { store, api, notices });
      lines.set(batch.id, line);
      if (list.children[index] !== line.root) list.insertBefore(line.root, list.children[index] ?? null);
      line.draw(batch);
    });
  }

  function drop(id) {
    lines.get(id).root.remove();
    lines.delete(id);
  }

  return { root, draw };
}

function createLine(id, { store, api, notices }) {
  const what = h("b");
  const meter = h("progress", { max: 1 });
  const said = h("p", { class: "hint", role: "status" });
  const machines = h("ul", { class: "changes" });
  const each = h("details", {}, h("summary", {}, "Each machine"), machines);
  const root = h("li", {}, what, meter, said, each);
  let drawn = "";
  each.addEventListener("toggle", () => each.open && list());

  async function list() {
    try {
      const { data } = await api.batch(id);
      const order = Object.keys(STATES).reverse();
      const parts = [...data.cabinets].sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state));
      machines.replaceChildren(...parts.map(machine));
    } catch (error) {
      notices.show(error.message);
    }
  }

  function machine({ cabinetId, state, detail }) {
    const name = store.cabinet(cabinetId)?.name || cabinetId;
    const link = h("a", { href: cabinetLink(cabinetId) }, h("bdi", {}, name));
    return h("li", { data: { state } }, link, ` ${STATES[state]?.label ?? state}`, detail ? ": " : "", h("bdi", {}, detail));
  }

  return {
    root,
    draw(batch) {
      const now = JSON.stringify([batch.state, batch.counts]);
      if (now === drawn) return;
      drawn = now;
      const ended = Object.entries(batch.counts).filter(([state]) => !["pending", "waiting", "sent"].includes(state));
      const done = ended.reduce((sum, [, count]) => sum + count, 0);
      const title = `${orderText(batch.order)}, ${batch.total} ${batch.total === 1 ? "machine" : "machines"}`;
      say(what, title);
      meter.max = batch.total;
      meter.value = done;
      meter.setAttribute("aria-label", `${title}: ended at ${done}`);
      const bad = Object.entries(STATES).some(([state, { bad: isBad }]) => isBad && batch.counts[state] > 0);
      root.dataset.well = bad ? "no" : "yes";
      const counted = Object.entries(STATES).filter(([state]) => batch.counts[state] > 0);
      say(said, `${clock(batch.at)} by ${batch.user}: ${counted.map(([state, { label }]) => `${batch.counts[state]} ${label}`).join(", ")}.`);
      if (each.open) list();
    },
  };
}

function orderText({ machineControl, smibConfig = {} }) {
  const fields = Object.values(smibConfig).flatMap((values) => Object.keys(values));
  return [machineControl, fields.join(", ")].filter(Boolean).join(" and ") || "Order";
}
