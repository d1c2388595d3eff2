// Texts and values of the form, the REST interface's failures, and what a person may do.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, createApi } from "../../page/api.js";
import { isolated } from "../../page/dom.js";
import { hostAndPort, withHostAndPort } from "../../page/fields.js";
import { asMoney } from "../../page/meters-view.js";
import { ACTIONS, createSession } from "../../page/session.js";

for (const [uri, host, port] of [
  ["mqtt://broker:1883", "broker", "1883"],
  ["broker", "broker", ""],
  ["mqtts://floor:***@mq.example:8883", "mq.example", "8883"],
  ["ws://[::1]:9001/mqtt", "[::1]", "9001"],
  ["", "", ""],
]) {
  test(`host and port of ${uri || "nothing"}`, () => assert.deepEqual(hostAndPort(uri), { host, port }));
}

test("another host or port leaves the rest of a URI as it is", () => {
  assert.equal(withHostAndPort("mqtt://u:***@a:1883/x", { host: "b" }), "mqtt://u:***@b:1883/x");
  assert.equal(withHostAndPort("mqtt://u:***@a", { port: "8883" }), "mqtt://u:***@a:8883");
  assert.equal(withHostAndPort("a:1883", { port: "" }), "a");
});

const answering = (status, body, headers = {}) => createApi(async () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers }));

test("a failure is the service's own sentence, with its fields", async () => {
  const api = answering(400, { success: false, error: "net.netStaChan: no", problems: [{ field: "net.netStaChan", wanted: "no" }] });
  await assert.rejects(api.mqttConfig("cab-1"), (error) => error instanceof ApiError && error.status === 400 && error.message === "net.netStaChan: no." && error.problems.length === 1);
});

test("an answer that is no JSON is a sentence all the same", async () => {
  await assert.rejects(answering(502, "<h1>Bad gateway</h1>").fields(), { message: "The CMS answered 502." });
});

test("no answer at all says what to do", async () => {
  const down = createApi(async () => {
    throw new TypeError("fetch failed");
  });
  await assert.rejects(down.fields(), /can't be reached.*nothing that you typed is lost/);
  const slow = createApi(async () => {
    throw new DOMException("late", "TimeoutError");
  });
  await assert.rejects(slow.fields(), /did not answer within 15 s/);
});

test("ids go into a path as one part of it", async () => {
  const seen = [];
  const api = createApi(async (path) => {
    seen.push(path);
    return new Response("{}", { headers: { etag: '"7"' } });
  });
  assert.equal((await api.cabinet("a/b?c")).etag, '"7"');
  assert.deepEqual(seen, ["/api/cabinets/a%2Fb%3Fc"]);
});

test("a session says what one may not do, and why", () => {
  const viewer = createSession({ signInNeeded: true, user: "ann", role: "viewer", may: ["read"] });
  assert.deepEqual(viewer.may("command"), { allowed: false, reason: "A viewer may not do this: it takes the right to order." });
  assert.deepEqual(ACTIONS.filter((action) => viewer.may(action).allowed), []);
  assert.throws(() => viewer.may("fly"));
  const technician = createSession({ signInNeeded: true, user: "bo", role: "technician", may: ["read", "order", "test"] });
  assert.deepEqual(ACTIONS.filter((action) => technician.may(action).allowed), [...ACTIONS]);
});

test("a session says who it is, and to what it is limited", () => {
  assert.equal(createSession({ user: "ann", role: "viewer" }).said, "ann, viewer");
  assert.equal(createSession({ user: "bo", role: "technician", locations: ["Main Floor", "Vault"] }).said, "bo, technician, only Main Floor, Vault");
});

test("somebody has to sign in only where there are users, and nobody has", () => {
  assert.equal(createSession({ signInNeeded: true }).needed, true);
  assert.equal(createSession({ signInNeeded: true, user: "ann" }).needed, false);
  assert.equal(createSession({ signInNeeded: false }).needed, false);
});

test("a session that ended is told of, a sign-in that failed is not", async () => {
  let ended = 0;
  const api = createApi(async () => new Response("{}", { status: 401 }), () => (ended += 1));
  await assert.rejects(api.signIn("ann", "wrong"));
  assert.equal(ended, 0);
  await assert.rejects(api.fields());
  assert.equal(ended, 1);
});

test("credits are shown as what they are worth, to the cent and however many there are", () => {
  const credits = (value, worth) => asMoney({ value, unit: "credits" }, worth).replaceAll(/[^0-9]/g, "|");
  assert.equal(credits(123456, ""), "123|456");
  assert.equal(credits(123456, "0.01"), "1|234|56");
  assert.equal(credits(3, "0.25"), "0|75");
  assert.equal(credits(9_999_999_999, "5.00"), "49|999|999|995|00");
  assert.equal(asMoney({ value: 7, unit: "games" }, "0.25"), "7");
});

test("a name that is written from right to left, or turns what follows, leaves the sentence in order", () => {
  assert.equal(isolated("Lucky Löwe 場 12"), "Lucky Löwe 場 12");
  for (const name of ["\u05e8\u05e9\u05ea 1", "\u0627\u0644", "a\u202eb", "\u{1e900}"]) assert.equal(isolated(name), `\u2068${name}\u2069`);
});
