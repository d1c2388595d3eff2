"""`--fail-if`: what a run must not be, as `p99>200ms`; a figure, a comparison, a number and its unit."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.errors import SummaryError
from simulator.fleet.summary import FIGURES, Sort, Summary

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
UNITS: Mapping[Sort, Mapping[str, float]] = {
    Sort.DEVICES: {"": 1, "%": 1},
    Sort.MESSAGES: {"": 1, "/s": 1},
    Sort.TIME: {"us": 1, "ms": 1_000, "s": 1_000_000},
}
PARTS = re.compile(r"\s*([a-z0-9.]+)\s*(>=|<=|==|!=|>|<)\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-z/%]*)\s*")


@dataclass(frozen=True, slots=True)
class Threshold:
    """One expression that was understood."""

    text: str
    figure: str
    comparison: str
    number: float
    unit: str

    def value(self, summary: Summary) -> float | None:
        """The figure in this threshold's unit; None for a time that nothing is known of, and for a rate that
        the fleet itself missed.
        """
        value = summary.value(self.figure)
        if value is None:
            return None
        if self.unit == "%":
            return 100 * value / max(1, summary.reading.devices)
        if self.unit == "/s":
            return summary.rate(self.figure)
        return value / UNITS[FIGURES[self.figure].sort][self.unit]

    def failed(self, summary: Summary) -> bool:
        """Whether the run is what it must not be. What nothing is known of fails."""
        value = self.value(summary)
        return value is None or COMPARISONS[self.comparison](value, self.number)

    def sentence(self, summary: Summary) -> str:
        """Why it failed."""
        value = self.value(summary)
        if value is None and self.unit == "/s":
            return f"--fail-if {self.text}: the fleet itself fell behind, so there is no rate."
        if value is None:
            return f"--fail-if {self.text}: nothing was timed, so there is no {self.figure}."
        return f"--fail-if {self.text}: {self.figure} is {value:.6g}{self.unit}."

    def verdict(self, summary: Summary) -> dict[str, Any]:
        """As a report holds it."""
        return {"fail_if": self.text, "value": self.value(summary), "failed": self.failed(summary)}


def threshold(text: str) -> Threshold:
    """What an expression says; SummaryError with what was wanted in its place."""
    found = PARTS.fullmatch(text)
    if found is None:
        sentence = "a figure, one of > >= < <= == !=, a number and its unit were wanted, as p99>200ms"
        raise SummaryError(f"{sentence}; not {text[:60]!r}")
    figure, comparison, number, unit = found.groups()
    if figure not in FIGURES:
        raise SummaryError(f"one of {', '.join(FIGURES)} was wanted, not {figure[:40]!r}")
    units = UNITS[FIGURES[figure].sort]
    if unit not in units:
        wanted = " or ".join(name or "none" for name in units)
        raise SummaryError(f"the unit of {figure} is {wanted}, not {unit[:10] or 'none'!r}")
    return Threshold(text.strip(), figure, comparison, float(number), unit)
