// The store of the cabinet page. The rules of the fields are the service's own: CMS_FIELDS names a file of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";

import { createSmibStore } from "../../page/store.js";

const rules = JSON.parse(readFileSync(process.env.CMS_FIELDS, "utf8"));
const AT = "2026-11-23T10:31:00.000Z";
const NET = { netMode: 1, netStaSSID: "Casino_WiFi", netStaPwd: "password123", netStaChan: 6 };

let store;
beforeEach(() => {
  store = createSmibStore(rules);
});

const says = (comp, values) => store.heard({ type: "config_update", component: comp, timestamp: AT, data: { rly: "e831cdfa8384", typ: "cfg", comp, ...values } });
const ordered = (config, etag = '"1"') => store.stored({ smibConfig: config }, etag);
const form = (component, name) => store.state.formData[component][name];

test("it begins as the specification's hook does", () => {
  const { isEditMode, isLoadingMqttConfig, isConnectedToMqtt, hasReceivedRealSmibData, hasConfigBeenFetched, smibConfigExpanded } = store.state;
  const flags = { isEditMode, isLoadingMqttConfig, isConnectedToMqtt, hasReceivedRealSmibData, hasConfigBeenFetched, smibConfigExpanded };
  assert.deepEqual(flags, Object.fromEntries(Object.keys(flags).map((name) => [name, false])));
});

test("what the device says fills the form, with mode and firmware in words", () => {
  says("net", NET);
  says("coms", { comsMode: 2 });
  says("app", { firmware: "smib", version: "1.2.0" });
  assert.equal(form("net", "netStaSSID"), "Casino_WiFi");
  assert.equal(form("net", "netStaChan"), "6");
  assert.equal(store.state.communicationMode, "IGT");
  assert.equal(store.state.firmwareVersion, "1.2.0");
  assert.equal(store.state.hasReceivedRealSmibData, true);
});

test("the fetched summary is kept, and serves until the device speaks", () => {
  store.fetched({ communicationMode: "sas", firmwareVersion: "1.0.0" });
  assert.equal(store.state.hasConfigBeenFetched, true);
  assert.equal(store.state.communicationMode, "sas");
  says("app", { version: "2.0.0" });
  assert.equal(store.state.firmwareVersion, "2.0.0");
});

test("what is ordered goes before what is reported", () => {
  ordered({ net: { netStaChan: 11 } });
  says("net", NET);
  assert.equal(form("net", "netStaChan"), "11");
  assert.equal(form("net", "netStaSSID"), "Casino_WiFi");
});

test("a password is never in the form that nobody typed", () => {
  ordered({ net: { netStaPwd: "***" }, mqtt: { mqttURI: "mqtt://floor:***@broker" } });
  says("net", NET);
  assert.equal(form("net", "netStaPwd"), "");
  says("mqtt", { mqttURI: "mqtt://floor:hush@broker" });
  assert.equal(form("mqtt", "mqttURI"), "mqtt://floor:***@broker");
});

test("a password in a URI that only the device told goes back with another host", () => {
  says("mqtt", { mqttURI: "mqtt://floor:hush@broker:1883" });
  assert.equal(form("mqtt", "mqttURI"), "mqtt://floor:***@broker:1883");
  store.beginEdit();
  store.edit("mqtt", "mqttURI", "mqtt://floor:***@other:1883");
  assert.deepEqual(store.edits("mqtt"), { mqttURI: "mqtt://floor:hush@other:1883" });
});

test("what is being edited survives what comes in, and says what it became meanwhile", () => {
  says("net", NET);
  store.beginEdit();
  store.edit("net", "netStaSSID", "New_WiFi");
  says("net", { ...NET, netStaSSID: "Third_WiFi", netStaChan: 9 });
  assert.equal(form("net", "netStaSSID"), "New_WiFi");
  assert.equal(form("net", "netStaChan"), "9");
  assert.equal(store.changedMeanwhile("net", "netStaSSID"), "Third_WiFi");
  assert.deepEqual(store.edits("net"), { netStaSSID: "New_WiFi" });
});

test("cancel resets to the original data, as it is by then", () => {
  says("net", NET);
  store.beginEdit();
  store.edit("net", "netStaChan", "99");
  assert.ok(store.hasProblems("net"));
  says("net", { ...NET, netStaChan: 9 });
  store.cancelEdit();
  assert.equal(form("net", "netStaChan"), "9");
  assert.equal(store.state.isEditMode, false);
  assert.equal(store.isDirty(), false);
  assert.equal(store.hasProblems("net"), false);
});

test("typed back to what it was is no change", () => {
  says("net", NET);
  store.edit("net", "netStaChan", "7");
  store.edit("net", "netStaChan", "6");
  assert.equal(store.isDirty("net"), false);
});

