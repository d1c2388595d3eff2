// Small pictures for where people look rather than read: messages, devices by state, answer times. Each says in words,
// too, what it shows.

import { HEIGHT, STEPS, bars, byStep, line, roundTop } from "./chart.js";
import { clockMinutes, h, say, svg } from "./dom.js";
import { STATES } from "./floor-store.js";

const EVERY_MS = 30_000;
const SPANS = [
  { label: "Last hour", seconds: 3_600 },
  { label: "Last day", seconds: 86_400 },
];

/** `desk` asks the service for what was; without it only what is now is shown. */
export function createFloorPictures(store, desk = null) {
  const pictures = [messages(), states(store), answers()];
  const span = h("select", { "aria-label": "Time shown", on: { change: load } }, SPANS.map(({ label, seconds }) => h("option", { value: seconds }, label)));
  const note = h("p", { class: "hint", hidden: true });
  const ends = [h("time"), h("time")];
  const root = h("section", { class: "card pictures", "aria-label": "Pictures" }, h("div", { class: "head" }, h("h2", {}, "At a glance"), span), note, pictures.map((one) => one.root), h("div", { class: "ends" }, ends));
  let asking = 0;

  async function load() {
    if (desk === null || document.visibilityState === "hidden") return;
    const turn = ++asking;
    const seconds = Number(span.value);
    try {
      const found = await desk.api.analytics({ from: new Date(Date.now() - seconds * 1000).toISOString(), step: seconds / STEPS });
      if (turn !== asking) return;
      const steps = byStep(found);
      for (const one of pictures) one.show(steps);
      say(ends[0], clockMinutes(Date.parse(found.to) - seconds * 1000));
      say(ends[1], clockMinutes(found.to));
      note.hidden = true;
    } catch (error) {
      say(note, `These pictures are as of the last answer: ${error.message}`);
      note.hidden = false;
    }
  }

  const timer = setInterval(load, EVERY_MS);
  load();
  return {
    root,
    draw: () => pictures.forEach((one) => one.draw?.()),
    close: () => clearInterval(timer),
  };
}

/** A titled picture with the highest value at its left; `paths` are drawn over each other. */
function frame(title, paths, legend = null) {
  const top = h("span", { class: "top" });
  const now = h("b");
  const picture = svg("svg", { viewBox: `0 0 ${STEPS} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, ...paths);
  const root = h("figure", { class: "picture" }, h("figcaption", { class: "head" }, h("span", {}, title), now), h("div", { class: "plot" }, top, picture), legend);
  return {
    root,
    /** `highest` and `latest` are seen, `sentence` is for those who hear the page, or point at the picture. */
    tell(highest, latest, sentence) {
      say(top, highest);
      say(now, latest);
      picture.setAttribute("aria-label", `${title}. ${sentence}`);
      root.title = sentence;
    },
  };
}

function messages() {
  const path = svg("path", { class: "fill-messages" });
  const { root, tell } = frame("Messages per minute", [path]);
  return {
    root,
    show(steps) {
      const values = steps.map((one) => one && one.perMinute);
      const known = values.filter((value) => value !== null);
      const top = roundTop(known);
      path.setAttribute("d", bars(values, top));
      const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length);
      if (known.length === 0) return tell("", "", "Nothing was counted yet.");
      return tell(top.toLocaleString(), whole(known.at(-1)), `${whole(known.at(-1))} now, ${whole(Math.max(...known))} at most, ${whole(mean)} on average.`);
    },
  };
}

function states(store) {
  const names = Object.keys(STATES);
  const paths = names.map((name) => svg("path", { class: `fill-${name}` }));
  const entries = names.map((name) => ({ name, count: h("b"), swatch: h("span", { class: `swatch fill-${name}`, "aria-hidden": "true" }) }));
  const items = entries.map(({ name, count, swatch }) => h("li", {}, swatch, count, ` ${STATES[name].toLowerCase()}`));
  const { root, tell } = frame("Devices by state", paths, h("ul", { class: "legend" }, items));
  return {
    root,
    show(steps) {
      const sums = steps.map((one) => one && names.reduce((sum, name) => sum + one.states[name], 0));
      const top = Math.max(1, ...sums);
      let floors = steps.map((one) => one && 0);
      names.forEach((name, index) => {
        const values = floors.map((floor, place) => floor === null ? null : floor + steps[place].states[name]);
        paths[index].setAttribute("d", bars(values, top, floors));
        floors = values;
      });
      const known = steps.filter(Boolean);
      if (known.length === 0) return tell("", "", "Nothing was counted yet.");
      const last = known.at(-1).states;
      const said = names.filter((name) => last[name] > 0).map((name) => `${last[name]} ${STATES[name].toLowerCase()}`);
      return tell(top.toLocaleString(), "", `${said.join(", ") || "No devices"} now; at least ${Math.min(...known.map((one) => one.states.online))} online.`);
    },
    draw() {
      const counts = store.states();
      entries.forEach(({ name, count }, index) => {
        say(count, String(counts[name]));
        items[index].hidden = counts[name] === 0;
      });
    },
  };
}

function answers() {
  const paths = [svg("path", { class: "line-p95" }), svg("path", { class: "line-p50" })];
  const said = [h("b"), h("b")];
  const legend = h("ul", { class: "legend" }, h("li", {}, h("span", { class: "swatch line-p50", "aria-hidden": "true" }), "half within ", said[0]), h("li", {}, h("span", { class: "swatch line-p95", "aria-hidden": "true" }), "95 of 100 within ", said[1]));
  const { root, tell } = frame("Answer times", paths, legend);
  return {
    root,
    show(steps) {
      const of = (name) => steps.map((one) => one?.answers?.[name] ?? null);
      const [half, most] = [of("p50Ms"), of("p95Ms")];
      const top = roundTop(most.filter((value) => value !== null));
      paths[0].setAttribute("d", line(most, top));
      paths[1].setAttribute("d", line(half, top));
      const last = half.findLastIndex((value) => value !== null);
      root.hidden = steps.some((one) => one?.answers === null); // nobody is told of them who sees a part of the floor
      legend.hidden = last < 0;
      if (last < 0) return tell("", "none asked", "No SMIB was asked for anything.");
      say(said[0], time(half[last]));
      say(said[1], time(most[last]));
      return tell(time(top), "", `Half of the SMIBs answered within ${time(half[last])}, 95 of 100 within ${time(most[last])}.`);
    },
  };
}

const whole = (number) => Math.round(number).toLocaleString();
const time = (ms) => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);
