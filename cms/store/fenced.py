"""The store as a request sees it: only cabinets at the locations of its caller, and what belongs to them.

The one place that narrows what is stored. A verb that is not named here is for callers without limits alone,
so that a new one is closed to the others until somebody has thought about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from cms.actor import Act
from cms.audit import AuditEntry, AuditFilter
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import OutOfScope, UnknownCabinet
from cms.revision import Revision
from cms.scope import scope
from cms.standing import Standing
from cms.store.entry import CommandOrder, OutboxEntry, OutboxFilter
from cms.store.store import Ordered, Store

FREE = ("outcomes", "record")
"""Verbs that tell nothing of a cabinet which the caller did not know before."""


class Fenced:
    """``store``, as far as the scope of the request under way goes. What is outside does not exist."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, verb: str) -> Any:
        if verb not in FREE and not scope().whole:
            raise OutOfScope("This concerns the whole floor")
        return getattr(self._store, verb)

    async def cabinet(self, cabinet_id: str) -> Cabinet | None:
        return _seen(await self._store.cabinet(cabinet_id))

    async def cabinets(self) -> list[Cabinet]:
        limits = scope()
        return [one for one in await self._store.cabinets() if limits.holds(one.location)]

    async def cabinet_of_relay(self, relay_id: str) -> Cabinet | None:
        return _seen(await self._store.cabinet_of_relay(relay_id))

    async def order(
        self,
        cabinet_id: str,
        change: ConfigChange,
        command: CommandOrder | None = None,
        expected_revision: int | None = None,
        act: Act = Act(),  # noqa: B008 - frozen
    ) -> Ordered:
        await self._require(cabinet_id)
        return await self._store.order(cabinet_id, change, command, expected_revision, act)

    async def resend(self, cabinet_id: str, components: Sequence[str] | None, act: Act) -> Ordered:
        await self._require(cabinet_id)
        return await self._store.resend(cabinet_id, components, act)

    async def outbox(self, wanted: OutboxFilter) -> list[OutboxEntry]:
        return await self._store.outbox(replace(wanted, cabinet_ids=await self._ids()))

    async def standing(self, cabinet_id: str) -> Standing | None:
        standing = await self._store.standing(cabinet_id)
        return None if standing is None or _seen(standing.cabinet) is None else standing

    async def standings(self) -> list[Standing]:
        limits = scope()
        return [one for one in await self._store.standings() if limits.holds(one.cabinet.location)]

    async def history(self, cabinet_id: str, before: int | None, limit: int) -> list[Revision]:
        await self._require(cabinet_id)
        return await self._store.history(cabinet_id, before, limit)

    async def revision(self, cabinet_id: str, number: int) -> Revision | None:
        await self._require(cabinet_id)
        return await self._store.revision(cabinet_id, number)

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        return await self._store.audit(replace(wanted, cabinet_ids=await self._ids()))

    async def _require(self, cabinet_id: str) -> None:
        if not scope().whole and await self.cabinet(cabinet_id) is None:
            raise UnknownCabinet(cabinet_id)

    async def _ids(self) -> frozenset[str] | None:
        """The cabinets that are seen, None for all."""
        return None if scope().whole else frozenset(one.id for one in await self.cabinets())


def fenced(store: Store) -> Store:
    """What whoever works for a request is given in place of ``store``."""
    return cast(Store, Fenced(store))


def _seen(cabinet: Cabinet | None) -> Cabinet | None:
    return cabinet if cabinet is not None and scope().holds(cabinet.location) else None
