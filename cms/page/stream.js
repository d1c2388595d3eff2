// One event stream that comes back by itself. The service beats every 5 s, so that silence means a lost connection
// even where the browser has not noticed (contract, section 6).

export const SILENT_MS = 12_000;
const FIRST_MS = 500;
const LAST_MS = 5_000;

/**
 * Opens `url` and keeps it open until close(). `onFrame` gets each frame as an object; `onState` is told
 * "connecting", "live" (the first frame came) and "stale" (what was shown may have changed since).
 */
export function openStream(url, { onFrame, onState = () => {}, make = (at) => new EventSource(at) }) {
  let source = null;
  let retry = null;
  let watch = null;
  let delay = FIRST_MS;
  let state = "";
  let closed = false;

  function become(next) {
    if (state === next) return;
    state = next;
    onState(next);
  }

  function open() {
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

  function leave() {
    clearTimeout(watch);
    clearTimeout(retry);
    if (source === null) return;
    source.onmessage = source.onerror = null;
    source.close();
    source = null;
  }

  become("connecting");
  open();
  return Object.freeze({
    close() {
      closed = true;
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
