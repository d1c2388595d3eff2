// Asks before something that can't be undone. The browser's own dialog keeps the focus inside and gives it back.

import { h } from "./dom.js";

const NAMED = 3;

/** Whether the person says yes. Escape and the first button, which has the focus, say no. `names` can be read in full. */
export function confirm({ title, text, names = [], yes, danger = false }) {
  return new Promise((resolve) => {
    const no = h("button", { type: "button", autofocus: true, on: { click: () => dialog.close("no") } }, "Cancel");
    const go = h("button", { type: "button", class: danger ? "danger" : "primary", on: { click: () => dialog.close("yes") } }, yes);
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, heading, h("p", {}, text), allOf(names), h("div", { class: "buttons" }, no, go));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}

function allOf(names) {
  if (names.length <= NAMED) return names.length > 0 ? h("ul", { class: "names" }, names.map(line)) : null;
  return h("details", { class: "names" }, h("summary", {}, `All ${names.length} machines`), h("ul", { tabIndex: 0, "aria-label": "Machines" }, names.map(line)));
}

function line(name) {
  return h("li", {}, h("bdi", {}, name));
}
