// The stream comes back by itself, and says when what was shown may be old.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { SILENT_MS, openStream } from "../../page/stream.js";

let sources;
let states;
let frames;
let stream;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  sources = [];
  states = [];
  frames = [];
  const make = (url) => {
    const source = { url, closed: false, close: () => (source.closed = true) };
    sources.push(source);
    return source;
  };
  stream = openStream("/api/events", { make, onFrame: (frame) => frames.push(frame), onState: (state) => states.push(state) });
});
afterEach(() => {
  stream.close();
  mock.timers.reset();
});

const comes = (text) => sources.at(-1).onmessage({ data: text });

test("it is live once the first frame came", () => {
  assert.deepEqual(states, ["connecting"]);
  comes('{"type":"connected"}');
  assert.deepEqual(states, ["connecting", "live"]);
  assert.deepEqual(frames, [{ type: "connected" }]);
});

test("an error makes it stale, and it comes back", () => {
  comes('{"type":"connected"}');
  sources[0].onerror();
  assert.equal(sources[0].closed, true);
  assert.equal(stream.state, "stale");
  mock.timers.tick(1_000);
  assert.equal(sources.length, 2);
  comes('{"type":"connected"}');
  assert.deepEqual(states, ["connecting", "live", "stale", "live"]);
});

test("silence counts as loss", () => {
  comes('{"type":"heartbeat"}');
  mock.timers.tick(SILENT_MS - 1);
  assert.equal(stream.state, "live");
  mock.timers.tick(1);
  assert.equal(stream.state, "stale");
});

test("it tries again for ever, some seconds apart", () => {
  for (let turn = 0; turn < 20; turn += 1) {
    sources.at(-1).onerror();
    mock.timers.tick(6_250);
    assert.equal(sources.length, turn + 2);
  }
});

test("what is no frame is passed over", () => {
  for (const text of ["", "nonsense", "null", "[]", "7", '{"no":"type"}']) comes(text);
  assert.deepEqual(frames, []);
  assert.equal(stream.state, "connecting");
});

test("a closed stream opens nothing more", () => {
  sources[0].onerror();
  stream.close();
  mock.timers.tick(60_000);
  assert.equal(sources.length, 1);
});
