// The specification's test page, built in: connect, publish, subscribe, through the CMS, which alone has the
// broker's password.

import { clock, guard, h, say } from "./dom.js";

const KEPT = 200;

export function createConsoleView({ api, floor, session, openLine }) {
  const may = session.may("test");
  const first = [...floor.cabinets()][0];
  const relays = h("datalist", { id: "relays" }, [...floor.cabinets()].map((one) => h("option", { value: one.relayId }, one.name || one.id)));
  const relay = h("input", { id: "relay", value: first?.relayId ?? "", autocomplete: "off", spellcheck: false });
  relay.setAttribute("list", relays.id);
  const message = h("textarea", { id: "message", rows: 4, spellcheck: false, placeholder: '{"typ":"cfg","comp":"net"}' });
  const connect = h("button", { type: "button", on: { click: () => run("connect") } }, "Connect");
  const publish = h("button", { type: "button", class: "primary", on: { click: () => run("publish") } }, "Publish");
  const subscribe = h("button", { type: "button", on: { click: toggleStream } }, "Subscribe");
  const clear = h("button", { type: "button", class: "quiet", on: { click: () => rows.replaceChildren() } }, "Clear");
  const status = h("p", { class: "hint", role: "status" }, may.allowed ? "Nothing was tried yet." : may.reason);
  const rows = h("tbody");
  let stream = null;
  let topics = {};
  for (const button of [connect, publish, subscribe]) guard(button, may);

  const table = h("table", { class: "messages" }, h("caption", { class: "unseen" }, "Messages"), h("thead", {}, h("tr", {}, ["Time", "", "Topic", "Message"].map((text) => h("th", { scope: "col" }, text || h("span", { class: "unseen" }, "Direction"))))), rows);
  const root = h(
    "div",
    { class: "console" },
    h("h1", {}, "Console"),
    h("section", { class: "card stack", "aria-label": "Try the broker" }, h("div", { class: "tools" }, h("label", { class: "field grow" }, h("span", {}, "SMIB (relay id)"), relay), connect, subscribe), relays, h("label", { class: "field" }, h("span", {}, "Message, as it goes to the SMIB; empty sends a probe that no device answers"), message), h("div", { class: "buttons" }, publish, clear), status),
    h("section", { class: "card scroll", tabIndex: 0, "aria-label": "Messages" }, table),
  );

  async function run(action) {
    const relayId = relay.value.trim();
    const text = message.value;
    const body = { action, relayId, ...(action === "publish" && text ? { message: text } : {}) };
    try {
      const answer = await api.test(body);
      say(status, answer.messages.at(-1));
      if (action === "publish") add(answer.timestamp, "sent", answer.topic, answer.publishedMessage);
      return answer;
    } catch (error) {
      say(status, error.message);
      return null;
    }
  }

  async function toggleStream() {
    if (stream) return stop();
    const answer = await run("subscribe");
    if (!answer) return undefined;
    topics = await answerTopics(answer);
    say(subscribe, "Unsubscribe");
    relay.disabled = true;
    stream = openLine(`/api/mqtt/config/subscribe?${new URLSearchParams({ relayId: answer.relayId })}`, {
      onFrame: (frame) => frame.type === "config_update" && add(frame.timestamp, "received", frame.component ? topics.answers : topics.events, JSON.stringify(frame.data)),
      onState: (state) => say(status, { connecting: "Subscribing.", live: `Subscribed to what ${answer.relayId} sends.`, stale: "The stream is lost; reconnecting.", waiting: "Other tabs have all the lines to single SMIBs; this one waits until one is closed." }[state]),
    });
    return undefined;
  }

  /** Where this device says that it answers, and sends its events: its own settings name the topics. */
  async function answerTopics({ relayId, topic }) {
    const known = [...floor.cabinets()].find((one) => one.relayId === relayId);
    const summary = known ? await api.mqttConfig(known.id).then((answer) => answer.data).catch(() => ({})) : {};
    const whole = (text, other) => (text ? (text.endsWith("/") ? text + relayId : text) : other);
    return { answers: whole(summary.mqttCfgTopic, "configuration topic"), events: whole(summary.mqttPubTopic, topic) };
  }

  function stop() {
    stream?.close();
    stream = null;
    relay.disabled = false;
    say(subscribe, "Subscribe");
    say(status, "Unsubscribed.");
  }

  function add(timestamp, direction, topic, text) {
    const row = h("tr", { data: { direction } }, h("td", {}, h("time", {}, clock(timestamp))), h("td", {}, direction), h("td", {}, topic), h("td", {}, h("bdi", {}, text ?? "")));
    rows.prepend(row);
    while (rows.children.length > KEPT) rows.lastChild.remove();
  }

  return { root, title: "Console", close: () => stream?.close() };
}
