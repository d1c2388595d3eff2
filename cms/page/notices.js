// Sentences that a person must not miss: errors stay until they are read away, and one is not said twice. What went
// well goes by itself.

import { h } from "./dom.js";

const MOST = 4;
const INFO_MS = 10_000;

export function createNotices(root) {
  const open = new Map();
  return {
    /** Shows `sentence`; `kind` is "error" or "info". */
    show(sentence, kind = "error") {
      open.get(sentence)?.remove();
      const close = h("button", { type: "button", class: "quiet", on: { click: () => remove(sentence) } }, "Close");
      const notice = h("div", { class: `notice ${kind}` }, h("p", {}, sentence), close);
      open.set(sentence, notice);
      root.append(notice);
      if (kind === "info") setTimeout(() => open.get(sentence) === notice && remove(sentence), INFO_MS);
      if (open.size > MOST) remove(open.keys().next().value);
    },
    clear() {
      for (const sentence of [...open.keys()]) remove(sentence);
    },
  };

  function remove(sentence) {
    open.get(sentence)?.remove();
    open.delete(sentence);
  }
}
