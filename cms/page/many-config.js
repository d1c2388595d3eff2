// One section of configuration for several machines: what is left empty stays as it is at each of them.

import { h, isolated, say } from "./dom.js";
import { LABELS, SECTIONS, SETTABLE, asValue, hintOf, problemOf } from "./fields.js";

/** Resolves with {component, values, said}, or null where the person thinks better of it. ApiError. */
export async function askConfiguration({ api, title }) {
  const { data: rules } = await api.fields();
  return new Promise((resolve) => {
    let wish = null;
    const forms = SETTABLE.map((component) => createForm(component, rules[component]));
    const chosen = h("select", { on: { change: show } }, forms.map((form) => h("option", { value: form.component }, form.title)));
    const wrong = h("p", { class: "problem", role: "alert" });
    const no = h("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel");
    const go = h("button", { type: "submit", class: "primary" }, "Go on");
    const form = h("form", { class: "stack", noValidate: true }, h("label", { class: "field" }, h("span", {}, "Section"), chosen), forms.map((one) => one.root), wrong, h("div", { class: "buttons" }, no, go));
    const hint = h("p", { class: "hint" }, "What is left empty stays as it is at each machine.");
    const dialog = h("dialog", { class: "wide", "aria-labelledby": "many-title" }, h("h2", { id: "many-title" }, title), hint, form);
    const current = () => forms.find((one) => one.component === chosen.value);

    function show() {
      for (const one of forms) one.root.hidden = one !== current();
      say(wrong, "");
    }

    async function submit(event) {
      event.preventDefault();
      const { component, values, focusProblem, judged, said } = current();
      const wanted = values();
      if (focusProblem()) return;
      if (Object.keys(wanted).length === 0) return say(wrong, "Fill in at least one field.");
      try {
        if (judged((await api.check(component, wanted)).problems)) return focusProblem();
      } catch (error) {
        return say(wrong, error.message);
      }
      wish = { component, values: wanted, said: said() };
      dialog.close();
    }

    form.addEventListener("submit", submit);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(wish);
    });
    show();
    document.body.append(dialog);
    dialog.showModal();
    chosen.focus();
  });
}

function createForm(component, rules) {
  const { title } = SECTIONS.find((section) => section.component === component);
  const entries = rules.filter((rule) => !rule.readOnly).map((rule) => createEntry(rule));
  const filled = () => entries.filter((entry) => entry.value() !== undefined);
  return {
    component,
    title,
    root: h("div", { class: "entries", role: "group", "aria-label": title, data: { component } }, entries.map((entry) => entry.root)),
    values: () => Object.fromEntries(filled().map((entry) => [entry.name, entry.value()])),
    said: () => `${title}: ${filled().map((entry) => entry.said()).join(", ")}.`,
    /** Whether something is wrong; the first such field gets the focus. */
    focusProblem() {
      const first = entries.find((entry) => entry.problem !== "");
      first?.input.focus();
      return first !== undefined;
    },
    judged(problems) {
      const found = new Map(problems.map((one) => [one.field.split(".").at(-1), one.wanted]));
      for (const entry of entries) entry.say(found.get(entry.name) ?? "");
      return found.size > 0;
    },
  };
}

function createEntry(rule) {
  const { label = rule.name, options } = LABELS[rule.name] ?? {};
  const id = `many-${rule.name}`;
  const input = options ? h("select", { id }, h("option", { value: "" }, "As it is"), Object.entries(options).map(([value, name]) => h("option", { value }, name))) : h("input", { id, autocomplete: rule.secret ? "new-password" : "off", spellcheck: false, dir: "auto", type: rule.secret ? "password" : "text" });
  const hint = h("p", { class: "hint", id: `${id}-hint` }, options ? "" : hintOf(rule));
  const problem = h("p", { class: "problem", id: `${id}-problem`, role: "alert" });
  input.setAttribute("aria-describedby", `${problem.id} ${hint.id}`);
  const entry = {
    name: rule.name,
    input,
    problem: "",
    root: h("div", { class: "entry", data: { field: rule.name } }, h("label", { htmlFor: id }, label), h("div", { class: "line" }, input), problem, hint),
    value: () => (input.value === "" ? undefined : asValue(rule, input.value)),
    said: () => `${label} ${rule.secret ? "a new one" : isolated(options?.[input.value] ?? input.value)}`,
    say(sentence) {
      entry.problem = sentence;
      say(problem, sentence);
      if (sentence) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
  input.addEventListener("input", () => entry.say(input.value === "" ? "" : (problemOf(rule, input.value) ?? "")));
  return entry;
}
