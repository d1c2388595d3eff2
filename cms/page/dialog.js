// Asks before something that can't be undone. The browser's own dialog keeps the focus inside and gives it back.

import { h } from "./dom.js";

/** Whether the person says yes. Escape and the first button, which has the focus, say no. */
export function confirm({ title, text, yes, danger = false }) {
  return new Promise((resolve) => {
    const no = h("button", { type: "button", autofocus: true, on: { click: () => dialog.close("no") } }, "Cancel");
    const go = h("button", { type: "button", class: danger ? "danger" : "primary", on: { click: () => dialog.close("yes") } }, yes);
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, heading, h("p", {}, text), h("div", { class: "buttons" }, no, go));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}
