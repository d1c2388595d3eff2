// The state of one cabinet's configuration, as the specification's hook has it: what the form shows, what it is
// reset to, and what is known of stream and device. Pure: no DOM, no network, no clock.

import { COMPONENTS, COMS_MODES, MASK, SETTABLE, asText, asValue, problemOf } from "./fields.js";

/** Where an order is on its way to the device. The last five end it. */
export const PHASES = Object.freeze(["storing", "stored", "queued", "sent", "confirmed", "refused", "unconfirmed", "superseded", "failed"]);
const OPEN = new Set(["storing", "stored", "queued", "sent"]);
const OUTBOX = { confirmed: "confirmed", refused: "refused", unconfirmed: "unconfirmed", superseded: "superseded", failed: "failed", sent: "sent" };

const perComponent = (make) => Object.fromEntries(COMPONENTS.map((name) => [name, make(name)]));

/** `rules` maps each component to its fields, as GET /api/fields tells them. */
export function createSmibStore(rules) {
  const state = {
    formData: perComponent(() => ({})),
    originalData: perComponent(() => ({})),
    mqttConfigData: null,
    smibConfigExpanded: false,
    isEditMode: false,
    isLoadingMqttConfig: false,
    isConnectedToMqtt: false,
    hasReceivedRealSmibData: false,
    hasConfigBeenFetched: false,
    communicationMode: "",
    firmwareVersion: "",
    etag: null,
    ordered: {},
    reported: perComponent(() => ({})),
    reportedAt: {},
    differences: {},
    asked: {},
    problems: {},
    progress: {},
    lastFrameAt: null,
  };
  const edited = new Map(); // field -> what it was when the person began to type
  const listeners = new Set();
  const ruleOf = Object.fromEntries(COMPONENTS.map((name) => [name, new Map(rules[name].map((rule) => [rule.name, rule]))]));

  /** What the form shows of a field that nobody edits: what was ordered, else what the device has. */
  function known(component, rule) {
    const ordered = state.ordered[component]?.[rule.name];
    const value = ordered ?? state.reported[component][rule.name];
    if (rule.secret) return "";
    return rule.name === "mqttURI" ? withoutPassword(asText(value)) : asText(value);
  }

  function settle() {
    for (const component of COMPONENTS) {
      for (const rule of rules[component]) {
        const text = known(component, rule);
        state.originalData[component][rule.name] = text;
        if (!edited.has(`${component}.${rule.name}`)) state.formData[component][rule.name] = text;
      }
    }
    const mode = state.reported.coms.comsMode ?? state.ordered.coms?.comsMode;
    state.communicationMode = mode === undefined ? (state.mqttConfigData?.communicationMode ?? "") : (COMS_MODES[mode] ?? asText(mode));
    state.firmwareVersion = asText(state.reported.app.version ?? state.mqttConfigData?.firmwareVersion);
  }

  function change(act) {
    act();
    settle();
    for (const listener of listeners) listener(state);
  }

  function forget(component) {
    for (const rule of rules[component]) {
      edited.delete(`${component}.${rule.name}`);
      delete state.problems[`${component}.${rule.name}`];
    }
  }

  function edits(component) {
    const names = rules[component].map((rule) => rule.name).filter((name) => edited.has(`${component}.${name}`));
    return Object.fromEntries(names.map((name) => [name, asValue(ruleOf[component].get(name), asTyped(component, name))]));
  }

  /** A password that only the device has told can't be meant by a mask: the service does not know it. */
  function asTyped(component, name) {
    const text = state.formData[component][name];
    if (name !== "mqttURI" || state.ordered.mqtt?.mqttURI !== undefined || !text.includes(`:${MASK}@`)) return text;
    const password = CREDENTIALS.exec(asText(state.reported.mqtt.mqttURI))?.[2];
    return password === undefined ? text : text.replace(`:${MASK}@`, () => `:${password}@`);
  }

  /** Whether the device's own words are the whole of an order; what is spelled otherwise the service judges. */
  function confirms(values, data) {
    return Object.entries(values).every(([name, value]) => data[name] === value || (ruleOfName(name)?.secret && (data[name] === MASK || !(name in data))));
  }

  function ruleOfName(name) {
    return COMPONENTS.map((component) => ruleOf[component].get(name)).find(Boolean);
  }

  function noteAnswer(component, at) {
    if (state.asked[component]) Object.assign(state.asked[component], { answered: true, answeredAt: at });
  }

  function settleOrder(component, data, at) {
    const progress = state.progress[component];
    if (!progress || !OPEN.has(progress.phase)) return;
    if (data.err !== undefined) Object.assign(progress, { phase: "refused", endedAt: at, why: asText(data.err) });
    else if (confirms(progress.values, data)) Object.assign(progress, { phase: "confirmed", endedAt: at });
  }

  return Object.freeze({
    state,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    expanded: (yes) => change(() => (state.smibConfigExpanded = yes)),
    loading: (yes) => change(() => (state.isLoadingMqttConfig = yes)),
    connected: (yes) => change(() => (state.isConnectedToMqtt = yes)),

    /** The service's summary (GET /api/mqtt/config) came. */
    fetched: (summary) => change(() => Object.assign(state, { mqttConfigData: summary, hasConfigBeenFetched: true })),

    /** What was ordered, and what the device was last known to report (GET …/smib-config). */
    stored({ smibConfig, reported = {}, differences = [] }, etag) {
      change(() => {
        state.ordered = smibConfig;
        state.etag = etag;
        state.differences = Object.fromEntries(differences.map((one) => [`${one.component}.${one.field}`, one]));
        for (const [component, fields] of Object.entries(reported)) {
          if (state.reportedAt[component] || !(component in state.reported)) continue; // the device itself has said more
          for (const [name, { value }] of Object.entries(fields)) state.reported[component][name] = value;
        }
      });
    },

    /** A component was asked for; `at` in milliseconds. */
    askedFor: (component, at) => change(() => (state.asked[component] = { at, answered: false, error: "" })),
    askFailed: (component, error) => change(() => (state.asked[component] = { ...state.asked[component], error })),

    /** The components that were asked for, with no answer yet. */
    unanswered: () => COMPONENTS.filter((one) => state.asked[one] && !state.asked[one].answered),

    /** The device answered, but what it said was told to others. */
    answered(component, at) {
      change(() => {
        noteAnswer(component, at);
        delete state.reportedAt[component]; // the service knows more of it now than this page
      });
    },

    /** A frame of the configuration stream came. */
    heard(frame) {
      change(() => {
        state.lastFrameAt = frame.timestamp ?? state.lastFrameAt;
        const { component, data } = frame;
        if (frame.type !== "config_update" || data?.typ !== "cfg" || !COMPONENTS.includes(component)) return;
        state.hasReceivedRealSmibData = true;
        state.reportedAt[component] = frame.timestamp;
        const { rly, typ, comp, err, ...values } = data;
        state.reported[component] = values;
        noteAnswer(component, frame.timestamp);
        settleOrder(component, data, frame.timestamp);
      });
    },

    beginEdit: () => change(() => (state.isEditMode = true)),
    cancelEdit() {
      change(() => {
        state.isEditMode = false;
        edited.clear();
        state.problems = {};
      });
    },

    /** A person typed. `remove` says that an empty secret is meant, and not an untouched one. */
    edit(component, name, text, { remove = false } = {}) {
      change(() => {
        const key = `${component}.${name}`;
        const rule = ruleOf[component].get(name);
        state.formData[component][name] = text;
        const untouched = rule.secret ? text === "" && !remove : text === state.originalData[component][name];
        if (untouched) edited.delete(key);
        else if (!edited.has(key)) edited.set(key, state.originalData[component][name]);
        const problem = untouched || remove ? null : problemOf(rule, text);
        if (problem) state.problems[key] = problem;
        else delete state.problems[key];
      });
    },

    /** The service's judgement of a component: [{field, wanted}], fields with or without their path. */
    judged(component, problems, names = Object.keys(edits(component))) {
      change(() => {
        const found = new Map(problems.map((one) => [one.field.split(".").at(-1), one.wanted]));
        for (const name of names) {
          const key = `${component}.${name}`;
          if (found.has(name)) state.problems[key] = sentence(found.get(name));
          else if (!problemOf(ruleOf[component].get(name), state.formData[component][name])) delete state.problems[key];
        }
      });
    },

    edits,
    isEdited: (component, name) => edited.has(`${component}.${name}`),
    /** What a field has become since somebody began to edit it here, null where it is still the same. */
    changedMeanwhile(component, name) {
      const before = edited.get(`${component}.${name}`);
      const now = state.originalData[component][name];
      return before === undefined || before === now ? null : now;
    },
    isDirty: (component) => (component ? Object.keys(edits(component)).length > 0 : edited.size > 0),
    hasProblems: (component) => Object.keys(state.problems).some((key) => key.startsWith(`${component}.`)),

    storing: (component, values, at) => change(() => (state.progress[component] = { phase: "storing", values, startedAt: at })),

    /** The order is stored; `sent` says that the broker has it. What was typed meanwhile stays an edit. */
    saved(component, { config, etag, sent, at }) {
      change(() => {
        const progress = state.progress[component];
        state.ordered = config;
        state.etag = etag;
        if (OPEN.has(progress.phase)) progress.phase = sent ? "sent" : "queued";
        Object.assign(progress, { storedAt: at, sentAt: sent ? at : null });
        for (const [name, value] of Object.entries(progress.values)) {
          const now = asValue(ruleOf[component].get(name), asTyped(component, name));
          if (now === value) edited.delete(`${component}.${name}`);
        }
      });
    },
    saveFailed: (component, why) => change(() => Object.assign(state.progress[component], { phase: "failed", why })),

    /** What the outbox says of the orders of this cabinet, newest first. */
    outbox(entries) {
      change(() => {
        for (const component of SETTABLE) {
          const progress = state.progress[component];
          const entry = entries.find((one) => one.what === component);
          if (!progress || !entry || !OPEN.has(progress.phase) || !(entry.state in OUTBOX)) continue;
          Object.assign(progress, { phase: OUTBOX[entry.state], sentAt: progress.sentAt ?? entry.sentAt, why: entry.detail });
          if (entry.endedAt) progress.endedAt = entry.endedAt;
        }
      });
    },
    hasOpenOrders: () => SETTABLE.some((name) => OPEN.has(state.progress[name]?.phase)),
    reset: (component) => change(() => forget(component)),
  });
}

const CREDENTIALS = /^((?:[a-z]+:\/\/)?[^:@/]*):([^@]*)@/i;

/** A URI as it may be shown to anybody. */
export function withoutPassword(uri) {
  return uri.replace(CREDENTIALS, (_, before) => `${before}:${MASK}@`);
}

function sentence(text) {
  const said = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}
