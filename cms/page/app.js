// The composition root of the page: joins store, streams and views, and shows the view that the address names.

import { createApi } from "./api.js";
import { confirm } from "./dialog.js";
import { say } from "./dom.js";
import { createFloorStore } from "./floor-store.js";
import { createFloorView } from "./floor-view.js";
import { createNotices } from "./notices.js";
import { readSession } from "./session.js";
import { openStream } from "./stream.js";
import { adoptTheme } from "./theme.js";

const LINK = { connecting: "Connecting", live: "Live", stale: "Connection lost, reconnecting" };

const main = document.getElementById("main");
const link = document.getElementById("link");
const notices = createNotices(document.getElementById("notices"));
const api = createApi();
const floor = createFloorStore();
const session = await readSession();

/** What every view may use. */
const desk = Object.freeze({ api, floor, session, notices, openStream });

const views = {
  floor: async () => createFloorView(floor),
  cabinet: async (id) => (await import("./cabinet-view.js")).createCabinetView(desk, id),
  console: async () => (await import("./console-view.js")).createConsoleView(desk),
};

let view = null;
let shown = 0;
let place = location.hash;

async function show() {
  if (!(await mayLeave())) return;
  const turn = ++shown;
  const [name, id] = route(location.hash);
  const next = await views[name](id).catch((error) => {
    notices.show(`This view can't be shown: ${error.message}`);
    return null;
  });
  if (next === null) return;
  if (turn !== shown) return next.close();
  const first = view === null;
  view?.close();
  view = next;
  place = location.hash;
  main.replaceChildren(next.root);
  document.title = `${next.title} · Casino management`;
  for (const anchor of document.querySelectorAll("[data-route]")) {
    if (anchor.dataset.route === name) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  if (!first) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

/** Asks before a view is left in which something was typed and not saved. */
async function mayLeave() {
  if (view !== null && location.hash === place) return false;
  const text = view?.unsaved?.() ?? "";
  if (text === "" || (await confirm({ title: "Leave this page?", text, yes: "Leave without saving", danger: true }))) return true;
  history.replaceState(null, "", place || "#/");
  return false;
}

function route(hash) {
  const [, name = "", id = ""] = hash.split("/");
  if (name === "cabinet" && id) return ["cabinet", decoded(id)];
  return [name === "console" ? "console" : "floor", ""];
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

openStream("/api/events", {
  onFrame: floor.take,
  onState(state) {
    link.dataset.state = state;
    document.documentElement.dataset.link = state;
    say(link, LINK[state]);
  },
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const search = document.getElementById("search");
    if (search) event.preventDefault();
    search?.focus();
  }
});
addEventListener("hashchange", show);
addEventListener("unhandledrejection", (event) => notices.show(`Something went wrong on this page: ${event.reason?.message ?? "no reason"}`));
adoptTheme(document.getElementById("theme"));
await show();
