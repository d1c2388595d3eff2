// Builds elements. Whatever a device or a person chose to say becomes a text node, never markup (design, rule 13).

const SVG = "http://www.w3.org/2000/svg";

/** An element. `props`: `class`, `on` (listeners), `data` (dataset), DOM properties, and attributes with a dash. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG, where everything is an attribute. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

function fill(element, { class: names, on = {}, data = {}, ...rest }, children) {
  if (names) element.className = names;
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(rest)) {
    if (name in element && !name.includes("-")) element[name] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const OTHER_DIRECTION = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802-\ud803\ud83a-\ud83b]/;

/** A text that somebody chose, for the middle of a sentence: written from right to left, it leaves the rest in order. */
export function isolated(text) {
  return OTHER_DIRECTION.test(text) ? `\u2068${text}\u2069` : text;
}

/** Sets the text of an element, and touches the DOM only where it differs. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Disables a control with the reason why, for those who see it and for those who hear it. */
export function guard(control, { allowed, reason }) {
  control.disabled = !allowed;
  control.title = allowed ? "" : reason;
  if (allowed) control.removeAttribute("aria-description");
  else control.setAttribute("aria-description", reason);
  return control;
}

/** Calls `draw` once in the next frame, however often the result is called until then. */
export function perFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** Calls `draw` at once, and then at most every `ms`, the last time after the result was called last. */
export function calmly(draw, ms = 250) {
  let due = null;
  let again = false;

  function run() {
    again = false;
    due = setTimeout(() => {
      due = null;
      if (again) run();
    }, ms);
    draw();
  }

  const call = () => (due === null ? run() : (again = true));
  return Object.assign(call, { stop: () => clearTimeout(due) });
}

/** A time of day as the person's own clock shows it. */
export const clock = timeIn("medium");
export const clockMinutes = timeIn("short");

function timeIn(timeStyle) {
  const times = new Intl.DateTimeFormat([], { timeStyle, hourCycle: "h23" });
  return (timestamp) => {
    const time = new Date(timestamp);
    return Number.isNaN(time.getTime()) ? "" : times.format(time);
  };
}
