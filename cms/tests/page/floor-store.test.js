// The floor, folded from the frames of GET /api/events.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { BATCHES_KEPT, EVENTS_KEPT, createFloorStore } from "../../page/floor-store.js";

const AT = "2026-11-23T10:31:00.000Z";
const cabinet = (id, more = {}) => ({ id, relayId: `e831cd00000${id.slice(-1)}`, name: `Lucky ${id}`, location: "Main Floor", assetNumber: "A-1", serialNumber: "SN-77", game: "Lucky Lion", state: "online", online: true, locked: null, restarting: false, installing: false, updating: [], inStep: true, firmware: "1.0.0", lastSeen: AT, ...more });
const snapshot = (cabinets, part = 1, parts = 1) => ({ type: "snapshot", part, parts, cabinets, timestamp: AT });

let floor;
beforeEach(() => {
  floor = createFloorStore();
  floor.take(snapshot([cabinet("cab-1"), cabinet("cab-2", { location: "Vault", firmware: "0.9.4", state: "locked", locked: true, serialNumber: "SN-88" })]));
});
const shown = () => [...floor.cabinets()].filter(floor.matches).map((one) => one.id);

test("a snapshot in parts is the whole floor, and what it does not name is gone", () => {
  floor.take(snapshot([cabinet("cab-2")], 1, 2));
  assert.deepEqual(shown(), ["cab-1", "cab-2"]);
  floor.take(snapshot([cabinet("cab-3")], 2, 2));
  assert.deepEqual(shown(), ["cab-2", "cab-3"]);
});

test("changes are told once", () => {
  floor.takeChanged();
  floor.take({ type: "state", cabinet: cabinet("cab-1", { state: "offline", online: false }), timestamp: AT });
  assert.deepEqual([...floor.takeChanged()], ["cab-1"]);
  assert.deepEqual([...floor.takeChanged()], []);
  floor.take({ type: "removed", cabinetId: "cab-1", timestamp: AT });
  assert.deepEqual([...floor.takeChanged()], ["cab-1"]);
  assert.equal(floor.size, 1);
});

for (const [text, found] of [["CAB-1", ["cab-1"]], ["0002", ["cab-2"]], ["sn-88", ["cab-2"]], ["lion", ["cab-1", "cab-2"]], ["vault", ["cab-2"]], ["zebra", []]]) {
  test(`a search for ${text} finds ${found.join(" and ") || "nothing"}`, () => {
    floor.setFilter({ text });
    assert.deepEqual(shown(), found);
  });
}

test("filters by state, location and firmware hold together", () => {
  floor.setFilter({ state: "locked" });
  assert.deepEqual(shown(), ["cab-2"]);
  floor.setFilter({ location: "Main Floor" });
  assert.deepEqual(shown(), []);
  floor.setFilter({ state: "all", location: "", firmware: "1.0.0" });
  assert.deepEqual(shown(), ["cab-1"]);
});

test("counts overlap, for a locked machine is online too", () => {
  floor.take({ type: "state", cabinet: cabinet("cab-1", { inStep: false }), timestamp: AT });
  const { all, online, locked, drift } = floor.counts();
  assert.deepEqual({ all, online, locked, drift }, { all: 2, online: 2, locked: 1, drift: 1 });
  assert.equal(floor.states().locked, 1);
});

test("events are bounded, newest first", () => {
  for (let n = 0; n < EVENTS_KEPT + 5; n += 1) {
    floor.take({ type: "event", cabinetId: "cab-1", relayId: "x", event: `E${n}`, timestamp: new Date(n * 60_000).toISOString() });
  }
  assert.equal(floor.events().length, EVENTS_KEPT);
  assert.equal(floor.events()[0].event, `E${EVENTS_KEPT + 4}`);
});

test("frames that it does not know change nothing", () => {
  floor.takeChanged();
  for (const type of ["heartbeat", "toString", "__proto__", "later"]) floor.take({ type });
  assert.deepEqual([...floor.takeChanged()], []);
});

test("another store is told all that this one knows", () => {
  floor.take({ type: "event", cabinetId: "cab-1", relayId: "x", event: "GAME_WON", timestamp: AT });
  floor.take({ type: "batch", batch: { id: "b1", at: AT } });
  const other = createFloorStore();
  for (const frame of structuredClone(floor.recall())) other.take(frame);
  assert.deepEqual([...other.cabinets()], [...floor.cabinets()]);
  assert.deepEqual([other.events(), other.batches()], [floor.events(), floor.batches()]);
});

test("orders to several machines are bounded, newest first, each once", () => {
  for (let n = 0; n < BATCHES_KEPT + 3; n += 1) floor.take({ type: "batch", batch: { id: `b${n}`, at: new Date(n * 1000).toISOString(), state: "running" } });
  floor.knowBatches([{ id: "b7", at: new Date(7_000).toISOString(), state: "done" }]);
  assert.deepEqual(floor.batches().map((one) => one.id), ["b7", "b6", "b5", "b4", "b3"]);
  assert.equal(floor.batches()[0].state, "done");
});

test("what a machine says is passed on as it comes", () => {
  const heard = [];
  const forget = floor.hear((frame) => heard.push(frame.type));
  for (const type of ["event", "config", "meters", "heartbeat"]) floor.take({ type, cabinetId: "cab-1", timestamp: AT });
  forget();
  floor.take({ type: "event", cabinetId: "cab-1", timestamp: AT });
  assert.deepEqual(heard, ["event", "config", "meters"]);
});
