// The floor: every cabinet as a tile or a row, by location. Each cabinet has one element for good, in either look;
// what changed is drawn once per frame.

import { clock, h, perFrame, say } from "./dom.js";
import { createEventsView } from "./events-view.js";
import { FILTERS, STATES, natural } from "./floor-store.js";
import { createFloorPictures } from "./pictures.js";
import { createSelectionView } from "./selection-view.js";

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
  const visible = () => [...places.values()].filter((one) => !one.root.hidden);
  const selection = desk && createSelectionView({ store, ...desk, shown: () => visible().map((one) => one.id), onPicked: drawPicks });
  const pictures = createFloorPictures(store);
  const events = createEventsView({ title: "Last events", entries: () => store.events().map(eventLine) });

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
      h("aside", { class: "beside", "aria-label": "Activity" }, pictures.root, events.root),
    ),
  );

  const draw = perFrame(() => {
    for (const id of store.takeChanged()) place(id);
    for (const [id, one] of places) one.root.hidden = !store.matches(store.cabinet(id));
    for (const section of sections.values()) section.draw();
    drawTools();
    events.draw();
    pictures.draw();
  });

  function place(id) {
    const cabinet = store.cabinet(id);
    const known = places.get(id);
    if (!cabinet) {
      known?.root.remove();
      places.delete(id);
      return;
    }
    const one = known ?? createPlace(cabinet, selection);
    one.draw(cabinet);
    places.set(id, one);
    const section = sectionOf(cabinet.location || NOWHERE);
    if (one.root.parentElement !== section.items) section.insert(one);
  }

  function sectionOf(name) {
    let section = sections.get(name);
    if (!section) {
      section = createSection(name);
      sections.set(name, section);
      const names = [...sections.keys()].sort(natural);
      list.insertBefore(section.root, sections.get(names[names.indexOf(name) + 1])?.root ?? null);
    }
    return section;
  }

  function drawTools() {
    const counts = store.counts();
    for (const [name, chip] of chips) {
      say(chip.count, String(counts[name]));
      chip.root.setAttribute("aria-pressed", String(store.filter.state === name));
    }
    location.offer(store.locations());
    firmware.offer(store.firmwares());
    say(shown, summary(visible().length, places.size));
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
      what: frame.type === "config" ? `${frame.refused ? "refused" : "reported"} ${frame.component}` : String(frame.event ?? "message"),
      detail: String(frame.pyd ?? ""),
    };
  }

  const forget = store.listen(draw);
  for (const cabinet of [...store.cabinets()].sort((a, b) => natural(a.id, b.id))) place(cabinet.id);
  draw();
  return { root, title: "Floor", close: forget };
}

function createSection(name) {
  const count = h("span", { class: "count" });
  const items = h("ul", { class: "places" });
  const root = h("section", { class: "location" }, h("h2", {}, h("bdi", {}, name), " ", count), items);
  const order = [];
  return {
    root,
    items,
    insert(one) {
      let low = 0;
      let high = order.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (natural(order[middle].id, one.id) < 0) low = middle + 1;
        else high = middle;
      }
      items.insertBefore(one.root, order[low]?.root.parentElement === items ? order[low].root : null);
      order.splice(low, 0, one);
    },
    draw() {
      let visible = 0;
      for (const child of items.children) if (!child.hidden) visible += 1;
      root.hidden = visible === 0;
      say(count, String(visible));
    },
  };
}

function createPlace({ id }, selection) {
  const word = h("span", { class: "word" });
  const badge = h("span", { class: "badge", hidden: true }, "Out of step");
  const texts = Object.fromEntries(["name", "game", "id", "relayId", "serialNumber", "firmware"].map((name) => [name, h("bdi", { class: name })]));
  const link = h(
    "a",
    { href: cabinetLink(id) },
    h("span", { class: "state" }, h("span", { class: "mark", "aria-hidden": "true" }), word),
    texts.name,
    texts.game,
    h("span", { class: "ids" }, texts.id, texts.relayId),
    texts.serialNumber,
    texts.firmware,
    badge,
  );
  const pick = h("input", { type: "checkbox", on: { change: () => selection.pick(id, pick.checked) } });
  const root = h("li", { class: "place", data: { id } }, link, selection && h("label", { class: "pick" }, pick));
  return {
    id,
    root,
    drawPick: () => (pick.checked = selection.has(id)),
    draw(cabinet) {
      root.dataset.state = cabinet.state;
      say(word, STATES[cabinet.state] ?? cabinet.state);
      for (const [name, text] of Object.entries(texts)) say(text, name === "name" ? cabinet.name || cabinet.id : String(cabinet[name] ?? ""));
      pick.setAttribute("aria-label", `Select ${cabinet.name || cabinet.id}`);
      badge.hidden = cabinet.inStep !== false;
    },
  };
}

export function cabinetLink(id) {
  return `#/cabinet/${encodeURIComponent(id)}`;
}

function summary(visible, all) {
  if (all === 0) return "No cabinets yet.";
  return visible === all ? `${all} cabinets` : `${visible} of ${all} cabinets`;
}
