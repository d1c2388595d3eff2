// The floor: every cabinet as a tile or a row, by location. Each cabinet has one element for good, in either look;
// what changed is drawn some times a second, what counts or lists the whole floor less often.

import { createBatchesView } from "./batches-view.js";
import { calmly, clock, h, perFrame, say } from "./dom.js";
import { createEventsView } from "./events-view.js";
import { FILTERS, natural, saidIn } from "./floor-store.js";
import { createFloorPictures } from "./pictures.js";
import { cabinetLink, createPlace, createSection } from "./place-view.js";
import { createSelectionView } from "./selection-view.js";

const FRAMES_MS = 80;
const LOOK = "floor-look";
const NOWHERE = "No location";

/** `desk` is what an order needs: {api, session, notices}; without it nothing can be selected. */
export function createFloorView(store, desk = null) {
  const places = new Map();
  const sections = new Map();
  const chips = new Map();
  const shown = h("p", { class: "shown", role: "status" });
  const list = h("div", { class: "locations", data: { look: localStorage.getItem(LOOK) ?? "tiles" } });
  const location = select("Location", "location");
  const firmware = select("Firmware", "firmware");
  const shownIds = () => ordered().flatMap(([, section]) => section.shownIds());
  const selection = desk && createSelectionView({ store, ...desk, shownIds, onPicked: drawPicks });
  const batches = desk && createBatchesView({ store, ...desk });
  const pictures = createFloorPictures(store, desk);
  const events = createEventsView({ title: "Last events", entries: () => store.events().map(eventLine) });
  let filtered = "";

  const root = h(
    "div",
    { class: "floor" },
    h("h1", {}, "Floor"),
    h("div", { class: "tools" }, search(), location.field, firmware.field, looks(), selection?.start),
    stateChips(),
    selection?.bar ?? "",
    h(
      "div",
      { class: "split" },
      h("section", { class: "machines", "aria-label": "Machines" }, shown, list),
      h("aside", { class: "beside", "aria-label": "Activity" }, batches?.root, pictures.root, events.root),
    ),
  );

  const drawWhole = calmly(() => {
    for (const section of sections.values()) section.draw();
    drawTools();
    events.draw();
    pictures.draw();
    batches?.draw();
  });

  const drawChanged = perFrame(() => {
    const changed = store.takeChanged();
    for (const id of changed) place(id);
    const filter = JSON.stringify(store.filter);
    for (const id of filter === filtered ? changed : places.keys()) hide(id);
    if (filter !== filtered) for (const section of sections.values()) section.draw();
    filtered = filter;
    drawWhole();
  });
  const draw = calmly(drawChanged, FRAMES_MS);

  function hide(id) {
    const one = places.get(id);
    if (one) one.root.hidden = !store.matches(store.cabinet(id));
  }

  function place(id) {
    const cabinet = store.cabinet(id);
    const known = places.get(id);
    if (!cabinet) {
      known?.section.remove(known);
      places.delete(id);
      selection?.gone(id);
      return;
    }
    const one = known ?? createPlace(cabinet, selection);
    one.draw(cabinet);
    places.set(id, one);
    const section = sectionOf(cabinet.location || NOWHERE);
    if (one.section === section) return;
    one.section?.remove(one);
    one.section = section;
    section.insert(one);
  }

  function sectionOf(name) {
    let section = sections.get(name);
    if (!section) {
      section = createSection(name, (ids) => selection.pickAll(ids));
      sections.set(name, section);
      const names = ordered().map(([known]) => known);
      list.insertBefore(section.root, sections.get(names[names.indexOf(name) + 1])?.root ?? null);
    }
    return section;
  }

  function ordered() {
    return [...sections].sort(([one], [other]) => natural(one, other));
  }

  function drawTools() {
    const counts = store.counts();
    for (const [name, chip] of chips) {
      say(chip.count, String(counts[name]));
      chip.root.setAttribute("aria-pressed", String(store.filter.state === name));
    }
    location.offer(store.locations());
    firmware.offer(store.firmwares());
    say(shown, summary(shownIds().length, places.size));
  }

  function drawPicks() {
    list.toggleAttribute("data-selecting", selection.selecting);
    for (const one of places.values()) one.drawPick();
  }

  function search() {
    const input = h("input", { type: "search", id: "search", value: store.filter.text, autocomplete: "off" });
    input.placeholder = "SMIB, cabinet, serial number, game";
    input.addEventListener("input", () => store.setFilter({ text: input.value.trim() }));
    return h("label", { class: "field grow" }, h("span", {}, "Search"), input);
  }

  function select(label, name) {
    const input = h("select", { on: { change: () => store.setFilter({ [name]: input.value }) } });
    let offered = null;
    return {
      field: h("label", { class: "field" }, h("span", {}, label), input),
      offer(values) {
        const wanted = values.join("\n");
        if (wanted === offered) return;
        offered = wanted;
        const options = ["", ...values].map((value) => h("option", { value }, value || "All"));
        input.replaceChildren(...options);
        input.value = store.filter[name];
      },
    };
  }

  function looks() {
    const buttons = ["tiles", "rows"].map((look) =>
      h("button", { type: "button", data: { look }, on: { click: () => show(look) } }, look === "tiles" ? "Tiles" : "Rows"),
    );
    function show(look) {
      list.dataset.look = look;
      localStorage.setItem(LOOK, look);
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.look === look));
    }
    show(list.dataset.look === "rows" ? "rows" : "tiles");
    return h("div", { class: "switch", role: "group", "aria-label": "Show as" }, buttons);
  }

  function stateChips() {
    for (const [name, { label }] of Object.entries(FILTERS)) {
      const count = h("b", {}, "0");
      const press = () => store.setFilter({ state: store.filter.state === name ? "all" : name });
      const chip = h("button", { type: "button", class: "chip", data: { state: name }, on: { click: press } }, label, " ", count);
      chips.set(name, { root: chip, count });
    }
    return h("div", { class: "chips", role: "group", "aria-label": "Filter by state" }, [...chips.values()].map((c) => c.root));
  }

  function eventLine(frame) {
    const cabinet = store.cabinet(frame.cabinetId);
    return {
      time: clock(frame.timestamp),
      who: cabinet?.name || frame.cabinetId,
      href: cabinetLink(frame.cabinetId),
      what: saidIn(frame),
      detail: String(frame.pyd ?? ""),
    };
  }

  const forget = store.listen(draw);
  for (const cabinet of [...store.cabinets()].sort((a, b) => natural(a.id, b.id))) place(cabinet.id);
  draw();
  return {
    root,
    title: "Floor",
    close() {
      forget();
      draw.stop();
      drawWhole.stop();
      selection?.close();
      pictures.close();
    },
  };
}

function summary(visible, all) {
  if (all === 0) return "No cabinets yet.";
  const noun = all === 1 ? "cabinet" : "cabinets";
  return visible === all ? `${all} ${noun}` : `${visible} of ${all} ${noun}`;
}
