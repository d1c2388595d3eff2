// What the machine has counted: as it told it last, and asked of it now.

import { clock, guard, h, say } from "./dom.js";

const KEPT = "denomination";
/** What a credit may be worth, in units of money: the board tells credits alone. */
const WORTHS = ["", "0.01", "0.02", "0.05", "0.10", "0.25", "0.50", "1.00", "2.00", "5.00"];

/** `floor` tells of meters that the machine sends unasked, or that somebody else asked for. */
export function createMetersView({ api, floor, notices, cabinet }) {
  const ask = h("button", { type: "button", on: { click: read } }, "Ask for its meters");
  const worth = h("select", { on: { change: choose } }, WORTHS.map((one) => h("option", { value: one }, one === "" ? "Credits" : `1 credit = ${one}`)));
  const rows = h("tbody");
  const head = h("tr", {}, h("th", { scope: "col" }, "Meter"), h("th", { scope: "col", class: "number" }, "Value"));
  const table = h("table", { class: "meters", hidden: true }, h("caption", { class: "unseen" }, "Meters"), h("thead", {}, head), rows);
  const said = h("p", { class: "hint", role: "status" });
  const root = h("section", { class: "card stack", "aria-label": "Meters" }, h("div", { class: "head" }, h("h2", {}, "Meters"), ask), said, table, h("label", { class: "field worth", hidden: true }, h("span", {}, "Show money as"), worth));
  let known = { at: null, meters: [] };
  worth.value = localStorage.getItem(`${KEPT} ${cabinet.id}`) ?? "";

  function choose() {
    localStorage.setItem(`${KEPT} ${cabinet.id}`, worth.value);
    draw();
  }

  async function read() {
    guard(ask, { allowed: false, reason: "The machine is being asked." });
    say(said, "Asking the machine.");
    try {
      show((await api.readMeters(cabinet.id)).data);
    } catch (error) {
      say(said, error.message);
    } finally {
      guard(ask, { allowed: true });
    }
  }

  function show({ at, meters }) {
    known = { at, meters };
    draw();
  }

  function draw() {
    const { at, meters } = known;
    table.hidden = worth.parentElement.hidden = at === null;
    say(said, at === null ? "Not told since the CMS started." : `As of ${new Date(at).toLocaleDateString()} ${clock(at)}`);
    rows.replaceChildren(...meters.map((meter) => h("tr", { data: { code: meter.code } }, h("th", { scope: "row" }, named(meter)), h("td", { class: "number" }, asMoney(meter, worth.value)))));
  }

  const forget = floor.hear((frame) => {
    if (frame.type === "meters" && frame.cabinetId === cabinet.id) show({ at: frame.timestamp, meters: frame.meters });
  });
  draw();
  api.meters(cabinet.id).then(({ data }) => known.at === null && show(data), (error) => notices.show(error.message));
  return { root, close: forget };
}

function named({ name, code }) {
  return name === "" ? `Meter ${code}` : name.charAt(0).toUpperCase() + name.slice(1);
}

/** A meter's value: games as a number, credits as a number of them or as what they are worth. */
export function asMoney({ value, unit }, worth) {
  if (unit !== "credits" || worth === "") return value.toLocaleString();
  const cents = BigInt(value) * BigInt(Math.round(Number(worth) * 100));
  const parts = { units: (cents / 100n).toLocaleString(), rest: String(cents % 100n).padStart(2, "0") };
  const [{ value: point }] = new Intl.NumberFormat().formatToParts(0.5).filter((part) => part.type === "decimal");
  return `${parts.units}${point}${parts.rest}`;
}
