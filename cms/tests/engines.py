"""The storage engines that every test of the store runs against, and three cabinets to begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from cms.cabinet import Cabinet
from cms.store.mongodb import MongoStore
from cms.store.sqlite import SqliteStore
from cms.store.store import Store
from cms.tests.mongodb_server import NAME, database_at, mongodb_server

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


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """A server that speaks MongoDB's protocol."""
    with mongodb_server() as uri:
        yield uri


@pytest.fixture
def mongodb_database(mongodb_uri: str, tmp_path: Path) -> Iterator[str]:
    """A database that is empty, and gone afterwards."""
    uri = database_at(mongodb_uri, tmp_path)
    yield uri
    drop(uri)


def drop(uri: str) -> None:
    with MongoClient[dict[str, Any]](uri, timeoutMS=5000) as client:
        client.drop_database(client.get_default_database().name)


@pytest.fixture(params=[*ENGINES, NAME])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Runs a scenario on a store with three cabinets."""
    if request.param == NAME:
        uri = request.getfixturevalue("mongodb_database")
        return lambda scenario: play_on(MongoStore(uri, clock_ms=lambda: NOW), scenario)
    return lambda scenario: play_on(ENGINES[request.param](tmp_path), scenario)
