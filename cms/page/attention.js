// What a page does only while somebody looks at it.

export const UNSEEN_MS = 60_000;

/** Whether this page is seen, and who wants to know when that changes. */
const PAGE = {
  seen: () => globalThis.document?.visibilityState !== "hidden",
  listen: (listener) => globalThis.document?.addEventListener("visibilitychange", listener),
  forget: (listener) => globalThis.document?.removeEventListener("visibilitychange", listener),
};

/**
 * Calls `begin` as soon as the page is seen, `end` when nobody has seen it for `unseenMs`, and `begin` again when it
 * is seen again. close() calls neither.
 */
export function whileSeen({ begin, end, unseenMs = UNSEEN_MS, page = PAGE }) {
  let begun = false;
  let rest = null;

  function looked() {
    clearTimeout(rest);
    if (page.seen() === begun) return;
    if (begun) rest = setTimeout(leave, unseenMs);
    else enter();
  }

  function enter() {
    begun = true;
    begin();
  }

  function leave() {
    begun = false;
    end();
  }

  page.listen(looked);
  looked();
  return Object.freeze({
    close() {
      clearTimeout(rest);
      page.forget(looked);
    },
  });
}
