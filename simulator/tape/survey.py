"""What a floor's traffic tells of its devices: their values, and how their machines are played.

Its memory grows with the number of devices, not with that of messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.device.play import CREDITS_PER_UNIT, HOUR_MS, HOURS, LARGEST_BILL
from simulator.errors import TapeError
from simulator.fleet.plan import MAX_DEVICES
from simulator.tape.line import Taped
from wire.components import COMPONENTS
from wire.errors import WireError
from wire.reports import ConfigAnswer, Event, decode_report
from wire.topics import Topics

KINDS_KEPT = 32
"""Different bets and bills that are told apart."""
LARGEST_PYD = 12


@dataclass(slots=True)
class Seen:
    """What was seen of one device. `values` is by component, as answered last; money is in credits."""

    relay_id: str
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    games: list[int] = field(default_factory=lambda: [0] * HOURS)
    bets: Counter[int] = field(default_factory=Counter)
    bills: Counter[int] = field(default_factory=Counter)
    won: int = 0
    events: int = 0
    stamped: int = 0

    @property
    def played(self) -> int:
        return sum(self.games)


class Survey:
    """Takes messages in the order of their time; `devices` is by relay id."""

    def __init__(self, topics: Topics | None = None) -> None:
        self._topics = topics or Topics()
        self.devices: dict[str, Seen] = {}
        self.first_ms: int | None = None
        self.last_ms = 0

    @property
    def length_ms(self) -> int:
        """From the first message to the last."""
        return 0 if self.first_ms is None else max(0, self.last_ms - self.first_ms)

    def see(self, message: Taped) -> str | None:
        """Take a message in; the relay id where it is the first report of a device.

        What is no report is passed over. TapeError for more devices than a fleet can have.
        """
        self.first_ms = message.time_ms if self.first_ms is None else min(self.first_ms, message.time_ms)
        self.last_ms = max(self.last_ms, message.time_ms)
        try:
            report = decode_report(message.payload, self._topics.relay_of(message.topic))
        except WireError:
            return None
        known = report.relay_id in self.devices
        if not known:
            if len(self.devices) >= MAX_DEVICES:
                raise TapeError(f"devices: at most {MAX_DEVICES} can be in a fleet file.")
            self.devices[report.relay_id] = Seen(report.relay_id)
        seen = self.devices[report.relay_id]
        if isinstance(report, ConfigAnswer):
            _answered(seen, report.component, report.values)
        elif isinstance(report, Event):
            _happened(seen, report, message.time_ms)
        return None if known else report.relay_id


def _answered(seen: Seen, component: str, values: Mapping[str, Any]) -> None:
    """Answers add up, for one may be partial."""
    if component in COMPONENTS:
        rows = {row.name for row in COMPONENTS[component]}
        seen.values.setdefault(component, {}).update({n: v for n, v in values.items() if n in rows})


def _happened(seen: Seen, event: Event, time_ms: int) -> None:
    seen.events += 1
    seen.stamped += event.ts is not None
    amount = int(event.pyd) if event.pyd.isdecimal() and len(event.pyd) <= LARGEST_PYD else 0
    if event.name == "GAME_PLAYED":
        seen.games[time_ms // HOUR_MS % HOURS] += 1
        _counted(seen.bets, amount)
    elif event.name == "GAME_WON":
        seen.won += amount
    elif event.name == "BILL_ACCEPTED" and 0 < amount // CREDITS_PER_UNIT <= LARGEST_BILL:
        _counted(seen.bills, amount // CREDITS_PER_UNIT)


def _counted(counter: Counter[int], amount: int) -> None:
    if amount > 0 and (amount in counter or len(counter) < KINDS_KEPT):
        counter[amount] += 1
