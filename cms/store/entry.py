"""What is on its way to a SMIB: an update of one component, or a command (contract, section 6).

    waiting ──PUBACK──► sent ──the device's answer──► confirmed, refused
       │                 └── no answer in time ──► sent again, in the end unconfirmed
       └──► expired (a command), failed (no topic takes it)         superseded: a newer order names the field

A command is sent once, an update with back-off until it is answered. ``unconfirmed`` while the device was not
heard at all is ``absent``: it is sent again when the device comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from cms.cabinet import Cabinet, Config
from wire.commands import COMMAND_LIFE_MS, RESTART
from wire.orders import Command, ConfigUpdate
from wire.timestamps import format_timestamp

FIRST_ANSWER_MS = 15_000
LAST_ANSWER_MS = 300_000
COMMAND_ANSWER_MS = 120_000
MAX_TRIES = 6
"""How often an update is sent to a device that is heard and does not answer; that takes 13 minutes."""


class State(StrEnum):
    """The life of an entry."""

    WAITING = "waiting"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CommandOrder:
    """RESTART, LOCK MACHINE or UNLOCK MACHINE, and when it was given, in milliseconds since 1970."""

    name: str
    issued_ms: int

    @property
    def expires_ms(self) -> int:
        """From when on it must not be sent any more (section 4)."""
        return self.issued_ms + COMMAND_LIFE_MS

    def message(self) -> Command:
        return Command(self.name, format_timestamp(self.issued_ms))


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One order on its way.

    ``id`` is never used again. ``version`` rises each time when its values change, so that what is merged
    while an older version is on its way is sent as well. ``order`` can hold passwords: it is in no ``repr``.
    ``sent_ms`` is the last PUBACK, ``next_ms`` when it is due again, ``ended_ms`` when it was decided.
    """

    id: str
    version: int
    cabinet_id: str
    relay_id: str
    order: ConfigUpdate | Command = field(repr=False)
    created_ms: int
    expires_ms: int | None = None
    state: State = State.WAITING
    tries: int = 0
    sent_ms: int | None = None
    next_ms: int | None = None
    ended_ms: int | None = None
    detail: str = ""
    absent: bool = False

    @property
    def what(self) -> str:
        """The component or the command, for a log line."""
        return self.order.name if isinstance(self.order, Command) else self.order.component

    @property
    def values(self) -> Mapping[str, Any]:
        """What is ordered of the component; nothing for a command."""
        return {} if isinstance(self.order, Command) else self.order.values

    @property
    def open(self) -> bool:
        """Whether it may still be sent, or is still to be answered."""
        return self.state in (State.WAITING, State.SENT) or self.absent

    def merged(self, values: Mapping[str, Any]) -> OutboxEntry:
        """This update, which keeps its place, with newer values in it; a command is never merged."""
        if isinstance(self.order, Command):
            raise TypeError("a command can't be merged")
        order = ConfigUpdate(self.order.component, {**self.order.values, **values})
        return replace(self, version=self.version + 1, order=order)

    def without(self, names: Iterable[str], now_ms: int) -> OutboxEntry:
        """This update without the fields that a newer order names; superseded where none is left."""
        if isinstance(self.order, Command):
            raise TypeError("a command has no fields")
        gone = set(names)
        left = {name: value for name, value in self.order.values.items() if name not in gone}
        if len(left) == len(self.order.values):
            return self
        if not left:
            ended = replace(self, version=self.version + 1, state=State.SUPERSEDED, ended_ms=now_ms)
            return replace(ended, next_ms=None, absent=False, detail="a newer order names the same fields")
        return replace(self, version=self.version + 1, order=ConfigUpdate(self.order.component, left))

    def acknowledged(self, now_ms: int) -> OutboxEntry:
        """This entry when the broker has it: an answer of the device is due in a while."""
        wait_ms = COMMAND_ANSWER_MS
        if not isinstance(self.order, Command):
            wait_ms = min(FIRST_ANSWER_MS * 2**self.tries, LAST_ANSWER_MS)
        sent = replace(self, state=State.SENT, tries=self.tries + 1, sent_ms=now_ms, absent=False)
        return replace(sent, next_ms=now_ms + wait_ms)

    def settled(self, settlement: Settlement, now_ms: int) -> OutboxEntry:
        """This entry when it is decided."""
        return replace(
            self,
            state=settlement.state,
            detail=settlement.detail,
            absent=settlement.absent,
            ended_ms=now_ms,
            next_ms=None,
        )

    def was_sent_before(self, moment_ms: int) -> bool:
        return (self.sent_ms or 0) <= moment_ms

    def revived(self, now_ms: int) -> OutboxEntry:
        """This update, due at once, because its device came back."""
        tries = 0 if self.absent else self.tries
        return replace(
            self, state=State.SENT, tries=tries, next_ms=now_ms, ended_ms=None, detail="", absent=False
        )

    @property
    def exhausted(self) -> bool:
        """Whether it must not be sent once more: a command that was sent, an update after its last try."""
        return isinstance(self.order, Command) or self.tries >= MAX_TRIES

    def expired(self, now_ms: int) -> bool:
        return self.expires_ms is not None and now_ms >= self.expires_ms


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of an entry; ``detail`` is a sentence without secrets."""

    state: State
    detail: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class OutboxFilter:
    """Which entries, newest first: those before the id ``before``, ``limit`` at most."""

    state: State | None = None
    cabinet_id: str | None = None
    before: int | None = None
    limit: int = 100
    cabinet_ids: frozenset[str] | None = None


def entries_of(
    cabinet: Cabinet, config: Config, command: CommandOrder | None, now_ms: int
) -> list[OutboxEntry]:
    """What has to be sent for an order, in sending order, not stored yet: ``id`` is empty.

    ``net`` and ``mqtt`` go last, because a device that applies them leaves its connection (section 3), and
    what is sent meanwhile is lost: so LOCK MACHINE and UNLOCK MACHINE go before them. RESTART goes behind
    them, or the update would be what is lost (INT-67).
    """
    updates = [ConfigUpdate(component, values) for component, values in config.items() if values]
    orders: list[ConfigUpdate | Command] = [*updates] if command is None else [*updates, command.message()]
    orders.sort(key=_turn)
    expires_ms = None if command is None else command.expires_ms
    return [
        OutboxEntry(
            "",
            1,
            cabinet.id,
            cabinet.relay_id,
            order,
            now_ms,
            expires_ms if isinstance(order, Command) else None,
        )
        for order in orders
    ]


def _turn(order: ConfigUpdate | Command) -> int:
    if isinstance(order, Command):
        return 3 if order.name == RESTART else 1
    return 2 if order.component in _RECONNECTING else 0


_RECONNECTING = ("net", "mqtt")
