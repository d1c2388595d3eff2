"""Which cabinets an order to many is for: a list of them, or all that fit a description (section 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cms.cabinet import Cabinet
from cms.errors import RequestError
from cms.handlers.cabinets import Cabinets, CabinetState, Filter
from wire.errors import Problem

MAX_CABINETS = 10_000
"""At how many cabinets one order is given at most."""

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Selection:
    """``cabinet_ids``, or the cabinets that fit everything else that is given here."""

    cabinet_ids: tuple[str, ...] | None = None
    filter: Filter = field(default_factory=Filter)
    state: str | None = None
    firmware: str | None = None

    def to_document(self) -> dict[str, Any]:
        """How the cabinets were described, empty for a list."""
        wanted = self.filter
        given = {
            "q": wanted.text,
            "location": wanted.location,
            "online": wanted.online,
            "drift": wanted.drift,
            "state": self.state,
            "firmware": self.firmware,
        }
        if self.cabinet_ids is not None:
            return {}
        return {name: value for name, value in given.items() if value is not None} or {"all": True}


class Selector:
    """``state_of`` gives what the SMIB of a relay is doing, in one word, None where it is on no floor."""

    def __init__(self, cabinets: Cabinets, state_of: Callable[[str], str | None]) -> None:
        self._cabinets = cabinets
        self._state_of = state_of

    async def found(self, selection: Selection) -> list[Cabinet]:
        """The cabinets, by id, or in the order of the list.

        RequestError where one is unknown, or none fits.
        """
        states = await self._cabinets.states(selection.filter)
        if selection.cabinet_ids is not None:
            return _listed(selection.cabinet_ids, {one.cabinet.id: one.cabinet for one in states})
        fitting = [one.cabinet for one in states if self._fits(one, selection)]
        if not fitting:
            raise RequestError("selection", "one that fits at least one cabinet was wanted")
        if len(fitting) > MAX_CABINETS:
            wanted = f"one that fits at most {MAX_CABINETS} cabinets was wanted, not {len(fitting)}"
            raise RequestError("selection", wanted)
        return fitting

    async def seen(self) -> frozenset[str]:
        """The ids of every cabinet that the caller sees."""
        return frozenset(one.cabinet.id for one in await self._cabinets.states(Filter()))

    def _fits(self, one: CabinetState, selection: Selection) -> bool:
        if selection.firmware is not None and one.firmware != selection.firmware:
            return False
        return selection.state in (None, self._state_of(one.cabinet.relay_id))


def _listed(ids: tuple[str, ...], known: dict[str, Cabinet]) -> list[Cabinet]:
    unknown = [
        Problem(f"cabinets[{place}]", f"no cabinet is called {cabinet_id!r}")
        for place, cabinet_id in enumerate(ids)
        if cabinet_id not in known
    ]
    if unknown:
        raise RequestError.of(unknown[:MAX_PROBLEMS])
    return [known[cabinet_id] for cabinet_id in ids]
