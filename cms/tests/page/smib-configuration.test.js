// What the cabinet page asks a machine, and when it asks again. CMS_FIELDS names a file of the service's rules.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";

import { createSmibConfiguration } from "../../page/smib-configuration.js";
import { createSmibStore } from "../../page/store.js";

const rules = JSON.parse(readFileSync(process.env.CMS_FIELDS, "utf8"));
const RELAY = "e831cdfa8384";

let asked;
let clock;
let line;

beforeEach(() => {
  asked = [];
  clock = 1_000_000;
  const store = createSmibStore(rules);
  const smib = createSmibConfiguration({
    store,
    cabinetId: "cab-1",
    api: { request: async (_, component) => asked.push(component) },
    openLine: (_, handlers) => (line = handlers),
    onMessage() {},
    onState() {},
    onProblem: assert.fail,
    now: () => clock,
  });
  store.expanded(true);
  smib.connectToConfigStream(RELAY);
  line.onState("live");
  line.onFrame({ type: "connected", timestamp: "2026-11-23T10:31:00.000Z" });
});

function says(values) {
  line.onFrame({ type: "config_update", component: values.comp, timestamp: "2026-11-23T10:31:05.000Z", data: { rly: RELAY, ...values } });
}

test("all five components are asked for once the stream is open", () => {
  assert.deepEqual(asked.sort(), ["app", "coms", "mqtt", "net", "ota"]);
});

test("a machine that speaks, and has not answered for some seconds, is asked again, and no more often than that", () => {
  clock += 5_000;
  asked.length = 0;
  says({ typ: "evt", evt: "NETWORK_CONNECTED" });
  says({ typ: "evt", evt: "GAME_PLAYED" });
  assert.deepEqual(asked.sort(), ["app", "coms", "mqtt", "net", "ota"]);
});

test("it is given some seconds to answer first", () => {
  clock += 1_000;
  asked.length = 0;
  says({ typ: "evt", evt: "NETWORK_CONNECTED" });
  assert.deepEqual(asked, []);
});
