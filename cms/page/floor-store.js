// What is known of the whole floor, folded from the frames of GET /api/events. No DOM, no network, no clock.

export const STATES = Object.freeze({
  online: "Online",
  offline: "Offline",
  locked: "Locked",
  restarting: "Restarting",
  installing: "Installing",
  updating: "Updating",
});

/** What a person filters by; a cabinet may be in several. */
export const FILTERS = Object.freeze({
  all: { label: "All", lets: () => true },
  online: { label: "Online", lets: (cabinet) => cabinet.online },
  offline: { label: "Offline", lets: (cabinet) => cabinet.state === "offline" },
  locked: { label: "Locked", lets: (cabinet) => cabinet.locked === true },
  restarting: { label: "Restarting", lets: (cabinet) => cabinet.state === "restarting" },
  updating: { label: "Updating", lets: (cabinet) => cabinet.installing || cabinet.updating.length > 0 },
  drift: { label: "Out of step", lets: (cabinet) => cabinet.inStep === false },
});

export const EVENTS_KEPT = 60;
export const BATCHES_KEPT = 5;
const SEARCHED = ["id", "relayId", "name", "location", "assetNumber", "serialNumber", "game"];
const TEXTS = [...SEARCHED, "state"];

export function createFloorStore() {
  const cabinets = new Map();
  const texts = new Map();
  let changed = new Set();
  let fresh = new Set();
  let events = [];
  let batches = [];
  const filter = { text: "", state: "all", location: "", firmware: "" };
  const listeners = new Set();
  const hearers = new Set();

  function put(cabinet) {
    const known = blank(cabinet);
    cabinets.set(known.id, known);
    texts.set(known.id, fold(SEARCHED.map((name) => known[name]).join("\n")));
    changed.add(known.id);
  }

  function drop(id) {
    cabinets.delete(id);
    texts.delete(id);
    changed.add(id);
  }

  function snapshot(frame) {
    if (frame.part === 1) fresh = new Set();
    for (const cabinet of frame.cabinets) {
      put(cabinet);
      fresh.add(cabinet.id);
    }
    if (frame.part < frame.parts) return;
    for (const id of [...cabinets.keys()]) if (!fresh.has(id)) drop(id);
  }

  function happened(frame) {
    const cabinet = cabinets.get(frame.cabinetId);
    if (cabinet) cabinet.lastSeen = frame.timestamp;
    events = [frame, ...events.slice(0, EVENTS_KEPT - 1)];
    for (const hearer of hearers) hearer(frame);
  }

  const folds = {
    snapshot,
    state: (frame) => put(frame.cabinet),
    removed: (frame) => drop(frame.cabinetId),
    event: happened,
    config: happened,
    meters: happened,
    batch: (frame) => noteBatch(frame.batch),
  };

  /** An order to several machines; the newest are kept, whoever gave them. */
  function noteBatch(batch) {
    const others = batches.filter((one) => one.id !== batch.id);
    batches = [...others, batch].sort((one, other) => other.at.localeCompare(one.at)).slice(0, BATCHES_KEPT);
  }

  function matches(cabinet) {
    return (
      FILTERS[filter.state].lets(cabinet) &&
      (filter.location === "" || cabinet.location === filter.location) &&
      (filter.firmware === "" || (cabinet.firmware ?? "") === filter.firmware) &&
      (filter.text === "" || texts.get(cabinet.id).includes(fold(filter.text)))
    );
  }

  return Object.freeze({
    /** Takes in one frame, and tells whoever listens. */
    take(frame) {
      if (!Object.hasOwn(folds, frame.type)) return;
      folds[frame.type](frame);
      tell();
    },
    /** The frames that tell another store all that this one knows. */
    recall: () => [{ type: "snapshot", part: 1, parts: 1, cabinets: [...cabinets.values()] }, ...[...events].reverse(), ...batches.map((batch) => ({ type: "batch", batch }))],
    setFilter(change) {
      Object.assign(filter, change);
      tell();
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** `hearer` gets each frame of what a machine said. */
    hear(hearer) {
      hearers.add(hearer);
      return () => hearers.delete(hearer);
    },
    /** The ids that look otherwise since this was last asked. */
    takeChanged() {
      const now = changed;
      changed = new Set();
      return now;
    },
    matches,
    filter,
    cabinet: (id) => cabinets.get(id),
    cabinets: () => cabinets.values(),
    events: () => events,
    batches: () => batches,
    /** The service told of orders to several machines. */
    knowBatches(found) {
      for (const batch of found) noteBatch(batch);
      tell();
    },
    get size() {
      return cabinets.size;
    },
    locations: () => distinct(cabinets, "location"),
    firmwares: () => distinct(cabinets, "firmware"),
    counts() {
      const found = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, 0]));
      for (const cabinet of cabinets.values()) {
        for (const name in found) if (FILTERS[name].lets(cabinet)) found[name] += 1;
      }
      return found;
    },
    states() {
      const found = Object.fromEntries(Object.keys(STATES).map((name) => [name, 0]));
      for (const cabinet of cabinets.values()) if (cabinet.state in found) found[cabinet.state] += 1;
      return found;
    },
  });

  function tell() {
    for (const listener of listeners) listener();
  }
}

function blank(cabinet) {
  const known = { ...cabinet, updating: cabinet.updating ?? [], installing: cabinet.installing === true };
  for (const name of TEXTS) known[name] = String(cabinet[name] ?? "");
  return known;
}

/** What a machine said, in a word or two, of a frame of the floor's stream. */
export function saidIn({ type, event, component, refused }) {
  if (type === "config") return `${refused ? "refused" : "reported"} ${component}`;
  return type === "meters" ? "meters" : String(event ?? "message");
}

function fold(text) {
  return text.toLocaleLowerCase();
}

function distinct(cabinets, name) {
  const found = new Set([...cabinets.values()].map((cabinet) => cabinet[name] ?? "").filter(Boolean));
  return [...found].sort(natural);
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Sorts `cab-2` before `cab-10`. */
export function natural(one, other) {
  return collator.compare(one, other);
}