test("an empty secret is untouched, unless it is to be removed", () => {
  store.edit("net", "netStaPwd", "x");
  store.edit("net", "netStaPwd", "");
  assert.deepEqual(store.edits("net"), {});
  store.edit("net", "netStaPwd", "", { remove: true });
  assert.deepEqual(store.edits("net"), { netStaPwd: "" });
});

for (const [name, text, fine] of [
  ["netStaChan", "14", true],
  ["netStaChan", "15", false],
  ["netStaChan", "1.5", false],
  ["netStaChan", "", false],
  ["netStaSSID", "\u00e4".repeat(16), true],
  ["netStaSSID", "\u00e4".repeat(17), false],
  ["netStaSSID", "\u05e8\u05e9\u05ea", true],
  ["netStaSSID", "a\u0007", false],
]) {
  test(`${name} ${JSON.stringify(text)} is ${fine ? "fine" : "refused while it is typed"}`, () => {
    says("net", { ...NET, netStaChan: 3 });
    store.edit("net", name, text);
    assert.equal(store.hasProblems("net"), !fine);
  });
}

test("what the service says against a field is shown, and taken back when it says no more", () => {
  store.edit("mqtt", "mqttURI", "a b");
  store.judged("mqtt", [{ field: "smibConfig.mqtt.mqttURI", wanted: "a broker URI was wanted" }]);
  assert.equal(store.state.problems["mqtt.mqttURI"], "A broker URI was wanted.");
  store.edit("mqtt", "mqttURI", "broker");
  store.judged("mqtt", []);
  assert.equal(store.hasProblems("mqtt"), false);
});

const save = (values, sent = true) => {
  for (const [name, value] of Object.entries(values)) store.edit("net", name, String(value));
  store.storing("net", store.edits("net"), AT);
  store.saved("net", { config: { net: values }, etag: '"2"', sent, at: AT });
};

test("stored, sent and confirmed are three things", () => {
  says("net", NET);
  save({ netStaChan: 11 }, false);
  assert.equal(store.state.progress.net.phase, "queued");
  assert.equal(store.isDirty("net"), false);
  store.outbox([{ what: "net", state: "sent", sentAt: AT, detail: "" }]);
  assert.equal(store.state.progress.net.phase, "sent");
  says("net", NET);
  assert.equal(store.state.progress.net.phase, "sent", "an answer with the old value confirms nothing");
  says("net", { ...NET, netStaChan: 11 });
  assert.equal(store.state.progress.net.phase, "confirmed");
});

test("a device that confirms before the service has answered is not asked to do it again", () => {
  store.edit("net", "netStaChan", "11");
  store.storing("net", store.edits("net"), AT);
  says("net", { ...NET, netStaChan: 11 });
  store.saved("net", { config: { net: { netStaChan: 11 } }, etag: '"2"', sent: true, at: AT });
  assert.equal(store.state.progress.net.phase, "confirmed");
  assert.equal(store.state.progress.net.sentAt, AT);
});

test("a refusal of the device says why", () => {
  save({ netStaChan: 11 });
  says("net", { ...NET, err: "no such channel here" });
  assert.deepEqual([store.state.progress.net.phase, store.state.progress.net.why], ["refused", "no such channel here"]);
});

test("what the service judges otherwise than letter by letter, the outbox tells", () => {
  save({ netStaChan: 11 });
  store.outbox([{ what: "net", state: "confirmed", sentAt: AT, endedAt: AT, detail: "" }]);
  assert.equal(store.state.progress.net.phase, "confirmed");
  assert.equal(store.hasOpenOrders(), false);
});

test("nothing is lost from a save that failed", () => {
  says("net", NET);
  store.edit("net", "netStaSSID", "New_WiFi");
  store.storing("net", store.edits("net"), AT);
  store.saveFailed("net", "The CMS can't be reached.");
  assert.deepEqual(store.edits("net"), { netStaSSID: "New_WiFi" });
  assert.equal(store.state.progress.net.phase, "failed");
});

test("what is typed while it is being saved stays an edit", () => {
  store.edit("net", "netStaChan", "11");
  store.storing("net", store.edits("net"), AT);
  store.edit("net", "netStaChan", "12");
  store.saved("net", { config: { net: { netStaChan: 11 } }, etag: '"2"', sent: true, at: AT });
  assert.deepEqual(store.edits("net"), { netStaChan: 12 });
});

test("differences are those that the service found", () => {
  store.stored({ smibConfig: {}, differences: [{ component: "net", field: "netStaChan", ordered: 6, reported: 7, at: AT }] }, '"1"');
  assert.equal(store.state.differences["net.netStaChan"].reported, 7);
});

test("other messages of the device change nothing in the form", () => {
  says("net", NET);
  const before = structuredClone(store.state.formData);
  store.heard({ type: "config_update", timestamp: AT, data: { typ: "GAME_PLAYED", rly: "x" } });
  store.heard({ type: "config_update", component: "__proto__", timestamp: AT, data: { typ: "cfg", comp: "__proto__", x: 1 } });
  assert.deepEqual(store.state.formData, before);
});
