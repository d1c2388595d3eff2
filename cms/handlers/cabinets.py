"""What an operator may look at: the cabinets, what is stored of each, and whether its SMIB is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cms.cabinet import Cabinet
from cms.errors import UnknownCabinet
from cms.presence import Presence
from cms.reported import Reports
from cms.standing import Standing
from cms.store.store import Store
from wire.topics import Topics


@dataclass(frozen=True, slots=True)
class CabinetState:
    """A cabinet and its SMIB. ``last_seen_ms`` and ``firmware`` are None where nothing was heard of it.

    ``standing`` is there where drift was asked for.
    """

    cabinet: Cabinet
    online: bool
    last_seen_ms: int | None
    firmware: str | None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cabinets. ``text`` is looked for in ids, names and numbers; None lets every cabinet through."""

    text: str | None = None
    location: str | None = None
    online: bool | None = None
    drift: bool | None = None

    def lets_through(self, state: CabinetState) -> bool:
        cabinet = state.cabinet
        if state.standing is not None and self.drift is (state.standing.in_step is not False):
            return False
        if self.online is not None and state.online != self.online:
            return False
        if self.location is not None and cabinet.location.casefold() != self.location.casefold():
            return False
        return self.text is None or self.text.casefold() in _searched(cabinet)


class Cabinets:
    """Reads cabinets."""

    def __init__(
        self,
        store: Store,
        presence: Presence,
        reports: Reports,
        topics: Topics,
        clock_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._reports = reports
        self._presence = presence
        self._topics = topics
        self._clock_ms = clock_ms

    async def one(self, cabinet_id: str) -> Cabinet:
        """The cabinet; UnknownCabinet where there is none."""
        cabinet = await self._store.cabinet(cabinet_id)
        if cabinet is None:
            raise UnknownCabinet(cabinet_id)
        return cabinet

    async def relay_of(self, cabinet_id: str) -> str:
        """The relay id of a cabinet's SMIB; UnknownCabinet where there is none."""
        return (await self.one(cabinet_id)).relay_id

    async def state(self, cabinet_id: str) -> CabinetState:
        """The cabinet and its SMIB; UnknownCabinet."""
        return self._state(await self.one(cabinet_id))

    async def states(self, wanted: Filter) -> list[CabinetState]:
        """Every cabinet that ``wanted`` lets through, by id."""
        states: Iterable[CabinetState]
        if wanted.drift is None:
            states = (self._state(cabinet) for cabinet in await self._store.cabinets())
        else:
            await self._reports.flush()
            standings = await self._store.standings()
            states = (replace(self._state(one.cabinet), standing=one) for one in standings)
        return [state for state in states if wanted.lets_through(state)]

    async def standing(self, cabinet_id: str) -> Standing:
        """What was ordered of a cabinet's SMIB next to what it reported; UnknownCabinet."""
        await self._reports.flush((await self.one(cabinet_id)).relay_id)
        standing = await self._store.standing(cabinet_id)
        if standing is None:
            raise UnknownCabinet(cabinet_id)
        return standing

    async def standings(self, wanted: Filter) -> list[Standing]:
        """The same of every cabinet that ``wanted`` lets through, by id."""
        await self._reports.flush()
        lets_through = {state.cabinet.id for state in await self.states(wanted)}
        return [one for one in await self._store.standings() if one.cabinet.id in lets_through]

    async def summary(self, cabinet_id: str) -> dict[str, str]:
        """The specification's summary of a cabinet's configuration, every value a string; UnknownCabinet."""
        state = await self.state(cabinet_id)
        return state.cabinet.mqtt_summary(self._topics, state.firmware)

    def _state(self, cabinet: Cabinet) -> CabinetState:
        seen = self._presence.of(cabinet.relay_id)
        if seen is None:
            return CabinetState(cabinet, online=False, last_seen_ms=None, firmware=None)
        return CabinetState(cabinet, seen.online(self._clock_ms()), seen.last_seen_ms or None, seen.version)


def _searched(cabinet: Cabinet) -> str:
    return "\n".join((cabinet.id, cabinet.relay_id, *cabinet.texts.values())).casefold()
