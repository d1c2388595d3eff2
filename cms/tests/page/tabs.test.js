// Several tabs of one browser: one reads the floor for all, and few streams of single SMIBs are open at once.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { UNSEEN_MS } from "../../page/attention.js";
import { LINES, UNSEEN_MS as LINE_UNSEEN_MS, openLine } from "../../page/line.js";
import { STEAL_MS, shareStream } from "../../page/shared-stream.js";
import { SILENT_MS } from "../../page/stream.js";

/** The locks and channels of one browser, as far as the page needs them. */
function browser() {
  const queues = new Map();
  const channels = new Set();
  const aborted = () => Object.assign(new Error("aborted"), { name: "AbortError" });

  async function serve(name) {
    const queue = queues.get(name);
    const next = queue[0];
    if (!next || next.running) return;
    next.running = true;
    next.done(await Promise.race([Promise.resolve().then(next.granted), next.robbed]).catch((error) => next.failed(error)));
    queue.splice(queue.indexOf(next), 1);
    serve(name);
  }

  return {
    locks: {
      request(name, { signal, steal }, granted) {
        if (!queues.has(name)) queues.set(name, []);
        const queue = queues.get(name);
        return new Promise((done, failed) => {
          const entry = { granted, done, failed };
          entry.robbed = new Promise((_, rob) => (entry.rob = () => rob(aborted())));
          entry.robbed.catch(() => {});
          if (steal) queue.splice(0, 1).forEach((one) => one.rob());
          queue[steal ? "unshift" : "push"](entry);
          signal?.addEventListener("abort", () => {
            if (entry.running) return;
            if (queue.includes(entry)) queue.splice(queue.indexOf(entry), 1);
            failed(aborted());
          });
          serve(name);
        });
      },
    },
    channel(name) {
      const one = { name, onmessage: null, close: () => channels.delete(one) };
      one.postMessage = (data) => {
        for (const other of channels) if (other !== one && other.name === name) queueMicrotask(() => channels.has(other) && other.onmessage({ data: structuredClone(data) }));
      };
      channels.add(one);
      return one;
    },
  };
}

function attention() {
  const page = { visible: true, seen: () => page.visible, listen: (listener) => (page.look = listener), forget: () => {} };
  return page;
}

let tabs;
let opened;
let open;
let closers;
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  tabs = browser();
  opened = [];
  closers = [];
  open = (url, { onFrame, onState }) => {
    const stream = { url, closed: false, state: "connecting", close: () => (stream.closed = true), onFrame, onState };
    stream.live = (...frames) => {
      stream.state = "live";
      onState("live");
      frames.forEach(onFrame);
    };
    opened.push(stream);
    onState("connecting");
    return stream;
  };
});
afterEach(() => {
  for (const close of closers) close();
  mock.timers.reset();
});

function tab() {
  const one = { frames: [], states: [], page: attention() };
  one.stream = shareStream("/api/events", { tabs, open, page: one.page, recall: () => [{ type: "snapshot", part: 1, parts: 1, cabinets: one.frames.length }], onFrame: (frame) => one.frames.push(frame), onState: (state) => one.states.push(state) });
  closers.push(() => one.stream.close());
  return one;
}

const SNAPSHOT = { type: "snapshot", part: 1, parts: 1, cabinets: 0 };
const EVENT = { type: "event", event: "GAME_PLAYED" };
const reading = () => opened.filter((one) => !one.closed);

async function beats(ms) {
  for (let gone = 0; gone < ms; gone += 5_000) {
    mock.timers.tick(5_000);
    await settle();
    reading().at(-1)?.onFrame({ type: "heartbeat" });
    await settle();
  }
}

test("one tab reads, and all see what comes", async () => {
  const [one, two, three] = [tab(), tab(), tab()];
  await settle();
  assert.equal(opened.length, 1);
  opened[0].live(SNAPSHOT, EVENT);
  await settle();
  for (const each of [one, two, three]) assert.deepEqual([each.frames, each.states], [[SNAPSHOT, EVENT], ["connecting", "live"]]);
});

test("a tab that comes later is told what it missed, and the others are not", async () => {
  const one = tab();
  await settle();
  opened[0].live(SNAPSHOT, EVENT);
  const two = tab();
  await settle();
  assert.deepEqual(two.frames, [{ ...SNAPSHOT, cabinets: 2 }]);
  assert.equal(two.states.at(-1), "live");
  assert.equal(one.frames.length, 2);
});

