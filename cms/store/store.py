"""What the CMS asks of its storage, whatever the engine (contract, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cms.cabinet import Cabinet, ConfigChange
from cms.store.entry import CommandOrder, OutboxEntry


@dataclass(frozen=True, slots=True)
class Ordered:
    """What an order left behind: the cabinet as it is stored now, and what waits to be sent for it."""

    cabinet: Cabinet
    entries: tuple[OutboxEntry, ...]


class Store(Protocol):
    """Cabinets and outbox. Every verb raises StoreError, StoreBusy among them, and no error of its engine."""

    async def open(self) -> None:
        """Bring the schema up to date and get ready; StoreTooNew for a schema of a newer version."""

    async def close(self) -> None:
        """Finish what was asked for, then let go of everything. Closing twice does no harm."""

    async def cabinet(self, cabinet_id: str) -> Cabinet | None: ...

    async def cabinets(self) -> list[Cabinet]:
        """All of them, by id, ``cab-2`` before ``cab-10``."""

    async def cabinet_of_relay(self, relay_id: str) -> Cabinet | None:
        """The cabinet with this SMIB, in whatever spelling section 1 allows; RelayIdError for any other."""

    async def add_cabinets(self, cabinets: Sequence[Cabinet]) -> int:
        """Add those whose id is new, all or none of them, and say how many; what is there stays untouched.

        RelayTaken where a new cabinet has the relay of another one.
        """

    async def order(
        self,
        cabinet_id: str,
        change: ConfigChange,
        command: CommandOrder | None = None,
        expected_revision: int | None = None,
    ) -> Ordered:
        """Merge ``change`` into the cabinet and put it, and ``command``, into the outbox: all or nothing.

        ``***`` in it is resolved first. Values for a component that still waits are merged into the waiting
        entry, which keeps its place; commands are never merged, and come last. UnknownCabinet; EditConflict
        where the cabinet is not at ``expected_revision``.
        """

    async def pending(self, limit: int) -> list[OutboxEntry]:
        """The first ``limit`` entries in the order in which they are to be sent."""

    async def sent(self, entry_id: str, version: int) -> None:
        """Forget an entry, unless it was merged into since ``version``."""

    async def expire(self, now_ms: int) -> list[OutboxEntry]:
        """Remove the commands that must not be sent any more, and tell which."""
