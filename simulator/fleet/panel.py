"""A fleet at one moment, and its two pictures: a screen for people, a line for logs. No I/O and no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.fleet.reading import Reading
from simulator.fleet.summary import PERCENTILES, Summary
from simulator.lab.snapshot import BAR_CELLS, Row, clock, cut
from simulator.traffic.terminal import printable

WINDOW_S = 5.0
RATED = ("received", "sent", "answered")
SHOWN_TIMES = (*PERCENTILES, "max")


@dataclass(frozen=True, slots=True)
class Glance:
    """What is shown: the figures, messages a second by direction, and what was said last."""

    reading: Reading
    rates: dict[str, float]
    up_s: float
    processes: int = 1
    ready: bool = False
    last: Sequence[str] = ()


class Rates:
    """Messages a second over the last seconds, from looks at how many there were."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Reading]] = deque()

    def look(self, now_s: float, reading: Reading) -> dict[str, float]:
        """The rates at this moment."""
        while len(self._looks) > 1 and now_s - self._looks[1][0] >= WINDOW_S:
            self._looks.popleft()
        self._looks.append((now_s, reading))
        before_s, before = self._looks[0]
        passed_s = max(now_s - before_s, 1e-3)
        return {name: (getattr(reading, name) - getattr(before, name)) / passed_s for name in RATED}


def panel(glance: Glance, width: int, height: int) -> list[Row]:
    """What a terminal of this size shows: at most `height` rows, none wider than `width`."""
    reading = glance.reading
    rows = [
        _title(glance, width),
        Row(),
        _ramp(reading),
        _row("states", *(f"{number} {state}" for state, number in sorted(reading.states.items()) if number)),
        _row("a second", *(f"{glance.rates[name]:,.1f} {name}" for name in RATED)),
        _row("answers", *_times(reading)),
        _itself(reading),
        *_errors(reading),
        Row(),
        *(Row(((printable(line), "faint"),)) for line in glance.last),
    ]
    foot = Row((("Ctrl-C ends the fleet and says what it was", ""),))
    shown = rows[: max(0, height - 1)]
    blank = [Row()] * max(0, height - 1 - len(shown))
    return [cut(row, width) for row in (*shown, *blank, foot)][-height:]


def status_line(glance: Glance) -> str:
    """The same as one line for a log."""
    reading, summary = glance.reading, Summary(glance.reading)
    named = ("devices", "connected", "subscribed", "answering")
    facts = [f"{name}={getattr(reading, name)}" for name in named]
    facts += (f"{name}_per_s={glance.rates[name]:.1f}" for name in RATED)
    for name in ("p50", "p99", "behind", "lag"):
        if (value := summary.value(name)) is not None:
            facts.append(f"{name}={value / 1000:g}ms")
    if errors := reading.errors.total():
        facts.append(f"errors={errors}")
    return f"= fleet up={clock(glance.up_s)} {' '.join(facts)}"


def _title(glance: Glance, width: int) -> Row:
    processes = f" in {glance.processes} processes" if glance.processes > 1 else ""
    stage = "" if glance.ready else "  starting"
    left = f"fleet  {glance.reading.devices} SMIBs{processes}  up {clock(glance.up_s)}{stage}"
    right = f"{glance.reading.received + glance.reading.sent:,} messages in all"
    return Row(((left, "title"), (" " * max(2, width - len(left) - len(right)), ""), (right, "number")))


def _ramp(reading: Reading) -> Row:
    """How many are there; those without faults that never were are what is wrong."""
    filled = BAR_CELLS * reading.connected // max(1, reading.devices)
    numbers = (
        f"  {reading.connected} connected  {reading.subscribed} subscribed  {reading.answering} answering"
    )
    missing = f"  {reading.missing} missing" if reading.missing else ""
    return Row(
        (
            (f"{'devices':<10}", "faint"),
            ("━" * filled, "good"),
            ("━" * (BAR_CELLS - filled), "faint"),
            (numbers, "good"),
            (missing, "bad"),
        )
    )


def _times(reading: Reading) -> list[str]:
    if not reading.answered:
        return ["no order yet"]
    times = Summary(reading).times_us
    return [f"{name} {(times[name] or 0) / 1000:,.3g} ms" for name in SHOWN_TIMES]


def _itself(reading: Reading) -> Row:
    summary = Summary(reading)
    told = [
        f"{(value or 0) / 1000:,.3g} ms {what}"
        for name, what in (("behind", "behind schedule"), ("lag", "loop lag"))
        if (value := summary.value(name)) is not None
    ]
    if reading.missed_its_rate:
        return Row(((f"{'itself':<10}", "faint"), ("  ".join((*told, "it missed its rate")), "bad")))
    return _row("itself", *(told or ["not watched before all had their time"]))


def _errors(reading: Reading) -> list[Row]:
    return [
        Row(((f"{'errors':<10}", "faint"), (f"{number} {printable(kind)}", "bad")))
        for kind, number in reading.errors.most_common(5)
    ]


def _row(name: str, *facts: str) -> Row:
    return Row(((f"{name:<10}", "faint"), ("  ".join(facts), "")))