test("a tab that heard half a snapshot asks for all of it", async () => {
  const one = tab();
  await settle();
  opened[0].live({ ...SNAPSHOT, parts: 2 });
  one.frames.length = 0;
  const two = tab();
  opened[0].onFrame({ ...SNAPSHOT, part: 2, parts: 2 });
  await settle();
  assert.equal(two.states.at(-1), "live");
  assert.equal(two.frames.filter((frame) => frame.part === 1).length, 1);
});

test("where the tab that reads is closed, another takes its place", async () => {
  const [one, two] = [tab(), tab()];
  await settle();
  opened[0].live(SNAPSHOT);
  await settle();
  one.stream.close();
  await settle();
  assert.deepEqual([opened[0].closed, reading().length, two.stream.reads], [true, 1, true]);
  assert.deepEqual(two.states, ["connecting", "live"], "what it shows is still right");
  opened[1].live(SNAPSHOT, EVENT);
  assert.deepEqual(two.frames.at(-1), EVENT);
});

test("what the stream is like is known in every tab", async () => {
  const two = (tab(), tab());
  await settle();
  opened[0].live(SNAPSHOT);
  opened[0].onState("stale");
  await settle();
  opened[0].live(EVENT);
  await settle();
  assert.deepEqual(two.states, ["connecting", "live", "stale", "live"]);
});

test("a tab that reads and falls silent is passed by", async () => {
  const [one, two] = [tab(), tab()];
  await settle();
  opened[0].live(SNAPSHOT);
  await settle();
  mock.timers.tick(SILENT_MS);
  assert.equal(two.states.at(-1), "stale");
  mock.timers.tick(STEAL_MS);
  await settle();
  assert.deepEqual([opened[0].closed, reading().length, one.stream.reads, two.stream.reads], [true, 1, false, true]);
});

test("a tab that nobody sees lets another read, and has all of it again when it is seen", async () => {
  const [one, two] = [tab(), tab()];
  await settle();
  opened[0].live(SNAPSHOT);
  one.page.visible = false;
  one.page.look();
  await beats(UNSEEN_MS - 5_000);
  assert.equal(one.stream.reads, true);
  one.page.visible = true;
  one.page.look();
  await beats(UNSEEN_MS + 5_000);
  assert.equal(one.stream.reads, true, "it was looked at");
  one.page.visible = false;
  one.page.look();
  await beats(UNSEEN_MS + 5_000);
  await settle();
  assert.deepEqual([one.states.at(-1), one.stream.reads, two.stream.reads], ["stale", false, true]);
  opened[1].live(SNAPSHOT);
  one.page.visible = true;
  one.page.look();
  await settle();
  assert.equal(one.states.at(-1), "live");
  assert.equal(reading().length, 1);
});

test("a browser without locks has a stream for each tab", async () => {
  tabs = null;
  tab();
  tab();
  assert.equal(opened.length, 2);
});

function line(number) {
  const one = { states: [], page: attention() };
  one.line = openLine(`/line/${number}`, { tabs, open, page: one.page, onFrame() {}, onState: (state) => one.states.push(state) });
  closers.push(() => one.line.close());
  return one;
}

test("of the lines to single SMIBs a few are open, and who comes later waits", async () => {
  const all = Array.from({ length: LINES + 2 }, (_, number) => line(number));
  await settle();
  mock.timers.tick(1_000);
  assert.equal(reading().length, LINES);
  assert.deepEqual(all.map((one) => one.states.at(-1)), [...Array(LINES).fill("connecting"), "waiting", "waiting"]);
  all[0].line.close();
  await settle();
  assert.deepEqual([reading().length, all[LINES].states.at(-1), all[LINES + 1].states.at(-1)], [LINES, "connecting", "waiting"]);
});

test("a line is given up where nobody looks", async () => {
  const all = Array.from({ length: LINES + 1 }, (_, number) => line(number));
  await settle();
  all[1].page.visible = false;
  all[1].page.look();
  mock.timers.tick(LINE_UNSEEN_MS);
  await settle();
  assert.deepEqual([all[1].states.at(-1), opened[1].closed, all[LINES].states.at(-1)], ["stale", true, "connecting"]);
  all[1].page.visible = true;
  all[1].page.look();
  await settle();
  mock.timers.tick(1_000);
  assert.equal(all[1].states.at(-1), "waiting");
});

test("a page that is opened where nobody sees it opens nothing", async () => {
  const page = { ...attention(), seen: () => false };
  closers.push(shareStream("/api/events", { tabs, open, page, recall: () => [], onFrame() {}, onState() {} }).close);
  closers.push(openLine("/line", { tabs, open, page, onFrame() {}, onState() {} }).close);
  await settle();
  assert.equal(opened.length, 0);
});
