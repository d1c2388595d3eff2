"""Orders that are made of earlier ones: in step again, and back to an earlier configuration (section 7)."""

from __future__ import annotations

from dataclasses import dataclass

from cms.actor import Act, Actor
from cms.cabinet import ConfigChange
from cms.errors import EditConflict, UnknownCabinet, UnknownRevision
from cms.handlers.orders import OrderOutcome, Orders
from cms.reported import Reports
from cms.revision import way_back
from cms.store.store import Ordered, Store

TRIES = 5
"""How often a roll-back is worked out anew because somebody else was faster."""


@dataclass(frozen=True, slots=True)
class Reordered:
    """``components`` were ordered; ``kept`` are the fields that a roll-back could not take back."""

    outcome: OrderOutcome
    components: tuple[str, ...]
    kept: tuple[str, ...] = ()


class Reorders:
    """Orders again."""

    def __init__(self, store: Store, orders: Orders, reports: Reports) -> None:
        self._store = store
        self._orders = orders
        self._reports = reports

    async def resync(self, cabinet_id: str, actor: Actor, *, everything: bool = False) -> Reordered:
        """Order again the components that are not known to be in step, or all. UnknownCabinet.

        What is on its way already is not ordered once more.
        """
        await self._reports.flush()
        standing = await self._store.standing(cabinet_id)
        if standing is None:
            raise UnknownCabinet(cabinet_id)
        components = tuple(standing.settable()) if everything else standing.out_of_step()
        if not components:
            outcome = await self._orders.deliver(Ordered(standing.cabinet, ()))
            return Reordered(outcome, ())
        ordered = await self._store.resend(cabinet_id, components, Act(actor, "resync"))
        return Reordered(await self._orders.deliver(ordered), components)

    async def rollback(self, cabinet_id: str, number: int, actor: Actor, expected: int | None) -> Reordered:
        """Order what was ordered at the revision ``number``.

        UnknownCabinet, UnknownRevision; EditConflict where the cabinet is not at ``expected``.
        """
        act = Act(actor, "rollback", {"to": number})
        for attempt in range(TRIES):
            cabinet = await self._store.cabinet(cabinet_id)
            if cabinet is None:
                raise UnknownCabinet(cabinet_id)
            earlier = await self._store.revision(cabinet_id, number)
            if earlier is None:
                raise UnknownRevision(cabinet_id, number)
            change, kept = way_back(cabinet.smib_config, earlier.config)
            at = cabinet.revision if expected is None else expected
            try:
                ordered = await self._store.order(cabinet_id, ConfigChange(change), None, at, act)
            except EditConflict:
                if expected is not None or attempt == TRIES - 1:
                    raise
                continue
            break
        return Reordered(await self._orders.deliver(ordered), tuple(change), tuple(kept))
