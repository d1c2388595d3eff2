// The form of the cabinet page: which fields it has, how people call them, and how text becomes a value. What a
// field may hold is not said here: the service tells, from the one table that it judges by (GET /api/fields).

export const SECTIONS = Object.freeze([
  { component: "coms", title: "Communication" },
  { component: "net", title: "Network" },
  { component: "mqtt", title: "MQTT" },
  { component: "ota", title: "Firmware update (OTA)" },
  { component: "app", title: "Firmware" },
]);
export const COMPONENTS = Object.freeze(SECTIONS.map((section) => section.component));
export const SETTABLE = Object.freeze(COMPONENTS.filter((name) => name !== "app"));

const OFF_ON = { 0: "Off", 1: "On" };
export const COMS_MODES = Object.freeze({ 0: "SAS", 1: "non-SAS", 2: "IGT" });

/** What people call a field, and what its numbers are called where they are names. */
export const LABELS = Object.freeze({
  comsMode: { label: "Communication mode", options: COMS_MODES },
  comsAddr: { label: "Address" },
  comsRateMs: { label: "Rate (ms)" },
  comsRTE: { label: "Real-time events (RTE)", options: OFF_ON },
  comsGPC: { label: "Game protocol (GPC)" },
  netMode: { label: "Network mode", options: { 0: "0", 1: "1, WiFi client" } },
  netStaSSID: { label: "WiFi network (SSID)" },
  netStaPwd: { label: "WiFi password", removed: "open network" },
  netStaChan: { label: "WiFi channel" },
  mqttSecure: { label: "TLS", options: OFF_ON },
  mqttQOS: { label: "QoS", options: { 0: "0, at most once", 1: "1, at least once", 2: "2, exactly once" } },
  mqttURI: { label: "Broker URI" },
  mqttSubTopic: { label: "Topic it listens on" },
  mqttPubTopic: { label: "Topic of its events" },
  mqttCfgTopic: { label: "Topic of its answers" },
  mqttIdleTimeS: { label: "Idle timeout (s)" },
  mqttUsername: { label: "User name" },
  mqttPassword: { label: "Password", removed: "no password" },
  otaURL: { label: "Firmware update URL" },
  firmware: { label: "Firmware name" },
  version: { label: "Firmware version" },
});

const WHOLE = /^-?\d{1,15}$/;
const CONTROL = /[\u0000-\u001f\u007f]/;
const encoder = new TextEncoder();

export const MASK = "***";

/** What a field may hold, as a sentence begins. */
export function hintOf({ wanted }) {
  return wanted.charAt(0).toUpperCase() + wanted.slice(1);
}

/** How a value stands in an input. */
export function asText(value) {
  return value === undefined || value === null ? "" : String(value);
}

/** The value that a text stands for; a number that is none stays text, for the service to refuse. */
export function asValue(rule, text) {
  return rule.type === "number" && WHOLE.test(text.trim()) ? Number(text) : text;
}

/** What can be said against a text at once, or null; what is not so simple the service says. */
export function problemOf(rule, text) {
  if (rule.low === null) return null;
  const sentence = `Wanted: ${rule.wanted}`;
  if (rule.type === "number") {
    const value = asValue(rule, text);
    return typeof value === "number" && value >= rule.low && value <= rule.high ? null : `${sentence}.`;
  }
  const size = encoder.encode(text).length;
  if (size < rule.low || size > rule.high) return `${sentence}; this has ${size} ${size === 1 ? "byte" : "bytes"}.`;
  return CONTROL.test(text) ? `${sentence}, without control characters.` : null;
}

const URI = /^((?:[a-z]+:\/\/)?(?:[^@/]*@)?)(\[[^\]]*\]|[^:/]*)(?::(\d+))?(.*)$/is;

/** Host and port of a broker URI, which the form shows as fields of their own. */
export function hostAndPort(uri) {
  const found = URI.exec(uri);
  return { host: found?.[2] ?? "", port: found?.[3] ?? "" };
}

/** `uri` with another host or port; all else stays, credentials too. */
export function withHostAndPort(uri, { host, port }) {
  const [, before = "", oldHost = "", oldPort = "", rest = ""] = URI.exec(uri) ?? [];
  const nextPort = port ?? oldPort;
  return `${before}${host ?? oldHost}${nextPort ? `:${nextPort}` : ""}${rest}`;
}
