"""A fleet's run in figures: as text, as JSON, as CSV, and by name for thresholds."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from simulator.errors import SummaryError

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}


class Sort(Enum):
    """What a figure is of, and so the units that it can be compared in."""

    DEVICES = "devices"
    MESSAGES = "messages"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it counts, and what it means."""

    sort: Sort
    meaning: str


FIGURES: Mapping[str, Figure] = {
    "devices": Figure(Sort.DEVICES, "devices that the fleet was to have"),
    "connected": Figure(Sort.DEVICES, "devices with a connection at the end"),
    "subscribed": Figure(Sort.DEVICES, "devices whose subscriptions were acknowledged, at any time"),
    "answering": Figure(Sort.DEVICES, "devices that answered an order, at any time"),
    "missing": Figure(Sort.DEVICES, "devices without faults that were never subscribed"),
    "received": Figure(Sort.MESSAGES, "messages that came to devices"),
    "sent": Figure(Sort.MESSAGES, "messages that devices sent"),
    "answered": Figure(Sort.MESSAGES, "orders that were answered"),
    "errors": Figure(Sort.MESSAGES, "connections refused or lost, and devices that failed"),
    **{
        name: Figure(Sort.TIME, f"time to an answer, for {percent:g} % of them")
        for name, percent in PERCENTILES.items()
    },
    "max": Figure(Sort.TIME, "the longest time to an answer"),
    "mean": Figure(Sort.TIME, "the mean time to an answer"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one run; `errors` by kind and reason, `times_us` None where nothing was answered."""

    took_s: float
    devices: int
    connected: int
    subscribed: int
    answering: int
    missing: int
    received: int
    sent: int
    answered: int
    errors: Mapping[str, int]
    times_us: Mapping[str, float | None]

    def value(self, name: str) -> float | None:
        """The figure of that name, times in microseconds; None for a time that nothing is known of."""
        if name in self.times_us:
            return self.times_us[name]
        return sum(self.errors.values()) if name == "errors" else float(getattr(self, name))

    def text(self) -> str:
        """A few lines for people."""
        named = ("devices", "connected", "subscribed", "answering")
        lines = [
            "= fleet " + " ".join(f"{name}={getattr(self, name)}" for name in named),
            f"= fleet took={self.took_s:.1f}s received={self.received} sent={self.sent} "
            f"answered={self.answered} sent_per_s={self.sent / max(self.took_s, 1e-9):.1f}",
        ]
        if self.answered:
            times = (f"{name}={_ms(us)}ms" for name, us in self.times_us.items())
            lines.append("= fleet answer " + " ".join(times))
        lines += (f"! fleet errors={number} kind={kind!r}" for kind, number in self.errors.items())
        return "\n".join(lines) + "\n"

    def json(self, verdicts: Sequence[Mapping[str, Any]]) -> str:
        counts = {name: int(self.value(name) or 0) for name, f in FIGURES.items() if f.sort is not Sort.TIME}
        counts.pop("errors")
        fields = {
            "took_s": round(self.took_s, 3),
            **counts,
            "errors": dict(self.errors),
            "answer_ms": {name: _ms(us) for name, us in self.times_us.items()},
            "thresholds": list(verdicts),
        }
        return json.dumps(fields, indent=2) + "\n"

    def csv(self) -> str:
        """A row for each figure: name, value, unit."""
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("figure", "value", "unit"))
        rows.writerow(("took", round(self.took_s, 3), "s"))
        for name, figure in FIGURES.items():
            value = self.value(name)
            if figure.sort is Sort.TIME:
                rows.writerow((name, "" if value is None else _ms(value), "ms"))
            else:
                rows.writerow((name, int(value or 0), figure.sort.value))
        for kind, number in self.errors.items():
            rows.writerow((f"errors: {kind}", number, "messages"))
        return out.getvalue()


def write_report(option: str, path: Path, text: str) -> None:
    """Write a report, in the place of an older one; SummaryError."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise SummaryError(
            f"{option} {path}: a file that can be written was wanted ({exc.strerror})."
        ) from exc


def _ms(us: float | None) -> float | None:
    return None if us is None else round(us / 1000, 3)
