// Small pictures over time as paths of SVG: one unit wide for each step, HEIGHT units high. No DOM.

export const STEPS = 60;
export const HEIGHT = 100;
const GAP = 0.15;

/** The points of an answer of GET /api/analytics by step, oldest first; null where the service knows of none. */
export function byStep({ points, to, step }) {
  const last = Math.floor(Date.parse(to) / 1000 / step);
  const found = new Map(points.map((point) => [Math.floor(Date.parse(point.at) / 1000 / step), point]));
  return Array.from({ length: STEPS }, (_, index) => found.get(last - STEPS + 1 + index) ?? null);
}

/** A round number that no value exceeds. */
export function roundTop(values) {
  const most = Math.max(1, ...values);
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((times) => times * power).find((top) => top >= most);
}

/** Bars from `floors` (nothing: the ground) up to `values`; null has none. */
export function bars(values, top, floors = []) {
  const height = (value) => round(HEIGHT - (HEIGHT * value) / top);
  const bar = (value, index) => (value === null || value === (floors[index] ?? 0) ? "" : `M${index + GAP} ${height(floors[index] ?? 0)}V${height(value)}h${round(1 - 2 * GAP)}V${height(floors[index] ?? 0)}Z`);
  return values.map(bar).join("");
}

/** A line through the values, from middle to middle; it is broken where there is none, and a lone value is a dash. */
export function line(values, top) {
  const at = (value) => round(HEIGHT - (HEIGHT * Math.min(value, top)) / top);
  const part = (value, index) => {
    if (value === null) return "";
    const alone = (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
    if (alone) return `M${index} ${at(value)}h1`;
    return `${(values[index - 1] ?? null) === null ? "M" : "L"}${index + 0.5} ${at(value)}`;
  };
  return values.map(part).join("");
}

function round(number) {
  return Math.round(number * 100) / 100;
}
