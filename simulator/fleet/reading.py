"""What a fleet has done up to a moment, in figures that can be put together with those of its other parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from simulator.errors import SummaryError
from simulator.fleet.latency import Latencies

LATE_US = 500_000
"""What was to happen and happened later than that was missed."""
LATE_SHARE = 0.01
"""The part of all that may be."""
FEW = 20
"""So few prove nothing, whatever part of all they are."""


@dataclass(slots=True)
class Reading:
    """`devices`, `connected`, `sound` and `missing` are of the moment, `subscribed` and `answering` count who
    ever was; the rest adds up. `missing` are those of `sound` (without faults) that were never subscribed.

    `answers` are times to an answer, `trips` those of our own questions through broker and device, `behind`
    how late what was due came about, `lag` how long the event loop kept waiting who wanted it.
    """

    took_s: float = 0.0
    devices: int = 0
    connected: int = 0
    subscribed: int = 0
    answering: int = 0
    missing: int = 0
    states: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    answers: Latencies = field(default_factory=Latencies)
    trips: Latencies = field(default_factory=Latencies)
    behind: Latencies = field(default_factory=Latencies)
    lag: Latencies = field(default_factory=Latencies)

    @property
    def received(self) -> int:
        return self.totals["received"]

    @property
    def sent(self) -> int:
        return self.totals["sent"]

    @property
    def answered(self) -> int:
        return self.answers.count

    @property
    def asked(self) -> int:
        return self.totals["asked"]

    @property
    def heard(self) -> int:
        return self.trips.count

    @property
    def unheard(self) -> int:
        return self.totals["unheard"]

    @property
    def missed_its_rate(self) -> bool:
        """Whether the fleet itself was too slow for what it was to do: rates of it say nothing then."""
        return _missed(self.behind) or _missed(self.lag)

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values, for another process."""
        return {row.name: _plain(getattr(self, row.name)) for row in fields(self)}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Reading:
        """What `to_dict` gave; SummaryError for what it did not."""
        try:
            read: dict[str, Any] = {name: int(kept[name]) for name in _NUMBERS}
            for name in _COUNTS:
                read[name] = Counter({str(what): int(number) for what, number in kept[name].items()})
            read |= {name: Latencies.from_dict(kept[name]) for name in _TIMES}
            return cls(took_s=float(kept["took_s"]), **read)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
            raise SummaryError(f"the figures of a fleet were wanted ({type(exc).__name__}: {exc}).") from exc


def together(readings: Iterable[Reading]) -> Reading:
    """The parts of a fleet as one."""
    whole = Reading()
    for one in readings:
        whole.took_s = max(whole.took_s, one.took_s)
        for name in _NUMBERS:
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
        for name in _COUNTS:
            getattr(whole, name).update(getattr(one, name))
        for name in _TIMES:
            getattr(whole, name).merge(getattr(one, name))
    return whole


_NUMBERS = ("devices", "connected", "subscribed", "answering", "missing")
_COUNTS = ("states", "totals", "errors")
_TIMES = ("answers", "trips", "behind", "lag")


def _missed(times: Latencies) -> bool:
    late = times.over(LATE_US)
    return late > FEW and late > LATE_SHARE * times.count


def _plain(value: Any) -> Any:
    if isinstance(value, Latencies):
        return value.to_dict()
    return dict(value) if isinstance(value, Counter) else value
