// What was ordered of this cabinet, by whom and when, and the way back to it.

import { confirm } from "./dialog.js";
import { clock, guard, h, isolated } from "./dom.js";

export function createHistoryView({ api, session, notices, cabinet, onRolledBack }) {
  const list = h("ol", { class: "history" });
  const root = h("details", { class: "card" }, h("summary", {}, h("h2", {}, "History of its configuration")), list);
  root.addEventListener("toggle", () => root.open && refresh());

  async function refresh() {
    if (!root.open) return;
    try {
      const { data } = await api.history(cabinet.id);
      list.replaceChildren(...data.map((step, index) => line(step, index === 0)));
      if (data.length === 0) list.append(h("li", { class: "hint" }, "Nothing was ordered yet."));
    } catch (error) {
      notices.show(error.message);
    }
  }

  function line(step, newest) {
    const day = new Date(step.at).toLocaleDateString();
    const changes = step.changes.map((one) => h("li", {}, h("bdi", {}, `${one.component}.${one.field}: ${isolated(shown(one.before))} → ${isolated(shown(one.after))}`)));
    const back = h("button", { type: "button", class: "quiet", on: { click: () => rollBack(step) } }, "Roll back to this");
    back.setAttribute("aria-label", `Roll back to revision ${step.revision}`);
    guard(back, session.may("configure"));
    const orders = step.orders.map((one) => `${one.what} ${one.state}`).join(", ");
    return h("li", {}, h("div", { class: "head" }, h("p", {}, h("b", {}, `Revision ${step.revision}`), ` ${day} ${clock(step.at)}, `, h("bdi", {}, step.user), `, ${step.action}`, orders ? ` (${orders})` : ""), newest ? null : back), h("ul", { class: "changes" }, changes));
  }

  async function rollBack(step) {
    const name = isolated(cabinet.name || cabinet.id);
    if (!(await confirm({ title: `Roll ${name} back to revision ${step.revision}?`, text: `${name} (${cabinet.id}) is ordered to have what was ordered then, passwords included.`, yes: "Roll back" }))) return;
    try {
      const answer = await api.rollback(cabinet.id, step.revision);
      notices.show(answer.mqttSent || answer.components.length === 0 ? `Rolled back to revision ${step.revision}.` : "Stored; it goes out when the broker is back.", "info");
      await onRolledBack();
    } catch (error) {
      notices.show(error.message);
    }
  }

  return { root, refresh };
}

function shown(value) {
  return value === null || value === undefined ? "not set" : value === "" ? "empty" : String(value);
}
