"""Which SMIBs a caller reaches by their relay ids: the way into the floor past the cabinets (issue 4)."""

from __future__ import annotations

from cms.errors import OutOfScope
from cms.scope import scope
from cms.store.store import Store


class Reach:
    """Over the fenced store. A relay that no cabinet has is for callers without limits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def check(self, relay_id: str) -> None:
        """OutOfScope where the caller may not reach it."""
        if not scope().whole:
            await self.cabinet_with(relay_id)

    async def cabinet_with(self, relay_id: str) -> str | None:
        """The id of the cabinet with this SMIB, None where none has it; OutOfScope."""
        cabinet = await self._store.cabinet_of_relay(relay_id)
        if cabinet is None and not scope().whole:
            raise OutOfScope(f"relayId: no cabinet that is seen here has the SMIB {relay_id}")
        return None if cabinet is None else cabinet.id
