// One cabinet: the specification's Cabinet Details page.

import { createConfigView } from "./config-view.js";
import { confirm } from "./dialog.js";
import { clock, h, isolated, perFrame, say } from "./dom.js";
import { createEventsView } from "./events-view.js";
import { STATES, saidIn } from "./floor-store.js";
import { createHistoryView } from "./history-view.js";
import { createMachineView } from "./machine-view.js";
import { createMetersView } from "./meters-view.js";
import { createSmibConfiguration } from "./smib-configuration.js";
import { createSmibStore } from "./store.js";

const EVENTS_KEPT = 60;
const LINK = { connecting: "Connecting to this SMIB's stream", live: "This SMIB: live", waiting: "Followed by the floor's stream", stale: "Stale" };
const FACTS = { id: "Cabinet", relayId: "SMIB", location: "Location", game: "Game", serialNumber: "Serial number", assetNumber: "Asset number", firmware: "Firmware", lastSeen: "Last seen" };

export async function createCabinetView({ api, floor, session, notices, openLine }, id) {
  const [{ data: cabinet }, { data: rules }] = await Promise.all([api.cabinet(id), api.fields()]);
  const name = cabinet.name || cabinet.id;
  const store = createSmibStore(rules);
  let events = floor.events().filter((frame) => frame.cabinetId === id).map((frame) => line(saidIn(frame), frame.pyd, frame));
  let staleSince = null;

  const state = h("span", { class: "word" });
  const badge = h("span", { class: "badge", hidden: true }, "Out of step");
  const link = h("p", { class: "link", role: "status", data: { state: "connecting" } }, LINK.connecting);
  const banner = h("p", { class: "banner", role: "alert", hidden: true });
  const facts = Object.fromEntries(Object.keys(FACTS).map((key) => [key, h("bdi")]));
  const resync = h("button", { type: "button", hidden: true, on: { click: orderAgain } }, "Order again what differs");
  const eventsView = createEventsView({ title: "Events of this machine", entries: () => events, empty: "Nothing came since this page was opened." });
  const history = createHistoryView({ api, session, notices, cabinet, onRolledBack: refresh });
  const smib = createSmibConfiguration({ store, api, openLine, cabinetId: id, onMessage: heard, onState: linkIs, onProblem: (sentence) => notices.show(sentence) });
  const machine = createMachineView({ session, machine: () => ({ name, id, location: cabinet.location }), order: (command) => api.order(id, { machineControl: command }) });
  const config = createConfigView({ store, session, rules, onExpand: expand, onAskAgain: () => smib.requestAll(), onSave: save, onEdit: (component) => smib.check(component) });

  const meters = createMetersView({ api, floor, notices, cabinet });

  const mark = h("p", { class: "state place-state" }, h("span", { class: "mark", "aria-hidden": "true" }), state, " ", badge);
  const head = h("header", { class: "cabinet-head" }, h("p", {}, h("a", { href: "#/" }, "Floor")), h("h1", {}, h("bdi", {}, name)), h("div", { class: "head" }, mark, link));
  const list = h("dl", { class: "facts" }, Object.entries(FACTS).map(([key, label]) => h("div", {}, h("dt", {}, label), h("dd", {}, facts[key]))));
  const root = h("div", { class: "cabinet" }, head, banner, h("div", { class: "split" }, machine.root, h("div", { class: "stack" }, h("section", { class: "card", "aria-label": "What it is" }, list, resync), config.root, history.root), h("aside", { class: "beside", "aria-label": "Meters and events" }, meters.root, eventsView.root)));

  const draw = perFrame(() => {
    drawFacts();
    config.draw();
    eventsView.draw();
  });

  function drawFacts() {
    const live = floor.cabinet(id);
    const known = { ...cabinet, ...live };
    const now = live?.state ?? (cabinet.online ? "online" : "offline");
    mark.dataset.state = now;
    say(state, STATES[now] ?? now);
    const apart = Object.keys(store.state.differences).length;
    badge.hidden = apart === 0 && live?.inStep !== false;
    resync.hidden = apart === 0;
    resync.disabled = !session.may("configure").allowed;
    for (const key of Object.keys(FACTS)) say(facts[key], factText(key, known));
  }

  function factText(key, known) {
    if (key === "firmware") return store.state.firmwareVersion || known.firmware || "not known";
    if (key === "lastSeen") return known.lastSeen ? clock(known.lastSeen) : "not since the CMS started";
    return String(known[key] ?? "") || "not recorded";
  }

  function heard({ data, component, timestamp }) {
    const what = component ? `${data.err ? "refused" : "reported"} ${component}` : String(data.typ ?? "message");
    note(what, data.err ?? data.pyd, { timestamp });
    machine.heard(data.typ, timestamp);
  }

  function note(what, detail, frame) {
    events = [line(what, detail, frame), ...events.slice(0, EVENTS_KEPT - 1)];
    draw();
  }

  /** While its own stream waits for a line, the floor's tells what this machine does, but no values. */
  function heardByFloor(frame) {
    if (frame.cabinetId !== id || link.dataset.state !== "waiting") return;
    smib.toldByFloor(frame);
    note(saidIn(frame), frame.pyd, frame);
    machine.heard(frame.event, frame.timestamp);
  }

  function linkIs(next) {
    link.dataset.state = next;
    root.dataset.link = next;
    if (next === "stale") staleSince ??= store.state.lastFrameAt ?? new Date().toISOString();
    else if (next === "live") staleSince = null;
    say(link, next === "stale" ? `Stale since ${clock(staleSince)}` : LINK[next]);
    banner.hidden = next !== "stale";
    say(banner, next === "stale" ? `The connection to the CMS is lost: what is shown is as of ${clock(staleSince)}. Reconnecting by itself; what you typed is kept.` : "");
  }

  function expand(yes) {
    store.expanded(yes);
    if (yes) smib.requestAll();
  }

  async function save(component) {
    const saved = await smib.saveSection(component);
    history.refresh();
    return saved;
  }

  async function refresh() {
    await smib.fetchMqttConfig().catch((error) => notices.show(error.message));
    history.refresh();
  }

  async function orderAgain() {
    const fields = Object.keys(store.state.differences).join(", ");
    if (!(await confirm({ title: `Order again for ${isolated(name)}?`, text: `${isolated(name)} (${id}) reports something else than ordered: ${fields}. What is stored is sent again.`, yes: "Order again" }))) return;
    try {
      const answer = await api.resync(id);
      notices.show(answer.mqttSent ? `Sent again: ${answer.components.join(", ")}.` : "Stored; it goes out when the broker is back.", "info");
    } catch (error) {
      notices.show(error.message);
    }
  }

  const forget = [store.listen(draw), floor.listen(draw), floor.hear(heardByFloor)];
  const ticking = setInterval(() => {
    machine.tick();
    draw();
  }, 1_000);
  const warn = (event) => store.isDirty() && event.preventDefault();
  addEventListener("beforeunload", warn);
  smib.connectToConfigStream(cabinet.relayId);
  await refresh();
  draw();

  return {
    root,
    title: name,
    unsaved: () => (store.isDirty() ? `What you typed for ${isolated(name)} is not saved.` : ""),
    close() {
      smib.close();
      meters.close();
      clearInterval(ticking);
      removeEventListener("beforeunload", warn);
      for (const stop of forget) stop();
    },
  };
}

function line(what, detail, { timestamp }) {
  return { time: clock(timestamp), who: "", what, detail: String(detail ?? "") };
}
