// Light or dark: as the system has it, until the person chooses.

import { say } from "./dom.js";

const KEPT = "theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

export function adoptTheme(button) {
  const chosen = () => localStorage.getItem(KEPT) ?? (dark.matches ? "dark" : "light");
  function draw() {
    document.documentElement.dataset.theme = chosen();
    say(button, chosen() === "dark" ? "Light" : "Dark");
    button.setAttribute("aria-label", `Switch to ${button.textContent.toLowerCase()} colours`);
  }
  button.addEventListener("click", () => {
    localStorage.setItem(KEPT, chosen() === "dark" ? "light" : "dark");
    draw();
  });
  dark.addEventListener("change", draw);
  draw();
}
