// One event stream for all tabs of a browser (see tabs.js). The tab that holds the stream's lock reads it and passes
// every frame on; where it closes, or is not seen any more, the lock goes to another. A tab that comes later asks for
// what it missed.

import { whileSeen } from "./attention.js";
import { SILENT_MS, openStream } from "./stream.js";
import { browserTabs } from "./tabs.js";

export const STEAL_MS = 30_000;
const ASK_MS = 1_000;

/** As openStream, while the page is seen. `recall()` gives the frames that tell another tab all that this one knows. */
export function shareStream(url, { onFrame, onState, recall, tabs = browserTabs(), page, open = openStream }) {
  const channel = tabs?.channel(url);
  const me = Math.random().toString(36).slice(2);
  let stream = null; // of the tab that reads
  let turn = null; // ends the wait for the lock, or gives it back
  let knows = false; // whether this tab has been told everything once
  let fromStart = false; // whether a snapshot has been heard from its first part on
  let others = false; // whether another tab was ever heard of
  let askedAt = -Infinity;
  let state = "";
  let watch = null;

  function become(next) {
    if (state === next) return;
    state = next;
    onState(next);
  }

  function begin() {
    if (state !== "stale") become("connecting");
    if (!tabs) return read();
    wait();
    expectFrames();
    return ask();
  }

  /** Waits for its turn to read; `steal` takes it from a tab that has fallen silent. */
  function wait({ steal = false } = {}) {
    const given = new AbortController();
    let giveBack;
    const held = new Promise((done) => (giveBack = done));
    const mine = { leave: () => (given.abort(), giveBack()) };
    turn = mine;
    const granted = () => (turn === mine ? (read(), held) : undefined);
    tabs.locks.request(url, steal ? { steal } : { signal: given.signal }, granted).catch((error) => {
      if (turn !== mine) return;
      if (error.name !== "AbortError") return read(); // there are no locks: this tab reads for itself
      stopReading(); // another tab took it: this one had fallen silent
      wait();
      expectFrames();
    });
  }

  function read() {
    clearTimeout(watch);
    stream = open(url, {
      onFrame(frame) {
        knows = true;
        onFrame(frame);
        if (others) channel.postMessage({ kind: "frames", frames: [frame] });
      },
      onState(next) {
        if (next === "connecting") return; // what another tab told is known still
        become(next);
        if (others) channel.postMessage({ kind: "state", state: next });
      },
    });
  }

  function stopReading() {
    stream?.close();
    stream = null;
  }

  /** Where nothing comes any more what is shown is stale, and after a while this tab reads by itself. */
  function expectFrames() {
    clearTimeout(watch);
    watch = setTimeout(() => {
      become("stale");
      watch = setTimeout(steal, (STEAL_MS - SILENT_MS) * (1 + Math.random() / 2));
    }, SILENT_MS);
  }

  function steal() {
    turn.leave();
    wait({ steal: true });
  }

  function told({ data }) {
    others = true;
    if (turn === null) return;
    if (data.kind === "hello" && stream?.state === "live") channel.postMessage({ kind: "frames", to: data.from, frames: recall() });
    if (data.kind === "hello" || stream !== null || (data.to ?? me) !== me) return;
    expectFrames();
    if (data.kind === "frames") heard(data);
    else if (data.state === "stale" || knows) become(data.state);
  }

  function heard({ frames, to }) {
    for (const frame of frames) {
      if (frame.type === "snapshot" && frame.part === 1) fromStart = true;
      if (frame.type === "snapshot" && frame.part === frame.parts && fromStart) knows = true;
      onFrame(frame);
    }
    knows ||= to === me;
    if (knows) become("live");
    else ask();
  }

  function ask() {
    if (performance.now() - askedAt < ASK_MS) return;
    askedAt = performance.now();
    channel.postMessage({ kind: "hello", from: me });
  }

  function end() {
    stop();
    knows = fromStart = false;
    become("stale");
  }

  function stop() {
    clearTimeout(watch);
    const mine = turn;
    turn = null;
    mine?.leave();
    stopReading();
  }

  if (channel) channel.onmessage = told;
  const seen = whileSeen({ begin, end, page });
  return Object.freeze({
    close() {
      seen.close();
      stop();
      channel?.close();
    },
    /** Whether this tab is the one that reads. */
    get reads() {
      return stream !== null;
    },
  });
}
