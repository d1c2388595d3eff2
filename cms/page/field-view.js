// One field of the configuration form: its value, its input, what is wanted, what is wrong, and what the device
// reports where that is something else than was ordered.

import { clock, guard, h, isolated, say } from "./dom.js";
import { LABELS, MASK, asText, hintOf, hostAndPort, withHostAndPort } from "./fields.js";

const HIDDEN = "••••••••";
let made = 0;

export function createFieldView({ store, session, component, rule, onEdit }) {
  const { label = rule.name, options, removed } = LABELS[rule.name] ?? {};
  const id = `field-${++made}`;
  const { state } = store;
  const value = h("bdi", { class: "value" });
  const input = options ? h("select", { id }) : h("input", { id, autocomplete: "off", spellcheck: false });
  const hint = h("p", { class: "hint", id: `${id}-hint` }, options ? "" : hintOf(rule));
  const problem = h("p", { class: "problem", id: `${id}-problem`, role: "alert" });
  const differs = h("p", { class: "differs" });
  const extras = h("div", { class: "extras" });
  const root = h("div", { class: "entry", data: { field: rule.name } }, h("label", { htmlFor: id }, label), h("div", { class: "line" }, value, input, extras), problem, differs, hint);
  input.setAttribute("aria-describedby", `${problem.id} ${hint.id}`);
  input.dir = "auto";
  if (rule.type === "number" && !options) input.inputMode = "numeric";
  let shownClear = false;
  let toRemove = false;

  if (rule.secret) {
    const reveal = h("button", { type: "button", class: "quiet", "aria-pressed": "false", on: { click: toggle } }, "Reveal");
    guard(reveal, session.may("reveal"));
    reveal.setAttribute("aria-label", `Reveal ${label}`);
    const drop = h("button", { type: "button", class: "quiet", on: { click: removeSecret } }, "Remove");
    drop.setAttribute("aria-label", `Remove ${label}`);
    extras.append(reveal, drop);
    root.drop = drop;
    input.type = "password";
    input.autocomplete = "new-password";

    function toggle() {
      shownClear = !shownClear;
      reveal.setAttribute("aria-pressed", String(shownClear));
      say(reveal, shownClear ? "Hide" : "Reveal");
      draw();
    }
  }

  function removeSecret() {
    toRemove = true;
    store.edit(component, rule.name, "", { remove: true });
    onEdit();
  }

  input.addEventListener("input", () => {
    toRemove = false;
    store.edit(component, rule.name, input.value);
    onEdit();
  });

  function draw() {
    const text = state.formData[component][rule.name] ?? "";
    const editing = state.isEditMode && !rule.readOnly && session.may("configure").allowed;
    value.hidden = editing;
    input.hidden = !editing;
    hint.hidden = !editing || hint.textContent === "";
    root.classList.toggle("edited", store.isEdited(component, rule.name));
    say(value, rule.secret ? secretText() : shown(text));
    value.classList.toggle("unknown", !rule.secret && text === "");
    if (options) offer(text);
    else if (input.value !== text) input.value = text;
    if (rule.secret) drawSecret(editing);
    const wrong = editing ? (state.problems[`${component}.${rule.name}`] ?? "") : "";
    say(problem, wrong);
    if (wrong) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    say(differs, difference());
    differs.hidden = differs.textContent === "";
  }

  function drawSecret(editing) {
    input.type = shownClear ? "text" : "password";
    input.placeholder = toRemove && store.isEdited(component, rule.name) ? `will be removed: ${removed}` : "unchanged";
    root.drop.hidden = !editing;
  }

  function secretText() {
    const told = state.reported[component][rule.name];
    const ordered = state.ordered[component]?.[rule.name];
    if (told === undefined && ordered === undefined) return "not set";
    if (told === "") return `none, ${removed}`;
    if (!shownClear) return HIDDEN;
    return told === undefined || told === MASK ? "The device has not told it since this page was opened." : told;
  }

  /** Values that are no choice of ours are shown all the same, and can be kept. */
  function offer(text) {
    const known = Object.entries(options);
    const wanted = text in options ? known : [...known, [text, text === "" ? "not known" : text]];
    if (input.options.length !== wanted.length || input.options[wanted.length - 1].value !== wanted.at(-1)[0]) {
      input.replaceChildren(...wanted.map(([key, name]) => h("option", { value: key }, name)));
    }
    if (input.value !== text) input.value = text;
  }

  function shown(text) {
    return text === "" ? (rule.optional ? "not set" : "not known yet") : (options?.[text] ?? text);
  }

  function difference() {
    const meanwhile = store.changedMeanwhile(component, rule.name);
    if (meanwhile !== null && !rule.secret) return `Stored meanwhile by somebody else: ${isolated(shown(meanwhile))}`;
    const found = state.differences[`${component}.${rule.name}`];
    if (!found) return "";
    if (found.reported === null) return "The device does not report this field.";
    const reported = rule.secret ? "another password" : isolated(shown(asText(found.reported)));
    return `The device reports ${reported}${found.at ? ` (${clock(found.at)})` : ""}; ordered was ${rule.secret ? "another" : isolated(shown(asText(found.ordered)))}.`;
  }

  return { root, draw, input };
}

/** Host and port, which are parts of the broker URI: either can be edited, and changes the URI. */
export function createHostView({ store, session, part, label, uriRule, onEdit }) {
  const id = `field-${++made}`;
  const input = h("input", { id, autocomplete: "off", spellcheck: false, dir: "auto", inputMode: part === "port" ? "numeric" : "text" });
  const value = h("bdi", { class: "value" });
  const root = h("div", { class: "entry", data: { field: part === "host" ? "mqttHost" : "mqttPort" } }, h("label", { htmlFor: id }, label), h("div", { class: "line" }, value, input));
  const uri = () => store.state.formData.mqtt[uriRule.name] ?? "";
  input.addEventListener("input", () => {
    store.edit("mqtt", uriRule.name, withHostAndPort(uri(), { [part]: input.value.trim() }));
    onEdit();
  });
  return {
    root,
    input,
    draw() {
      const editing = store.state.isEditMode && session.may("configure").allowed;
      const text = hostAndPort(uri())[part];
      value.hidden = editing;
      input.hidden = !editing;
      say(value, text || (part === "port" ? "default" : "not known yet"));
      if (document.activeElement !== input && input.value !== text) input.value = text;
    },
  };
}
