"""What was ordered, what the devices got, and what became of it. Nothing here does I/O.

The updates of a cabinet have rising values, so that an older one behind a newer one is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wire.commands import COMMAND_LIFE_MS, COMMANDS


@dataclass(slots=True)
class Line:
    """One cabinet: what the service said it has, what nobody answered for, and what its device got."""

    values: list[int] = field(default_factory=list)
    commands: int = 0
    unsure: int = 0
    device_has: int = 0
    backwards: list[tuple[int, int]] = field(default_factory=list)
    late: int = 0
    executed: Counter[int] = field(default_factory=Counter)

    def got_value(self, value: int) -> None:
        """The device was told this value."""
        if value < self.device_has:
            self.backwards.append((self.device_has, value))
        self.device_has = value

    @property
    def overtaken(self) -> list[tuple[int, int]]:
        """The value that the device had, and the accepted older one that came behind it.

        Of a request that nobody answered nobody knows when it was carried out: it may be the later order.
        """
        return [(newer, older) for newer, older in self.backwards if older in self.values]

    def got_command(self, issued_ms: int, now_ms: int) -> None:
        self.executed[issued_ms] += 1
        self.late += now_ms - issued_ms > COMMAND_LIFE_MS


@dataclass(frozen=True, slots=True)
class Verdict:
    """The counts of a whole run.

    ``unsure`` requests had no answer. Of those that had, ``confirmed`` counts what devices confirmed,
    ``given_up`` what the service shows as ended without that, ``awaited`` commands whose answer was lost with
    broker or service. Several updates that wait together are one order; ``again`` are commands that came
    twice, in time.
    """

    accepted: int
    unsure: int
    confirmed: int
    given_up: int
    awaited: int
    lost: int
    late: int
    overtaken: int
    again: int

    @property
    def good(self) -> bool:
        return not (self.lost or self.late or self.overtaken)


Records = Iterable[Mapping[str, Any]]


def judge(lines: Mapping[str, Line], outcomes: Records, still_open: Records) -> Verdict:
    """``outcomes`` are those of the audit trail, ``still_open`` what the outbox shows as sent or waiting."""
    ended, awaited = [*outcomes], [*still_open]
    states = Counter(one["outcome"] for one in ended)
    known = Counter(one["cabinet"] for one in ended if one["what"] in COMMANDS)
    known.update(one["cabinetId"] for one in awaited if one["what"] in COMMANDS)
    every = lines.values()
    return Verdict(
        accepted=sum(len(line.values) + line.commands for line in every),
        unsure=sum(line.unsure for line in every),
        confirmed=states["confirmed"],
        given_up=states.total() - states["confirmed"],
        awaited=len(awaited),
        lost=sum(_lost(line, known[name]) for name, line in lines.items()),
        late=sum(line.late for line in every),
        overtaken=sum(len(line.overtaken) for line in every),
        again=sum(count - 1 for line in every for count in line.executed.values()),
    )


def _lost(line: Line, commands_known: int) -> int:
    """Updates that the device does not have, nor a newer one; commands of which nothing is known."""
    return sum(value > line.device_has for value in line.values) + max(0, line.commands - commands_known)
