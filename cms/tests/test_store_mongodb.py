"""What is particular to MongoDB: one document for what belongs together, two processes, a server that goes.

Against CMS_TEST_MONGODB_URI, else against nx-27017, which is no MongoDB: see mongodb_server.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from cms.actor import Act
from cms.audit import AuditFilter, Chain
from cms.cabinet import Cabinet, ConfigChange
from cms.database import file_of, shown, store_at
from cms.errors import EditConflict, SettingError, StoreBusy, StoreError, StoreTooNew
from cms.standing import FieldReport
from cms.store.entry import CommandOrder
from cms.store.mongodb import MongoStore
from cms.store.mongodb_import import Imports
from cms.store.mongodb_machines import Machines
from cms.store.store import RelayReport, Store
from cms.tests.engines import CABINETS, NOW, SECRET, mongodb_database, mongodb_uri, play_on
from cms.tests.mongodb_server import GIVEN, NAME, database_at, nx_27017, port_of

__all__ = ["mongodb_database", "mongodb_uri"]  # fixtures

LEAKS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""PyMongo leaves sockets that can't connect to the collector: it is run inside the test."""


@pytest.fixture(params=[NAME])
def uri(mongodb_database: str) -> str:
    """A database of its own; the id of each test says what serves it."""
    return mongodb_database


def store_of(uri: str) -> MongoStore:
    return MongoStore(uri, clock_ms=lambda: NOW)


