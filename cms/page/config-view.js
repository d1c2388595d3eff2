// The SMIB configuration section of the cabinet page: it expands, asks the device, can be edited and saved by section.

import { clock, guard, h, say } from "./dom.js";
import { SECTIONS } from "./fields.js";
import { createFieldView, createHostView } from "./field-view.js";

const PATIENCE_MS = 10_000;
const NOUN = { coms: "communication", net: "network", mqtt: "MQTT", ota: "OTA" };
const NOTHING = "Nothing was changed.";

export function createConfigView({ store, session, rules, onExpand, onAskAgain, onSave, onEdit, now = Date.now }) {
  const { state } = store;
  const sections = SECTIONS.map((section) => createSection({ ...section, store, session, rules: rules[section.component], onSave, onEdit, now }));
  const body = h("div", { id: "smib-body", class: "sections" });
  const expand = h("button", { type: "button", class: "expander", "aria-controls": body.id, on: { click: () => onExpand(!state.smibConfigExpanded) } }, "SMIB configuration");
  const edit = h("button", { type: "button", class: "primary", on: { click: toggleEdit } }, "Edit");
  const discard = h("button", { type: "button", on: { click: () => store.cancelEdit() } }, "Discard changes");
  const again = h("button", { type: "button", class: "quiet", on: { click: onAskAgain } }, "Ask the device again");
  const summary = h("p", { class: "hint" });
  const liveness = h("p", { class: "hint", role: "status" });
  body.append(h("div", { class: "buttons" }, edit, discard, again), liveness, ...sections.map((section) => section.root));

  function toggleEdit() {
    if (state.isEditMode) store.cancelEdit();
    else store.beginEdit();
  }

  function draw() {
    body.hidden = !state.smibConfigExpanded;
    expand.setAttribute("aria-expanded", String(state.smibConfigExpanded));
    say(summary, [state.communicationMode && `Mode ${state.communicationMode}`, state.firmwareVersion && `firmware ${state.firmwareVersion}`].filter(Boolean).join(", "));
    if (!state.smibConfigExpanded) return;
    const dirty = store.isDirty();
    say(edit, state.isEditMode ? "Done" : "Edit");
    guard(edit, state.isEditMode && dirty ? { allowed: false, reason: "Save or discard your changes first." } : session.may("configure"));
    discard.hidden = !state.isEditMode || !dirty;
    guard(again, state.isConnectedToMqtt ? { allowed: true } : { allowed: false, reason: "The stream is not connected." });
    say(liveness, livenessOf(state));
    for (const section of sections) section.draw();
  }

  return { root: h("section", { class: "card", "aria-label": "SMIB configuration" }, h("div", { class: "head" }, h("h2", {}, expand), summary), body), draw };
}

function livenessOf(state) {
  if (state.isLoadingMqttConfig) return "Loading what is stored.";
  if (!state.hasReceivedRealSmibData) return "What is shown is what was stored; the device has not said anything yet.";
  return `What the device reported last came at ${clock(state.lastFrameAt)}.`;
}

function createSection({ component, title, store, session, rules, onSave, onEdit, now }) {
  const { state } = store;
  const touched = () => {
    onEdit(component);
    drawSave(); // at once: Enter does nothing in a form whose button is disabled
  };
  const fields = rules.map((rule) => createFieldView({ store, session, component, rule, onEdit: touched }));
  if (component === "mqtt") {
    const uriRule = rules.find((rule) => rule.name === "mqttURI");
    const parts = [["host", "Host"], ["port", "Port"]].map(([part, label]) => createHostView({ store, session, part, label, uriRule, onEdit: touched }));
    fields.unshift(...parts);
  }
  const answer = h("p", { class: "hint answer" });
  const steps = createSteps();
  const save = component === "app" ? null : h("button", { type: "submit", class: "primary" }, `Save ${NOUN[component]} configuration`);
  const form = h("form", { class: "section", noValidate: true, "aria-label": title, data: { component } }, h("div", { class: "head" }, h("h3", {}, title), answer), h("div", { class: "entries" }, fields.map((field) => field.root)), steps.root);
  if (save) form.append(h("div", { class: "buttons" }, save));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (save === null || save.disabled) return;
    // What is wrong is marked in the next frame, which was asked for before this one.
    if (!(await onSave(component))) requestAnimationFrame(() => form.querySelector("[aria-invalid]")?.focus());
  });

  return {
    root: form,
    draw() {
      for (const field of fields) field.draw();
      say(answer, answered());
      answer.classList.toggle("late", isLate());
      steps.draw(state.progress[component], now());
      drawSave();
    },
  };

  function drawSave() {
    if (!save) return;
    save.parentElement.hidden = !state.isEditMode;
    guard(save, maySave());
  }

  function maySave() {
    if (!session.may("configure").allowed) return session.may("configure");
    if (!store.isDirty(component)) return { allowed: false, reason: NOTHING };
    if (state.progress[component]?.phase === "storing") return { allowed: false, reason: "It is being saved." };
    if (store.hasProblems(component)) return { allowed: false, reason: "Correct the marked fields first." };
    return { allowed: true, reason: "" };
  }

  function isLate() {
    const asked = state.asked[component];
    return Boolean(asked && !asked.answered && (asked.error || now() - asked.at > PATIENCE_MS));
  }

  function answered() {
    const asked = state.asked[component];
    if (!asked) return "";
    if (asked.answered) return `Device answered at ${clock(asked.answeredAt)}`;
    if (asked.error) return asked.error;
    if (isLate()) return `The device has not answered for ${Math.round((now() - asked.at) / 1000)} s. It may be offline; what is shown is what was stored.`;
    return "Asking the device";
  }
}

/** Stored, sent, confirmed by the device: three things that happen apart. */
function createSteps() {
  const names = ["Stored", "Sent", "Confirmed by the device"];
  const items = names.map((name) => ({ root: h("li"), text: h("span", {}, name), time: h("time") }));
  for (const item of items) item.root.append(item.text, " ", item.time);
  const list = h("ol", { class: "steps" }, items.map((item) => item.root));
  const said = h("p", { class: "said" });
  const root = h("div", { class: "progress", role: "status", hidden: true }, list, said);
  return {
    root,
    draw(progress, now) {
      root.hidden = !progress;
      if (!progress) return;
      const confirmed = progress.phase === "confirmed";
      const done = [progress.storedAt, progress.sentAt, confirmed ? progress.endedAt : null];
      items.forEach((item, index) => {
        item.root.dataset.done = done[index] ? "yes" : "no";
        say(item.time, done[index] ? clock(done[index]) : "");
      });
      root.dataset.phase = progress.phase;
      say(said, sentenceOf(progress, now));
    },
  };
}

function sentenceOf({ phase, why, startedAt }, now) {
  const waited = Math.round((now - Date.parse(startedAt)) / 1000);
  const sentences = {
    storing: "Saving.",
    stored: "Stored; not sent yet.",
    queued: "The broker is away: the order is stored and goes out when the broker is back.",
    sent: waited < 10 ? "The broker has it; the device has not confirmed yet." : `The device has not confirmed for ${waited} s. It may be offline; the order is kept.`,
    confirmed: "The device has these values in force.",
    refused: `The device refused it: ${why}`,
    unconfirmed: "The device never confirmed it. What is ordered and what it reports may differ.",
    superseded: "A newer order took its place.",
    failed: `Not saved: ${why}`,
  };
  return sentences[phase] ?? "";
}
