// The operations of the specification's hook: stream, requests and saves of one cabinet, on top of its store.

import { COMPONENTS } from "./fields.js";

const CALM_MS = 250;
const AGAIN_MS = 4_000;
const ASK_OUTBOX_MS = [250, 1_000, 3_000, 8_000, 20_000, 40_000];

/**
 * Joins `store` with `api` and the configuration stream. `onMessage` gets each frame that is no heartbeat;
 * `onProblem` a sentence.
 */
export function createSmibConfiguration({ store, api, openLine, cabinetId, onMessage, onState, onProblem, now = Date.now }) {
  let stream = null;
  let relay = null;
  let checking = new Map();
  let looking = null;
  let looks = 0;

  function connectToConfigStream(relayId) {
    disconnectFromConfigStream();
    relay = relayId;
    stream = openLine(`/api/mqtt/config/subscribe?${new URLSearchParams({ relayId })}`, {
      onFrame: take,
      onState(next) {
        store.connected(next === "live" || next === "waiting");
        onState(next);
        if (next === "waiting" && store.state.smibConfigExpanded) requestAll();
      },
    });
  }

  function take(frame) {
    store.heard(frame);
    if (frame.type === "connected" && store.state.smibConfigExpanded) requestAll();
    if (frame.type !== "config_update") return;
    onMessage(frame);
    askAgain();
    if (frame.data?.typ === "cfg") refreshSoon();
  }

  /** A frame of the floor's stream tells of this machine, while its own stream waits for a line. */
  function toldByFloor(frame) {
    if (frame.type === "config") store.answered(frame.component, frame.timestamp);
    refreshSoon();
  }

  function disconnectFromConfigStream() {
    stream?.close();
    stream = null;
  }

  async function requestLiveConfig(relayId, component) {
    askedAt = now();
    store.askedFor(component, askedAt);
    try {
      await api.request(relayId, component);
    } catch (error) {
      store.askFailed(component, error.message);
    }
  }

  let again = null;
  let askedAt = 0;

  /** A machine that says something is there: what it does not answer within some seconds it may never have heard. */
  function askAgain() {
    if (store.unanswered().length === 0) return;
    again ??= setTimeout(() => {
      again = null;
      askedAt = now();
      for (const component of store.unanswered()) api.request(relay, component).catch(() => {}); // the first request still stands
    }, Math.max(0, askedAt + AGAIN_MS - now()));
  }

  /** Asks for all five components: answers come on the stream, which must be open by then. */
  async function requestAll() {
    if (relay === null || !store.state.isConnectedToMqtt) return;
    await Promise.all(COMPONENTS.map((component) => requestLiveConfig(relay, component)));
  }

  async function fetchMqttConfig() {
    store.loading(true);
    try {
      const [summary] = await Promise.all([api.mqttConfig(cabinetId), fetchSmibConfiguration()]);
      store.fetched(summary.data);
    } finally {
      store.loading(false);
    }
  }

  async function fetchSmibConfiguration(ask = api.smibConfig) {
    const { data, etag } = await ask(cabinetId);
    store.stored(data, etag);
  }

  let refreshing = null;

  /** What differs, and what became of orders, some moments after the device said something. */
  function refreshSoon() {
    refreshing ??= setTimeout(async () => {
      refreshing = null;
      await Promise.all([fetchSmibConfiguration(api.smibConfigNow), askOutbox()]).catch((error) => onProblem(error.message));
    }, CALM_MS);
  }

  async function askOutbox() {
    if (!store.hasOpenOrders()) return;
    const { data } = await api.outbox(cabinetId);
    store.outbox(data);
  }

  /** Looks what becomes of an order that the device does not answer, less and less often. */
  function follow() {
    clearTimeout(looking);
    if (!store.hasOpenOrders() || looks >= ASK_OUTBOX_MS.length) return;
    looking = setTimeout(async () => {
      looks += 1;
      await askOutbox().catch(() => {}); // the next look, or the stream, tells
      follow();
    }, ASK_OUTBOX_MS[looks]);
  }

  /** Stores and sends what was edited of a component; false where it was refused, and then nothing is lost. */
  async function saveSection(component) {
    const values = store.edits(component);
    if (Object.keys(values).length === 0) return false;
    store.storing(component, values, stamp());
    try {
      const answer = await order(component, values);
      store.saved(component, { config: answer.data.smibConfig, etag: answer.etag, sent: answer.mqttSent, at: stamp() });
      looks = 0;
      follow();
      return true;
    } catch (error) {
      store.judged(component, error.problems ?? []);
      const clash = "Somebody else changed this cabinet meanwhile. Compare what is marked, then save again.";
      store.saveFailed(component, error.status === 409 ? clash : error.message);
      return false;
    }
  }

  /** Orders `values`. Where the cabinet changed meanwhile, but none of these fields, it is tried once more. */
  async function order(component, values) {
    const send = () => api.order(cabinetId, { smibConfig: { [component]: values } }, store.state.etag);
    try {
      return await send();
    } catch (error) {
      if (error.status !== 409) throw error;
      await fetchSmibConfiguration();
      if (Object.keys(values).some((name) => store.changedMeanwhile(component, name) !== null)) throw error;
      return send();
    }
  }

  const stamp = () => new Date(now()).toISOString();

  /** Judges what is typed, once the person pauses, by the rules of the service itself. */
  function check(component) {
    clearTimeout(checking.get(component));
    checking.set(
      component,
      setTimeout(async () => {
        const values = store.edits(component);
        if (Object.keys(values).length === 0) return;
        try {
          const { problems } = await api.check(component, values);
          const now = store.edits(component);
          const same = Object.keys(values).filter((name) => now[name] === values[name]);
          store.judged(component, problems, same);
        } catch {
          // Saving asks the service again, and says what it answers.
        }
      }, CALM_MS),
    );
  }

  return Object.freeze({
    connectToConfigStream,
    toldByFloor,
    disconnectFromConfigStream,
    requestLiveConfig,
    requestAll,
    fetchMqttConfig,
    fetchSmibConfiguration,
    saveSection,
    check,
    close() {
      disconnectFromConfigStream();
      clearTimeout(looking);
      clearTimeout(refreshing);
      clearTimeout(again);
      for (const timer of checking.values()) clearTimeout(timer);
    },
  });
}
