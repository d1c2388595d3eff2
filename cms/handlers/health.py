"""Whether the service lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cms.errors import StoreError
from cms.store.store import Store
from wire.errors import Problem

PATIENCE_S = 1.0

Ailment = Callable[[], str | None]
"""Tells what is wrong with one part of the service, None where nothing is."""


class BrokerState(Protocol):
    """The MQTT service, as far as health needs it."""

    @property
    def failure(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class State:
    """The parts that work, by name, and what is wrong with the others."""

    working: tuple[str, ...]
    problems: tuple[Problem, ...]


class Health:
    """``tasks`` are what the service lives by; ``supplies`` are what it needs besides, to do its work."""

    def __init__(
        self,
        tasks: Mapping[str, Ailment],
        supplies: Mapping[str, Ailment],
        mqtt: BrokerState,
        store: Store,
    ) -> None:
        self._tasks = tasks
        self._supplies = supplies
        self._mqtt = mqtt
        self._store = store

    def life(self) -> State:
        """Whether every supervised task still runs: what else is wrong, no restart of the service mends."""
        return _state({name: ailment() for name, ailment in self._tasks.items()})

    def parts(self) -> State:
        """Tasks and supplies: what is known without asking."""
        return _state(self._parts())

    async def readiness(self) -> State:
        """Life, and all supplies, a connected broker, and a store that answers."""
        return _state({**self._parts(), "broker": self._mqtt.failure, "store": await self._store_problem()})

    def _parts(self) -> dict[str, str | None]:
        return {name: ailment() for name, ailment in {**self._tasks, **self._supplies}.items()}

    async def _store_problem(self) -> str | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._store.cabinet("readiness")
        except TimeoutError:
            return f"no answer within {PATIENCE_S:g} s"
        except StoreError as exc:
            return str(exc)
        return None


def _state(found: Mapping[str, str | None]) -> State:
    working = tuple(name for name, ailment in found.items() if ailment is None)
    return State(
        working, tuple(Problem(name, ailment) for name, ailment in found.items() if ailment is not None)
    )
