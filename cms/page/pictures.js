// Small pictures for where people look rather than read. Each says in words, too, what it shows.

import { h, say, svg } from "./dom.js";
import { MINUTES_SHOWN, STATES } from "./floor-store.js";

const WIDTH = 240;
const HEIGHT = 44;
const GAP = 2;

export function createFloorPictures(store) {
  const states = stateBar();
  const rate = rateBars();
  const root = h("section", { class: "card pictures" }, h("h2", {}, "At a glance"), states.root, rate.root);
  return {
    root,
    draw() {
      states.draw(store.states(), store.size);
      rate.draw(store.perMinute());
    },
  };
}

function stateBar() {
  const text = h("figcaption");
  const parts = Object.keys(STATES).map((state) => [state, svg("rect", { class: `fill-${state}`, y: 0, height: 14 })]);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} 14`, "aria-hidden": "true", preserveAspectRatio: "none" }, ...parts.map(([, rect]) => rect));
  return {
    root: h("figure", {}, picture, text),
    draw(counts, all) {
      let x = 0;
      for (const [state, rect] of parts) {
        const width = all ? (WIDTH * counts[state]) / all : 0;
        rect.setAttribute("x", x.toFixed(1));
        rect.setAttribute("width", width.toFixed(1));
        x += width;
      }
      const said = Object.entries(STATES).filter(([state]) => counts[state] > 0);
      say(text, said.map(([state, label]) => `${counts[state]} ${label.toLowerCase()}`).join(", ") || "No devices");
    },
  };
}

function rateBars() {
  const text = h("figcaption");
  const bars = Array.from({ length: MINUTES_SHOWN }, () => svg("rect", { class: "bar-fill" }));
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", preserveAspectRatio: "none" }, ...bars);
  return {
    root: h("figure", {}, picture, text),
    draw(minutes) {
      const last = minutes.at(-1)?.minute ?? 0;
      const counts = bars.map((_, index) => minutes.find((one) => one.minute === last - MINUTES_SHOWN + 1 + index)?.count ?? 0);
      const most = Math.max(1, ...counts);
      const step = WIDTH / MINUTES_SHOWN;
      counts.forEach((count, index) => {
        const height = (HEIGHT * count) / most;
        const place = { x: index * step, y: HEIGHT - height, width: step - GAP, height };
        for (const [name, value] of Object.entries(place)) bars[index].setAttribute(name, value.toFixed(1));
      });
      const all = counts.reduce((sum, count) => sum + count, 0);
      say(text, all === 0 ? "No messages yet" : `${counts.at(-1)} messages this minute; at most ${Math.max(...counts)} a minute, of the last ${MINUTES_SHOWN}`);
    },
  };
}
