// Asks who the person is, over whatever is shown: nothing that was typed there is lost.

import { h, say } from "./dom.js";
import { createSession } from "./session.js";

let asking = null;

/** Resolves with the session once somebody has signed in. Asked twice, it asks the person once. */
export function askSignIn(api, why) {
  asking ??= ask(api, why).finally(() => (asking = null));
  return asking;
}

function ask(api, why) {
  return new Promise((resolve) => {
    const user = h("input", { id: "sign-in-user", autocomplete: "username", required: true, autofocus: true });
    const password = h("input", { id: "sign-in-password", type: "password", autocomplete: "current-password", required: true });
    const wrong = h("p", { class: "problem", role: "alert" });
    const go = h("button", { type: "submit", class: "primary" }, "Sign in");
    const form = h("form", { class: "stack" }, h("label", { class: "field" }, h("span", {}, "User"), user), h("label", { class: "field" }, h("span", {}, "Password"), password), wrong, h("div", { class: "buttons" }, go));
    const dialog = h("dialog", { "aria-labelledby": "sign-in-title" }, h("h2", { id: "sign-in-title" }, "Sign in"), h("p", { class: "hint" }, why), form);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        const session = createSession(await api.signIn(user.value, password.value));
        dialog.close();
        dialog.remove();
        resolve(session);
      } catch (error) {
        say(wrong, error.message);
        password.value = "";
        password.focus();
      } finally {
        go.disabled = false;
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    user.focus();
  });
}
