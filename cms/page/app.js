// The composition root of the page: joins store, streams and views, and shows the view that the address names.

import { createApi } from "./api.js";
import { confirm } from "./dialog.js";
import { h, say } from "./dom.js";
import { createFloorStore } from "./floor-store.js";
import { createFloorView } from "./floor-view.js";
import { openLine } from "./line.js";
import { createNotices } from "./notices.js";
import { createSession } from "./session.js";
import { shareStream } from "./shared-stream.js";
import { askSignIn } from "./sign-in.js";
import { adoptTheme } from "./theme.js";

const ENTER_AGAIN_MS = 3_000;
const CHECK_MS = 5_000;
const LINK = { connecting: "Connecting", live: "Live", stale: "Connection lost, reconnecting" };

const main = document.getElementById("main");
const link = document.getElementById("link");
const notices = createNotices(document.getElementById("notices"));
adoptTheme(document.getElementById("theme"));
const api = createApi(undefined, signedOut);
const floor = createFloorStore();
const session = await enter();

/** What every view may use. */
const desk = Object.freeze({ api, floor, session, notices, openLine });

const views = {
  floor: async () => createFloorView(floor, desk),
  cabinet: async (id) => (await import("./cabinet-view.js")).createCabinetView(desk, id),
  console: async () => (await import("./console-view.js")).createConsoleView(desk),
};

/** The session of this page, for which somebody may have to sign in first. */
async function enter() {
  for (;;) {
    try {
      const known = createSession(await api.session());
      notices.clear();
      return known.needed ? await askSignIn(api, "The floor is shown to those who are known to it.") : known;
    } catch (error) {
      notices.show(error.message);
      await new Promise((done) => setTimeout(done, ENTER_AGAIN_MS));
    }
  }
}

/** The session ended while the page was open: whoever comes back finds everything as it was left. */
async function signedOut() {
  const next = await askSignIn(api, "Your session has ended. What you typed is still here; try again after signing in.");
  if (next.user !== session.user || next.role !== session.role) location.reload();
}

let asking = null;

/** A stream ends with the session that opened it, which may be one of another tab, and opens for nobody without one. */
async function checkSession() {
  const now = await api.stillHere().then(createSession, () => null); // who can't be asked is asked again
  if (now?.needed) signedOut();
  else if (now && now.user !== session.user) location.reload();
}

function showPerson() {
  const who = document.getElementById("who");
  who.hidden = session.user === null;
  say(who.querySelector("bdi"), session.user === null ? "" : session.said);
  who.querySelector("button").addEventListener("click", async () => {
    if (view?.unsaved?.() && !(await confirm({ title: "Sign out?", text: view.unsaved(), yes: "Sign out", danger: true }))) return;
    await api.signOut();
    location.reload();
  });
}

let view = null;
let shown = 0;
let place = location.hash;

async function show() {
  if (!(await mayLeave())) return;
  const turn = ++shown;
  const [name, id] = route(location.hash);
  const next = await views[name](id).catch(failed);
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

/** What is shown in the place of a view that could not be made. */
function failed(error) {
  const again = h("button", { type: "button", on: { click: () => location.reload() } }, "Try again");
  const text = h("p", { role: "alert" }, error.message);
  const root = h("section", { class: "card stack" }, h("h1", {}, "This can't be shown"), text, h("div", { class: "buttons" }, again), h("p", {}, h("a", { href: "#/" }, "Floor")));
  return { root, title: "This can't be shown", close() {} };
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

shareStream("/api/events", {
  recall: floor.recall,
  onFrame: floor.take,
  onState(state) {
    link.dataset.state = state;
    document.documentElement.dataset.link = state;
    say(link, LINK[state]);
    clearInterval(asking);
    if (state !== "stale" || session.user === null) return;
    asking = setInterval(checkSession, CHECK_MS);
    checkSession();
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
showPerson();
await show();
