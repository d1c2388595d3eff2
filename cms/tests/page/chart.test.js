// Pictures over time, as paths.

import assert from "node:assert/strict";
import { test } from "node:test";

import { STEPS, bars, byStep, line, roundTop } from "../../page/chart.js";

const point = (at, messages) => ({ at, messages });

test("points stand at their step of the clock, the newest last, and gaps stay gaps", () => {
  const steps = byStep({ to: "2026-11-23T10:31:20.000Z", step: 60, points: [point("2026-11-23T10:28:00.000Z", 1), point("2026-11-23T10:31:00.000Z", 2), point("2026-11-22T10:31:00.000Z", 3)] });
  assert.equal(steps.length, STEPS);
  assert.deepEqual(steps.slice(-4).map((one) => one && one.messages), [1, null, null, 2]);
  assert.equal(steps.filter(Boolean).length, 2);
});

for (const [values, top] of [[[], 1], [[0], 1], [[3], 5], [[10], 10], [[11, 4], 20], [[501], 1000]]) {
  test(`the round number above ${values}`, () => assert.equal(roundTop(values), top));
}

test("bars stand on the ground or on each other, and nothing has none", () => {
  assert.equal(bars([1, null, 0], 2), "M0.15 100V50h0.7V100Z");
  assert.equal(bars([2, null], 2, [1, null]), "M0.15 50V0h0.7V50Z");
});

test("a line is broken where there is no value, and a lone one is a dash", () => {
  assert.equal(line([1, 2, null, 1, null], 2), "M0.5 50L1.5 0M3 50h1");
  assert.equal(line([], 2), "");
});
