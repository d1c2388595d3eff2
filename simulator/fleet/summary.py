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
from simulator.fleet.latency import Latencies
from simulator.fleet.reading import Reading

TRIPS = {"p50": 50.0, "p99": 99.0, "p99.9": 99.9, "p100": 100.0}
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
    "asked": Figure(Sort.MESSAGES, "questions of --ask"),
    "heard": Figure(Sort.MESSAGES, "of these, answered"),
    "unheard": Figure(Sort.MESSAGES, "of these, without an answer after 10 s"),
    "errors": Figure(Sort.MESSAGES, "connections refused or lost, and devices that failed"),
    **{
        name: Figure(Sort.TIME, f"time to an answer, for {percent:g} % of them")
        for name, percent in PERCENTILES.items()
    },
    "max": Figure(Sort.TIME, "the longest time to an answer"),
    "mean": Figure(Sort.TIME, "the mean time to an answer"),
    **{
        f"trip{name[1:]}": Figure(
            Sort.TIME, f"from when a question was due to its answer, for {p:g} % of them"
        )
        for name, p in TRIPS.items()
    },
    "behind": Figure(Sort.TIME, "how late the fleet itself was with what was due, for 99 % of it"),
    "lag": Figure(Sort.TIME, "how long its event loop kept others waiting, for 99 % of the time"),
}

NAMED = ("devices", "connected", "subscribed", "answering")
RATES = ("received", "sent", "answered", "asked", "heard")
WATCHED_PERCENT = 99.0


class Summary:
    """The figures of one run."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        known = bool(reading.answers.count)
        self.times_us: Mapping[str, float | None] = {
            **{name: reading.answers.percentile_us(percent) for name, percent in PERCENTILES.items()},
            "max": reading.answers.max_us if known else None,
            "mean": reading.answers.mean_us,
        }
        self.trips_us: Mapping[str, float | None] = {
            f"trip{name[1:]}": reading.trips.percentile_us(percent) for name, percent in TRIPS.items()
        }

    @property
    def rates_stand(self) -> bool:
        """Whether the fleet itself was quick enough for its rates to say anything."""
        return not self.reading.missed_its_rate

    @property
    def excuse(self) -> str:
        """Why they do not."""
        return (
            f"the fleet itself fell behind what it was to do: {_ms(self.value('behind'))} ms late, its event "
            f"loop {_ms(self.value('lag'))} ms (p99). Its rates are not reported: more --processes, fewer "
            "devices, or a lower --ask or --play were wanted."
        )

    def value(self, name: str) -> float | None:
        """The figure of that name, times in microseconds; None for a time that nothing is known of."""
        if name in self.times_us:
            return self.times_us[name]
        if name in self.trips_us:
            return self.trips_us[name]
        if name in ("behind", "lag"):
            times: Latencies = getattr(self.reading, name)
            return times.percentile_us(WATCHED_PERCENT)
        return self.reading.errors.total() if name == "errors" else float(getattr(self.reading, name))

    def rate(self, name: str) -> float | None:
        """Messages a second over the whole run; None where the fleet itself missed its rate."""
        value = self.value(name)
        if value is None or not self.rates_stand:
            return None
        return value / max(self.reading.took_s, 1e-9)

    def text(self) -> str:
        """A few lines for people."""
        reading, rate = self.reading, self.rate("sent")
        lines = [
            "= fleet " + " ".join(f"{name}={getattr(reading, name)}" for name in NAMED),
            f"= fleet took={reading.took_s:.1f}s received={reading.received} sent={reading.sent} "
            f"answered={reading.answered} sent_per_s={'missed' if rate is None else f'{rate:.1f}'}",
        ]
        if reading.answered:
            times = (f"{name}={_ms(us)}ms" for name, us in self.times_us.items())
            lines.append("= fleet answer " + " ".join(times))
        if reading.asked:
            times = (f"{name}={_ms(us)}ms" for name, us in self.trips_us.items())
            counts = (f"{name}={getattr(reading, name)}" for name in ("asked", "heard", "unheard"))
            lines.append(f"= fleet {' '.join(counts)} {' '.join(times)}")
        if reading.lag.count:
            watched = (f"{name}={_ms(self.value(name) or 0)}ms" for name in ("behind", "lag"))
            lines.append(f"= fleet itself {' '.join(watched)}")
        lines += (f"! fleet errors={number} kind={kind!r}" for kind, number in self._errors())
        return "\n".join(lines) + "\n"

    def json(self, verdicts: Sequence[Mapping[str, Any]]) -> str:
        counts = {name: int(self.value(name) or 0) for name, f in FIGURES.items() if f.sort is not Sort.TIME}
        counts.pop("errors")
        fields = {
            "took_s": round(self.reading.took_s, 3),
            **counts,
            "errors": dict(self._errors()),
            "answer_ms": {name: _ms(us) for name, us in self.times_us.items()},
            "trip_ms": {name: _ms(us) for name, us in self.trips_us.items()},
            "itself_ms": {name: _ms(self.value(name)) for name in ("behind", "lag")},
            "per_s": {name: _rounded(self.rate(name)) for name in RATES},
            "rates_stand": self.rates_stand,
            "thresholds": list(verdicts),
            "reading": self.reading.to_dict(),
        }
        return json.dumps(fields, indent=2) + "\n"

    def csv(self) -> str:
        """A row for each figure: name, value, unit."""
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("figure", "value", "unit"))
        rows.writerow(("took", round(self.reading.took_s, 3), "s"))
        for name, figure in FIGURES.items():
            value = self.value(name)
            if figure.sort is Sort.TIME:
                rows.writerow((name, _ms(value), "ms"))
            else:
                rows.writerow((name, int(value or 0), figure.sort.value))
        for name in RATES:
            rows.writerow((f"{name}/s", _rounded(self.rate(name)), "messages"))
        for kind, number in self._errors():
            rows.writerow((f"errors: {kind}", number, "messages"))
        return out.getvalue()

    def _errors(self) -> list[tuple[str, int]]:
        return sorted(self.reading.errors.items())


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


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 1)
