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
    api: { request: async (_, component) => asked.push(component), smibConfigNow: async () => ({ data: { smibConfig: {} } }) },
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

/** So much later: `tick` of the test's timers counts from there, and `asked` holds what is asked from then on. */
function later(t, ms) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  clock += ms;
  asked.length = 0;
}

test("all five components are asked for once the stream is open", () => {
  assert.deepEqual(asked.sort(), ["app", "coms", "mqtt", "net", "ota"]);
});

test("a machine that speaks, and has not answered for some seconds, is asked again, and no more often than that", (t) => {
  later(t, 5_000);
  says({ typ: "evt", evt: "NETWORK_CONNECTED" });
  says({ typ: "evt", evt: "GAME_PLAYED" });
  t.mock.timers.tick(0);
  assert.deepEqual(asked.sort(), ["app", "coms", "mqtt", "net", "ota"]);
  says({ typ: "evt", evt: "GAME_PLAYED" });
  t.mock.timers.tick(3_999);
  assert.equal(asked.length, 5);
});

test("one that comes back soon after it was asked is given some seconds, and asked for what it has not answered", (t) => {
  later(t, 1_000);
  says({ typ: "evt", evt: "NETWORK_CONNECTED" });
  says({ typ: "cfg", comp: "coms" });
  t.mock.timers.tick(2_999);
  assert.deepEqual(asked, []);
  t.mock.timers.tick(1);
  assert.deepEqual(asked.sort(), ["app", "mqtt", "net", "ota"]);
});
