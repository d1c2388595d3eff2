"""What waits in the outbox: an update of one component, or a command, for one SMIB (contract, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cms.cabinet import Cabinet, Config
from wire.commands import COMMAND_LIFE_MS
from wire.orders import Command, ConfigUpdate
from wire.timestamps import format_timestamp


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
    """One order that the broker has not acknowledged yet.

    ``id`` is never used again. ``version`` rises each time when newer values are merged into it, so that what
    is merged while an older version is on its way is sent as well. ``order`` can hold passwords: it is in no
    ``repr``.
    """

    id: str
    version: int
    cabinet_id: str
    relay_id: str
    order: ConfigUpdate | Command = field(repr=False)
    created_ms: int
    expires_ms: int | None = None

    @property
    def what(self) -> str:
        """The component or the command, for a log line."""
        return self.order.name if isinstance(self.order, Command) else self.order.component

    def merged(self, values: Mapping[str, Any]) -> OutboxEntry:
        """This update, which keeps its place, with newer values in it; a command is never merged."""
        if isinstance(self.order, Command):
            raise TypeError("a command can't be merged")
        order = ConfigUpdate(self.order.component, {**self.order.values, **values})
        return replace(self, version=self.version + 1, order=order)

    def expired(self, now_ms: int) -> bool:
        return self.expires_ms is not None and now_ms >= self.expires_ms


def entries_of(
    cabinet: Cabinet, config: Config, command: CommandOrder | None, now_ms: int
) -> list[OutboxEntry]:
    """What has to be sent for an order, in sending order, not stored yet: ``id`` is empty.

    ``net`` and ``mqtt`` go behind the other components, because a device that applies them leaves its
    connection (section 3); the command goes last.
    """
    updates = [ConfigUpdate(component, values) for component, values in config.items() if values]
    updates.sort(key=lambda update: update.component in _RECONNECTING)
    entries = [OutboxEntry("", 1, cabinet.id, cabinet.relay_id, update, now_ms) for update in updates]
    if command is not None:
        message, expires_ms = command.message(), command.expires_ms
        entries.append(OutboxEntry("", 1, cabinet.id, cabinet.relay_id, message, now_ms, expires_ms))
    return entries


_RECONNECTING = ("net", "mqtt")
