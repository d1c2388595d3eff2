// One event stream that comes back by itself. The service beats every 5 s, so that silence means a lost connection
// even where the browser has not noticed (contract, section 6).

export const SILENT_MS = 12_000;
export const UNSEEN_MS = 60_000;
const FIRST_MS = 500;
const LAST_MS = 5_000;

/** Whether this page is seen, and who wants to know when that changes. */
const PAGE = {
  seen: () => globalThis.document?.visibilityState !== "hidden",
  listen: (listener) => globalThis.document?.addEventListener("visibilitychange", listener),
  forget: (listener) => globalThis.document?.removeEventListener("visibilitychange", listener),
};

/**
 * Opens `url` and keeps it open until close(). `onFrame` gets each frame as an object; `onState` is told
 * "connecting", "live" (the first frame came) and "stale" (what was shown may have changed since).
 *
 * A browser opens six connections to a service at most, over all its tabs: a page that nobody has seen for a
 * while gives up its streams until it is seen again.
 */
export function openStream(url, { onFrame, onState = () => {}, make = (at) => new EventSource(at), page = PAGE }) {
  let source = null;
  let retry = null;
  let watch = null;
  let rest = null;
  let delay = FIRST_MS;
  let state = "";
  let closed = false;

  function become(next) {
    if (state === next) return;
    state = next;
    onState(next);
  }

  function open() {
    retry = null;
    source = make(url);
    source.onmessage = received;
    source.onerror = lost;
    expectFrame();
  }

  function received(event) {
    const frame = parsed(event.data);
    if (closed || frame === null) return;
    expectFrame();
    delay = FIRST_MS;
    become("live");
    onFrame(frame);
  }

  function expectFrame() {
    clearTimeout(watch);
    watch = setTimeout(lost, SILENT_MS);
  }

  function lost() {
    if (closed) return;
    leave();
    become("stale");
    retry = setTimeout(open, delay * (0.75 + Math.random() / 2));
    delay = Math.min(delay * 2, LAST_MS);
  }

  function looked() {
    clearTimeout(rest);
    if (!page.seen()) rest = setTimeout(sleep, UNSEEN_MS);
    else if (source === null && retry === null) open();
  }

  function sleep() {
    leave();
    retry = null;
    become("stale");
  }

  function leave() {
    clearTimeout(watch);
    clearTimeout(retry);
    if (source === null) return;
    source.onmessage = source.onerror = null;
    source.close();
    source = null;
  }

  become("connecting");
  page.listen(looked);
  open();
  return Object.freeze({
    close() {
      closed = true;
      clearTimeout(rest);
      page.forget(looked);
      leave();
    },
    get state() {
      return state;
    },
  });
}

function parsed(text) {
  try {
    const frame = JSON.parse(text);
    return frame !== null && typeof frame === "object" && typeof frame.type === "string" ? frame : null;
  } catch {
    return null;
  }
}