def raw(uri: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(uri, timeoutMS=5000)


def net(**values: Any) -> ConfigChange:
    return ConfigChange({"net": values})


async def intact(store: Store) -> int:
    chain = Chain()
    while entries := await store.audit_chain(chain.count, 50):
        assert chain.follow(entries) is None
    return chain.count


def values_in(document: object) -> Iterator[object]:
    children = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    yield document
    for child in children:
        yield from values_in(child)


def test_a_machine_has_the_shape_of_the_specification_and_neither_dates_nor_nulls(uri: str) -> None:
    async def scenario(store: Store) -> None:
        await store.order("cab-1", net(netStaChan=6), CommandOrder("RESTART", NOW))
        (entry, _) = await store.pending(9)
        await store.sent(entry.id, entry.version, NOW)

    play_on(store_of(uri), scenario)
    with raw(uri) as client:
        database = client.get_default_database()
        machine = database["machines"].find_one({"_id": "cab-1"})
        everything = [one for name in database.list_collection_names() for one in database[name].find({})]
    assert machine is not None
    assert machine["relayId"] == "e831cdfa8384"
    assert machine["smibConfig"]["net"] == {"netStaSSID": "Casino_WiFi", "netStaPwd": SECRET, "netStaChan": 6}
    assert machine["smibVersion"] == {"firmware": "1.0.0"}
    assert [one["order"].get("comp") for one in machine["outbox"]] == ["net", None]
    assert machine["drafts"] == machine["revisions"] == []
    others = [one for one in values_in(everything) if not isinstance(one, dict | list | str | int)]
    assert others == []


def test_two_processes_on_one_database_lose_nothing_and_make_one_chain(uri: str) -> None:
    async def scenario(store: Store) -> None:
        other = store_of(uri)
        await other.open()
        changes = [ConfigChange({"net": {"netStaChan": n}}, {f"v{n}": str(n)}) for n in range(40)]
        orders = [
            (store, other)[n % 2].order(("cab-1", "cab-2")[n % 4 // 2], c) for n, c in enumerate(changes)
        ]
        done = await asyncio.gather(*orders)
        assert len({entry.id for ordered in done for entry in ordered.entries}) == 2
        await other.close()
        versions = [dict(one.smib_version) for one in await store.cabinets()]
        versions[0].pop("firmware")
        assert versions[0] | versions[1] == {f"v{n}": str(n) for n in range(40)}
        assert await intact(store) == 41

    play_on(store_of(uri), scenario)


def test_of_two_writers_of_one_revision_one_wins(uri: str) -> None:
    async def scenario(store: Store) -> None:
        other = store_of(uri)
        await other.open()
        orders = [one.order("cab-1", net(netStaChan=n), None, 1) for n, one in enumerate((store, other), 1)]
        done = await asyncio.gather(*orders, return_exceptions=True)
        await other.close()
        assert sorted(isinstance(one, EditConflict) for one in done) == [False, True]

    play_on(store_of(uri), scenario)


def test_two_that_import_at_once_add_each_cabinet_once(uri: str) -> None:
    async def scenario(store: Store) -> None:
        other = store_of(uri)
        await other.open()
        new = [Cabinet(f"new-{n}", f"relay-{n}") for n in range(20)]
        done = await asyncio.gather(store.add_cabinets(new), other.add_cabinets(new))
        await other.close()
        assert sorted(done) == [0, 20]
        assert len(await store.cabinets()) == 23
        assert await intact(store) == 2

    play_on(store_of(uri), scenario)


def test_what_was_not_moved_into_the_trail_is_moved_at_the_next_look(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None:
        pass

    async def order(store: Store) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Machines, "_move", nothing)
            await store.order("cab-1", net(netStaChan=6), None, None, Act(action="half"))

    async def look(store: Store) -> None:
        assert [one.document["action"] for one in await store.audit(AuditFilter(limit=1))] == ["half"]
        assert [one.number for one in await store.history("cab-1", None, 9)] == [2, 1]
        assert await intact(store) == 2

    play_on(store_of(uri), order)
    play_on(store_of(uri), look)


def test_an_import_that_stopped_half_way_is_finished_at_the_next_start(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(*_: object) -> None:
        raise AutoReconnect("gone")

    async def take(store: Store) -> None:
        known = replace(CABINETS[0], name="Renamed")
        new = Cabinet("cab-7", "r7")
        with monkeypatch.context() as patched:
            patched.setattr(Imports, "_do", stop)
            with pytest.raises(StoreBusy):
                await store.import_cabinets([new, known], Act(), update=True, dry_run=False)

    async def look(store: Store) -> None:
        names = {one.id: one.name for one in await store.cabinets()}
        assert (len(names), names["cab-1"]) == (4, "Renamed")
        assert await intact(store) == 2

    play_on(store_of(uri), take)
    play_on(store_of(uri), look)


def test_an_answer_that_was_lost_executes_nothing_twice(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write, lost = Machines._write, [True]

    async def answer_lost(self: Machines, *args: Any) -> bool:
        done = await write(self, *args)
        if lost.pop() if lost else False:
            raise AutoReconnect("connection closed")
        return done

    async def scenario(store: Store) -> None:
        monkeypatch.setattr(Machines, "_write", answer_lost)
        ordered = await store.order("cab-1", net(netStaChan=6), CommandOrder("LOCK MACHINE", NOW))
        assert not lost
        assert ordered.cabinet.revision == 2
        assert sorted(await store.pending(9), key=lambda e: e.id) == sorted(
            ordered.entries, key=lambda e: e.id
        )
        assert await intact(store) == 2

    play_on(store_of(uri), scenario)


def test_a_value_that_no_document_holds_takes_no_other_order_with_it(uri: str) -> None:
    async def scenario(store: Store) -> None:
        changes = [net(netStaChan=1), net(netStaChan=10**30), net(netStaChan=3)]
        done = await asyncio.gather(*(store.order("cab-1", c) for c in changes), return_exceptions=True)
        assert [isinstance(one, StoreError) for one in done] == [False, True, False]
        assert "can't hold a value" in str(done[1])
        cabinet = await store.cabinet("cab-1")
        assert cabinet is not None
        assert (cabinet.revision, cabinet.smib_config["net"]["netStaChan"]) == (3, 3)

    play_on(store_of(uri), scenario)


@pytest.mark.parametrize("value", [None, 10**30, "\ud800", {"a.b": None, "$c": [1.5, {}]}])
def test_whatever_a_device_reports_can_be_kept(uri: str, value: object) -> None:
    async def scenario(store: Store) -> None:
        report = RelayReport("e831cdfa8384", "net", {"$set.a": FieldReport(value, NOW)})
        (standing,) = await store.report([report])
        assert standing.reported == {"net": {"$set.a": FieldReport(value, NOW)}}

    play_on(store_of(uri), scenario)


@pytest.mark.parametrize(
    "change", [{"entry.user": "nobody"}, {"ms": 1}, {"hash": ""}, {"entry.at": "2025-10-09T08:53:21.000Z"}]
)
def test_an_entry_that_was_changed_is_found(uri: str, change: dict[str, Any]) -> None:
    async def order(store: Store) -> None:
        for channel in range(1, 4):
            await store.order("cab-1", net(netStaChan=channel))

    async def look(store: Store) -> None:
        broken = Chain().follow(await store.audit_chain(0, 9))
        assert broken is not None
        assert broken.seq == 3

    play_on(store_of(uri), order)
    with raw(uri) as client:
        client.get_default_database()["audit"].update_one({"_id": 3}, {"$set": change})
    play_on(store_of(uri), look)


def test_a_newer_schema_is_refused_and_left_alone(uri: str) -> None:
    with raw(uri) as client:
        client.get_default_database()["cms"].insert_one({"_id": "schema", "version": 99})
        with pytest.raises(StoreTooNew, match="has schema 99, and this version"):
            asyncio.run(store_of(uri).open())
        assert client.get_default_database().list_collection_names() == ["cms"]


def test_what_is_another_program_s_is_refused(uri: str) -> None:
    with raw(uri) as client:
        client.get_default_database()["machines"].insert_one({"_id": "theirs"})
    with pytest.raises(StoreError, match="belongs to another program"):
        asyncio.run(store_of(uri).open())


@LEAKS
def test_a_server_that_is_not_there_is_told_in_time_and_without_credentials() -> None:
    uri = f"mongodb://anna:{SECRET}@127.0.0.1:1/floor?serverSelectionTimeoutMS=100&timeoutMS=500"
    with pytest.raises(StoreBusy) as caught:
        asyncio.run(store_of(uri).open())
    gc.collect()
    assert "mongodb://127.0.0.1:1/floor is unreachable" in str(caught.value)
    assert not {SECRET, "anna"} & set(str(caught.value).replace("/", " ").replace(":", " ").split())


@LEAKS
@pytest.mark.skipif(bool(GIVEN), reason="the server of CMS_TEST_MONGODB_URI is not ours to stop")
def test_a_server_that_went_is_busy_and_works_again_when_it_is_back(tmp_path: Path) -> None:
    options = "?serverSelectionTimeoutMS=300&connectTimeoutMS=300&timeoutMS=1500"

    async def scenario() -> None:
        with nx_27017(tmp_path) as server:
            port = port_of(server)
            store = store_of(database_at(server, tmp_path) + options)
            await store.open()
            await store.add_cabinets(CABINETS)
        calls: list[Awaitable[object]] = [store.cabinets(), store.order("cab-1", net(netStaChan=1))]
        for call in calls:
            with pytest.raises(StoreBusy, match=r"127\.0\.0\.1"):
                await asyncio.wait_for(call, 8)
        with nx_27017(tmp_path, port):
            ordered = await store.order("cab-1", net(netStaChan=2))
            assert ordered.cabinet.revision == 2
            assert await intact(store) == 2
            await store.close()

    asyncio.run(scenario())
    gc.collect()


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://localhost",
        f"mongodb://anna:{SECRET}@h/",
        f"mongodb://anna:{SECRET}@h/a/b",
        "mongodb:x",
        f"mongodb://anna:{SECRET}/@h/x",
    ],
)
def test_a_uri_without_a_database_stops_the_start_and_shows_no_password(uri: str) -> None:
    with pytest.raises(SettingError, match="CMS_DATABASE") as caught:
        store_at(uri, clock_ms=lambda: NOW)
    assert SECRET not in str(caught.value)


def test_the_database_is_shown_without_credentials_and_is_no_file() -> None:
    uri = f"mongodb://anna:{SECRET}@one:27017,two/floor?replicaSet=rs0"
    assert shown(uri) == "mongodb://one:27017,two/floor"
    assert SECRET not in repr(store_of(uri).link.address)
    assert (file_of(uri), file_of(":memory:"), file_of("x/y.db")) == (None, None, Path("x/y.db"))


def test_sqlite_starts_without_the_library() -> None:
    program = "import sys, cms.app; sys.exit('pymongo' in sys.modules or 'bson' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=30).returncode == 0
