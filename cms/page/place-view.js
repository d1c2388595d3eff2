// A cabinet on the floor, as a tile or a row, and the location in which it stands.

import { h, say } from "./dom.js";
import { STATES, natural } from "./floor-store.js";

const TEXTS = ["name", "game", "id", "relayId", "serialNumber", "firmware"];

/** `selection`, where there is one, is asked and told what is picked. */
export function createPlace({ id }, selection) {
  const word = h("span", { class: "word" });
  const badge = h("span", { class: "badge", hidden: true }, "Out of step");
  const texts = Object.fromEntries(TEXTS.map((name) => [name, h("bdi", { class: name })]));
  const state = h("span", { class: "state" }, h("span", { class: "mark", "aria-hidden": "true" }), word);
  const ids = h("span", { class: "ids" }, texts.id, texts.relayId);
  const link = h("a", { href: cabinetLink(id), on: { click: pressed } }, state, texts.name, texts.game, ids, texts.serialNumber, texts.firmware, badge);
  const pick = h("input", { type: "checkbox", on: { click: ({ shiftKey }) => selection.pick(id, pick.checked, shiftKey) } });
  const root = h("li", { class: "place", data: { id } }, link, selection && h("label", { class: "pick" }, pick));

  /** While machines are being picked, the whole tile picks. */
  function pressed(event) {
    if (!selection?.selecting || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    selection.pick(id, !pick.checked, event.shiftKey);
  }

  return {
    id,
    root,
    drawPick: () => (pick.checked = selection.has(id)),
    draw(cabinet) {
      root.dataset.state = cabinet.state;
      say(word, STATES[cabinet.state] ?? cabinet.state);
      for (const name of TEXTS) say(texts[name], name === "name" ? cabinet.name || cabinet.id : String(cabinet[name] ?? ""));
      pick.setAttribute("aria-label", `Select ${cabinet.name || cabinet.id}`);
      badge.hidden = cabinet.inStep !== false;
    },
  };
}

/** `onPickAll` is called with the ids that are shown in it. */
export function createSection(name, onPickAll) {
  const count = h("span", { class: "count" });
  const items = h("ul", { class: "places" });
  const all = h("button", { type: "button", class: "quiet pick-all", on: { click: () => onPickAll(shownIds()) } }, "Select all of ", h("bdi", {}, name));
  const root = h("section", { class: "location" }, h("div", { class: "location-head" }, h("h2", {}, h("bdi", {}, name), " ", count), all), items);
  const order = [];
  const shownIds = () => order.filter((one) => !one.root.hidden).map((one) => one.id);
  return {
    root,
    items,
    shownIds,
    insert(one) {
      let low = 0;
      let high = order.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (natural(order[middle].id, one.id) < 0) low = middle + 1;
        else high = middle;
      }
      items.insertBefore(one.root, order[low]?.root ?? null);
      order.splice(low, 0, one);
    },
    remove(one) {
      order.splice(order.indexOf(one), 1);
      one.root.remove();
    },
    draw() {
      const shown = shownIds().length;
      root.hidden = shown === 0;
      say(count, String(shown));
    },
  };
}

export function cabinetLink(id) {
  return `#/cabinet/${encodeURIComponent(id)}`;
}
