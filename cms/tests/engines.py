"""The storage engines that every test of the store runs against, and three cabinets to begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from cms.cabinet import Cabinet
from cms.store.sqlite import SqliteStore
from cms.store.store import Store

NOW = 1_760_000_000_000
SECRET = "casino-4711"

CABINETS = [
    Cabinet(
        "cab-1",
        "e831cdfa8384",
        name="Lucky Lion 12",
        location="Main Floor",
        asset_number="A-1",
        serial_number="SN-1",
        game="Lucky Lion",
        smib_config={"net": {"netStaSSID": "Casino_WiFi", "netStaPwd": SECRET}},
        smib_version={"firmware": "1.0.0"},
    ),
    Cabinet("cab-10", "Board_10"),
    Cabinet("cab-2", "e831cdfa8464", smib_config={"mqtt": {"mqttURI": f"mqtt://m:{SECRET}@h"}}),
]

ENGINES: dict[str, Callable[[Path], Store]] = {
    "sqlite-file": lambda folder: SqliteStore(folder / "cms.sqlite3", clock_ms=lambda: NOW),
    "sqlite-memory": lambda _: SqliteStore(":memory:", clock_ms=lambda: NOW),
}

Scenario = Callable[[Store], Coroutine[Any, Any, None]]
Play = Callable[[Scenario], None]


def play_on(store: Store, scenario: Scenario) -> None:
    async def whole() -> None:
        await store.open()
        try:
            await store.add_cabinets(CABINETS)
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(whole())


@pytest.fixture(params=ENGINES)
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Runs a scenario on a store with three cabinets."""
    return lambda scenario: play_on(ENGINES[request.param](tmp_path), scenario)
