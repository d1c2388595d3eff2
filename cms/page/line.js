// The stream of one SMIB. Of these a browser has a few open at once, over all its tabs (see tabs.js), so that
// connections are left for what is asked: whoever comes later waits until one is free.

import { whileSeen } from "./attention.js";
import { openStream } from "./stream.js";
import { browserTabs } from "./tabs.js";

export const LINES = 3;
export const UNSEEN_MS = 10_000;
const CALM_MS = 250;

/** As openStream, while the page is seen; `onState` may be told "waiting", too. */
export function openLine(url, { onFrame, onState, tabs = browserTabs(), page, open = openStream }) {
  let stream = null;
  let leave = () => {};

  function begin() {
    onState("connecting");
    leave = takeLine(tabs, { onWait: () => onState("waiting"), onTaken: () => (stream = open(url, { onFrame, onState })) });
  }

  function end() {
    close();
    onState("stale");
  }

  function close() {
    stream?.close();
    stream = null;
    leave();
  }

  const seen = whileSeen({ begin, end, unseenMs: UNSEEN_MS, page });
  return Object.freeze({
    close() {
      seen.close();
      close();
    },
  });
}

/** Calls `onTaken` once one of the lines is free, and `onWait` where none is for a moment; gives what leaves it. */
function takeLine(tabs, { onWait, onTaken }) {
  if (tabs === null) {
    onTaken();
    return () => {};
  }
  const wait = new AbortController();
  const waiting = setTimeout(onWait, CALM_MS);
  let taken = false;
  let giveBack;
  const held = new Promise((done) => (giveBack = done));

  function granted() {
    if (taken || wait.signal.aborted) return undefined;
    taken = true;
    clearTimeout(waiting);
    wait.abort(); // the other lines are not waited for any longer
    onTaken();
    return held;
  }

  for (let number = 1; number <= LINES; number += 1) {
    tabs.locks.request(`smib-line-${number}`, { signal: wait.signal }, granted).catch((error) => {
      if (error.name !== "AbortError") throw error;
    });
  }
  return () => {
    clearTimeout(waiting);
    wait.abort();
    giveBack();
  };
}
