"""The store: one class of tests for every engine, then what is particular to SQLite (contract, section 6)."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from cms.cabinet import Cabinet, ConfigChange
from cms.errors import (
    EditConflict,
    RelayTaken,
    RequestError,
    StoreBusy,
    StoreError,
    StoreTooNew,
    UnknownCabinet,
)
from cms.store import sqlite as sqlite_engine
from cms.store.entry import CommandOrder, OutboxEntry
from cms.store.migrations import MIGRATIONS, migrate
from cms.store.sqlite import SqliteStore
from cms.store.sqlite_errors import store_error
from cms.store.store import Store
from cms.tests.engines import CABINETS, NOW, SECRET, Play, mongodb_database, mongodb_uri, play, play_on
from wire.orders import Command, ConfigUpdate

__all__ = ["mongodb_database", "mongodb_uri", "play"]  # fixtures


def net(**values: Any) -> ConfigChange:
    return ConfigChange({"net": values})


def update_of(entry: OutboxEntry) -> tuple[str, dict[str, Any]]:
    assert isinstance(entry.order, ConfigUpdate)
    return entry.order.component, dict(entry.order.values)


async def stored(store: Store, cabinet_id: str) -> Cabinet:
    cabinet = await store.cabinet(cabinet_id)
    assert cabinet is not None
    return cabinet


class TestEveryEngine:
    def test_gives_back_what_was_added(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            first, second, tenth = await store.cabinets()
            assert [first.id, second.id, tenth.id] == ["cab-1", "cab-2", "cab-10"]
            given = CABINETS[0]
            assert first == Cabinet(**{**{n: getattr(given, n) for n in given.__slots__}, "updated_ms": NOW})
            assert await store.cabinet("cab-1") == first
            assert await store.cabinet("cab-3") is None

        play(scenario)

    @pytest.mark.parametrize(
        ("relay_id", "cabinet_id"),
        [("e831cdfa8464", "cab-2"), (" E831CDFA8464 ", "cab-2"), ("Board_10", "cab-10"), ("board_10", None)],
    )
    def test_finds_the_cabinet_of_a_relay(self, play: Play, relay_id: str, cabinet_id: str | None) -> None:
        async def scenario(store: Store) -> None:
            found = await store.cabinet_of_relay(relay_id)
            assert (found and found.id) == cabinet_id

        play(scenario)

    def test_adding_again_leaves_what_is_there(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await store.order("cab-1", net(netStaChan=6))
            again = [Cabinet("cab-1", "ffffffffffff", name="other"), Cabinet("cab-3", "e831cdfa8465")]
            assert await store.add_cabinets(again) == 1
            assert (await stored(store, "cab-1")).name == "Lucky Lion 12"
            assert (await stored(store, "cab-1")).revision == 2
            assert await store.add_cabinets(again) == 0

        play(scenario)

    def test_an_order_of_what_is_stored_already_is_sent_and_is_no_new_revision(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            ordered = await store.order("cab-1", net(netStaSSID="Casino_WiFi"))
            assert ordered.cabinet == await store.cabinet("cab-1")
            assert ordered.cabinet.revision == 1
            assert [entry.values for entry in await store.pending(9)] == [{"netStaSSID": "Casino_WiFi"}]
            assert [revision.number for revision in await store.history("cab-1", None, 9)] == [1]

        play(scenario)

    def test_a_second_cabinet_of_a_relay_is_refused_with_all_others(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            with pytest.raises(RelayTaken, match="e831cdfa8384 belongs to cab-1"):
                await store.add_cabinets([Cabinet("cab-3", "r3"), Cabinet("cab-4", "e831cdfa8384")])
            assert len(await store.cabinets()) == 3

        play(scenario)

    def test_an_order_is_stored_with_what_has_to_be_sent(self, play: Play) -> None:
        change = ConfigChange({"mqtt": {"mqttQOS": 1}, "coms": {"comsMode": 2}, "ota": {}}, {"hardware": "B"})

        async def scenario(store: Store) -> None:
            ordered = await store.order("cab-1", change, CommandOrder("LOCK MACHINE", NOW - 5))
            cabinet = ordered.cabinet
            assert cabinet == await store.cabinet("cab-1")
            assert cabinet.smib_config == {
                "net": {"netStaSSID": "Casino_WiFi", "netStaPwd": SECRET},
                "mqtt": {"mqttQOS": 1},
                "coms": {"comsMode": 2},
            }
            assert (cabinet.revision, cabinet.updated_ms) == (2, NOW)
            assert cabinet.smib_version == {"firmware": "1.0.0", "hardware": "B"}
            assert await store.pending(9) == list(ordered.entries)
            coms, lock, mqtt = ordered.entries
            # The one that makes the device reconnect goes last: what is sent meanwhile is lost.
            assert [update_of(coms)[0], update_of(mqtt)[0]] == ["coms", "mqtt"]
            assert lock.order == Command("LOCK MACHINE", "2025-10-09T08:53:19.995Z")
            assert (lock.created_ms, lock.expires_ms, coms.expires_ms) == (NOW, NOW - 5 + 30_000, None)
            assert {entry.relay_id for entry in ordered.entries} == {"e831cdfa8384"}

        play(scenario)

    def test_a_command_alone_does_not_change_the_cabinet(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            before = await store.cabinet("cab-1")
            ordered = await store.order("cab-1", ConfigChange(), CommandOrder("RESTART", NOW))
            assert ordered.cabinet == before == await store.cabinet("cab-1")
            assert [entry.what for entry in ordered.entries] == ["RESTART"]

        play(scenario)

    @pytest.mark.parametrize(
        ("cabinet_id", "change", "expected", "error"),
        [
            ("cab-9", net(netStaChan=1), None, UnknownCabinet),
            ("cab-1", net(netStaChan=1), 7, EditConflict),
            ("cab-1", ConfigChange({"mqtt": {"mqttURI": "u:***@h"}}), None, RequestError),
        ],
    )
    def test_a_refused_order_leaves_nothing(
        self, play: Play, cabinet_id: str, change: ConfigChange, expected: int | None, error: type[Exception]
    ) -> None:
        async def scenario(store: Store) -> None:
            before = await store.cabinets()
            with pytest.raises(error):
                await store.order(cabinet_id, change, CommandOrder("RESTART", NOW), expected)
            assert await store.cabinets() == before
            assert await store.pending(9) == []

        play(scenario)

    def test_masks_mean_the_stored_secrets(self, play: Play) -> None:
        change = ConfigChange({"mqtt": {"mqttURI": "mqtt://m:***@new"}, "net": {"netStaPwd": "***"}})

        async def scenario(store: Store) -> None:
            ordered = await store.order("cab-2", change)
            assert ordered.cabinet.smib_config == {"mqtt": {"mqttURI": f"mqtt://m:{SECRET}@new"}}
            assert [update_of(entry) for entry in ordered.entries] == [
                ("mqtt", {"mqttURI": f"mqtt://m:{SECRET}@new"})
            ]

        play(scenario)

    def test_waiting_updates_of_a_component_become_one_in_its_place(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await store.order("cab-1", net(netStaSSID="A", netStaChan=1))
            await store.order("cab-1", ConfigChange({"coms": {"comsMode": 1}}), CommandOrder("RESTART", NOW))
            await store.order("cab-2", net(netStaChan=9))
            merged = await store.order("cab-1", net(netStaChan=3, netMode=0), CommandOrder("RESTART", NOW))
            first, coms, restart, other, again = await store.pending(9)
            assert merged.entries == (first, again)
            assert update_of(first) == ("net", {"netStaSSID": "A", "netStaChan": 3, "netMode": 0})
            assert (first.version, coms.version, other.version) == (2, 1, 1)
            assert other.cabinet_id == "cab-2"
            assert restart.order == again.order
            assert restart.id != again.id

        play(scenario)

    def test_sent_forgets_the_version_that_was_sent_and_no_newer_one(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            (first,) = (await store.order("cab-1", net(netStaSSID="A"))).entries
            (second,) = (await store.order("cab-1", net(netStaSSID="B"))).entries
            await store.sent(first.id, first.version, NOW)
            assert await store.pending(9) == [second]
            await store.sent(second.id, second.version, NOW)
            assert await store.pending(9) == []
            await store.sent(second.id, second.version, NOW)
            (third,) = (await store.order("cab-1", net(netStaSSID="C"))).entries
            assert third.id not in (first.id, second.id)

        play(scenario)

    def test_expire_removes_old_commands_and_nothing_else(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await store.order("cab-1", net(netStaChan=1), CommandOrder("RESTART", NOW - 30_000))
            await store.order("cab-2", ConfigChange(), CommandOrder("LOCK MACHINE", NOW - 29_999))
            assert [entry.what for entry in await store.expire(NOW)] == ["RESTART"]
            assert [entry.what for entry in await store.pending(9)] == ["net", "LOCK MACHINE"]
            assert await store.expire(NOW) == []

        play(scenario)

    def test_pending_gives_the_first_ones(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            for cabinet in await store.cabinets():
                await store.order(cabinet.id, net(netStaChan=1))
            assert [entry.cabinet_id for entry in await store.pending(2)] == ["cab-1", "cab-2"]

        play(scenario)

    def test_many_writers_at_once_lose_nothing(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            changes = [ConfigChange({"net": {f"f{n % 7}": n}}, {f"v{n}": str(n)}) for n in range(300)]
            done = await asyncio.gather(*(store.order("cab-10", change) for change in changes))
            cabinet = await stored(store, "cab-10")
            assert cabinet.smib_version == {f"v{n}": str(n) for n in range(300)}
            assert sorted(ordered.cabinet.revision for ordered in done) == list(range(2, 302))
            (entry,) = await store.pending(9)
            assert update_of(entry) == ("net", dict(cabinet.smib_config["net"]))
            assert entry.version == 300

        play(scenario)

    def test_of_many_editors_of_one_revision_one_wins(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            orders = (store.order("cab-1", net(netStaChan=n), None, 1) for n in range(50))
            done = await asyncio.gather(*orders, return_exceptions=True)
            (won,) = (one for one in done if not isinstance(one, BaseException))
            lost = [one for one in done if isinstance(one, EditConflict)]
            assert len(lost) == 49
            assert (lost[0].stored, lost[0].expected) == (2, 1)
            assert await store.cabinet("cab-1") == won.cabinet

        play(scenario)

    def test_a_cancelled_caller_disturbs_nobody(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            tasks = [asyncio.create_task(store.order("cab-1", net(netStaChan=n))) for n in range(1, 9)]
            await asyncio.wait(tasks, timeout=0)
            for task in tasks[::2]:
                task.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert not any(isinstance(one, Exception) for one in done)
            assert (await stored(store, "cab-1")).smib_config["net"]["netStaChan"] == 8

        play(scenario)

    def test_no_entry_shows_a_secret(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            ordered = await store.order("cab-1", net(netStaPwd=SECRET))
            assert SECRET not in repr(ordered)
            assert SECRET not in repr(await store.pending(1))

        play(scenario)

    def test_a_closed_store_says_so_and_can_be_closed_again(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await store.close()
            await store.close()
            calls: list[Awaitable[object]] = [store.cabinets(), store.order("cab-1", net(netStaChan=1))]
            for call in calls:
                with pytest.raises(StoreError, match="is closed"):
                    await call

        play(scenario)


class TestSqlite:
    def path(self, folder: Path) -> Path:
        return folder / "lab" / "cms.sqlite3"

    def store(self, folder: Path) -> SqliteStore:
        return SqliteStore(self.path(folder), clock_ms=lambda: NOW)

    def refusal(self, store: SqliteStore) -> StoreError:
        async def scenario(_: Store) -> None:
            raise AssertionError("a refusal was wanted")

        with pytest.raises(StoreError) as caught:
            play_on(store, scenario)
        return caught.value

    def test_makes_folder_and_file_for_its_owner_alone(self, tmp_path: Path) -> None:
        async def scenario(_: Store) -> None:
            for file in self.path(tmp_path).parent.iterdir():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600

        play_on(self.store(tmp_path), scenario)

    def test_what_was_ordered_is_there_after_a_restart(self, tmp_path: Path) -> None:
        async def order(store: Store) -> None:
            await store.order("cab-1", net(netStaChan=6), CommandOrder("RESTART", NOW))

        async def look(store: Store) -> None:
            assert (await stored(store, "cab-1")).smib_config["net"]["netStaChan"] == 6
            assert [entry.what for entry in await store.pending(9)] == ["net", "RESTART"]

        play_on(self.store(tmp_path), order)
        play_on(self.store(tmp_path), look)

    def test_two_processes_on_one_file_lose_nothing(self, tmp_path: Path) -> None:
        async def scenario(store: Store) -> None:
            other = self.store(tmp_path)
            await other.open()
            changes = [ConfigChange({"net": {"netStaChan": n}}, {f"v{n}": n}) for n in range(100)]
            await asyncio.gather(*((store, other)[n % 2].order("cab-1", c) for n, c in enumerate(changes)))
            await other.close()
            cabinet = await stored(store, "cab-1")
            assert cabinet.smib_version == {"firmware": "1.0.0", **{f"v{n}": n for n in range(100)}}
            assert cabinet.revision == 101

        play_on(self.store(tmp_path), scenario)

    def test_refuses_a_newer_schema_and_leaves_it_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "newer.sqlite3"
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE cabinets (id)")
            db.execute("PRAGMA user_version = 99")
        db.close()
        error = self.refusal(SqliteStore(path, clock_ms=lambda: NOW))
        assert isinstance(error, StoreTooNew)
        assert (error.found, error.known) == (99, len(MIGRATIONS))
        assert "use the newer version of the CMS" in str(error)

    def test_refuses_what_is_another_program_s(self, tmp_path: Path) -> None:
        path = tmp_path / "other.sqlite3"
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE theirs (id)")
        db.close()
        assert "belongs to another program" in str(self.refusal(SqliteStore(path, clock_ms=lambda: NOW)))

    def test_refuses_what_is_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "cabinets.yaml"
        path.write_text("cabinets: []\n" * 100)
        error = self.refusal(SqliteStore(path, clock_ms=lambda: NOW))
        assert str(error) == f"The database {path} can't be used: the file is no SQLite database"
        assert path.read_text().startswith("cabinets: []")

    def test_refuses_a_folder(self, tmp_path: Path) -> None:
        assert "can't be opened" in str(self.refusal(SqliteStore(tmp_path, clock_ms=lambda: NOW)))
        below_a_file = tmp_path / "file"
        below_a_file.touch()
        assert "can't be opened" in str(self.refusal(SqliteStore(below_a_file / "x", clock_ms=lambda: NOW)))

    def test_a_locked_file_is_busy_and_works_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite_engine, "BUSY_SECONDS", 0.05)

        async def scenario(store: Store) -> None:
            db = sqlite3.connect(self.path(tmp_path), isolation_level=None)
            db.execute("BEGIN IMMEDIATE")
            try:
                with pytest.raises(StoreBusy, match="is locked by another program"):
                    await store.order("cab-1", net(netStaChan=6))
                assert (await stored(store, "cab-1")).revision == 1  # reading goes on
            finally:
                db.execute("ROLLBACK")
                db.close()
            assert (await store.order("cab-1", net(netStaChan=6))).cabinet.revision == 2

        play_on(self.store(tmp_path), scenario)

    def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_done(self, tmp_path: Path) -> None:
        async def scenario(store: Store) -> None:
            assert isinstance(store, SqliteStore)
            await store._writer.run(lambda db: db.execute("PRAGMA max_page_count = 1").fetchone())
            big = ConfigChange({"ota": {"otaURL": "http://" + "x" * 9000}})
            orders = [store.order("cab-1", big), store.order("cab-9", big), store.order("cab-2", big)]
            first, unknown, last = await asyncio.gather(*orders, return_exceptions=True)
            assert isinstance(unknown, UnknownCabinet | StoreError)
            for error in (first, last):
                assert isinstance(error, StoreError)
                assert str(error).endswith("can't be written: the disk is full")
            assert [c.revision for c in await store.cabinets()] == [1, 1, 1]
            assert await store.pending(9) == []
            await store._writer.run(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchone())
            assert (await store.order("cab-1", big)).cabinet.revision == 2

        play_on(self.store(tmp_path), scenario)

    def test_a_read_only_file_is_a_sentence(self, tmp_path: Path) -> None:
        path = tmp_path / "x.sqlite3"
        sqlite3.connect(path).close()
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        with pytest.raises(sqlite3.Error) as caught:
            migrate(db, str(path))
        db.close()
        assert (
            str(store_error(caught.value, "x"))
            == "The database x can't be written: it, or its folder, is read-only"
        )

    def test_one_failing_order_takes_no_other_with_it(self, tmp_path: Path) -> None:
        async def scenario(store: Store) -> None:
            ids = ["cab-1", "nobody", "cab-2", "nobody", "cab-10"]
            done = await asyncio.gather(
                *(store.order(i, net(netStaChan=2)) for i in ids), return_exceptions=True
            )
            assert [isinstance(one, UnknownCabinet) for one in done] == [False, True, False, True, False]
            assert len(await store.pending(9)) == 3

        play_on(self.store(tmp_path), scenario)

    def test_opening_many_times_at_once_makes_one_schema(self, tmp_path: Path) -> None:
        async def whole() -> None:
            stores = [self.store(tmp_path) for _ in range(4)]
            await asyncio.gather(*(store.open() for store in stores))
            await asyncio.gather(*(store.close() for store in stores))

        asyncio.run(whole())
        db = sqlite3.connect(self.path(tmp_path))
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        db.close()

    def test_a_migration_that_fails_changes_nothing(self, tmp_path: Path) -> None:
        db = sqlite3.connect(tmp_path / "x.sqlite3", isolation_level=None)
        with pytest.raises(sqlite3.OperationalError):
            migrate(db, "x", [("CREATE TABLE one (id)",), ("CREATE NONSENSE",)])
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        migrate(db, "x", [("CREATE TABLE one (id)",)])
        migrate(db, "x", [("CREATE TABLE one (id)",), ("CREATE TABLE two (id)",)])
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        db.close()

    def test_a_thread_that_dies_leaves_nobody_waiting(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def defect(*_: object) -> None:
            raise RuntimeError("defect")

        async def scenario(store: Store) -> None:
            monkeypatch.setattr("cms.store.worker._in_one_transaction", defect)
            orders = [store.order("cab-1", net(netStaChan=n)) for n in range(1, 9)]
            done = await asyncio.gather(*orders, return_exceptions=True)
            assert all(isinstance(one, RuntimeError | StoreError) for one in done)
            with pytest.raises(StoreError, match="is closed"):
                await store.order("cab-1", net(netStaChan=1))
            assert (await stored(store, "cab-1")).revision == 1

        play_on(self.store(tmp_path), scenario)
        assert "! storage thread died" in caplog.text

    @pytest.mark.parametrize("cabinet_id", ["", "a/b", "a\x00", "\ud800", "x" * 65])
    def test_no_text_is_too_odd_for_an_id(self, tmp_path: Path, cabinet_id: str) -> None:
        async def scenario(store: Store) -> None:
            assert await store.cabinet(cabinet_id) is None
            with pytest.raises(UnknownCabinet):
                await store.order(cabinet_id, net(netStaChan=1))

        play_on(self.store(tmp_path), scenario)

    def test_too_many_waiting_orders_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cms.store.worker.MAX_WAITING", 3)

        async def scenario(store: Store) -> None:
            assert isinstance(store, SqliteStore)
            occupied, released = threading.Event(), threading.Event()

            def occupy(_: sqlite3.Connection) -> None:
                occupied.set()
                assert released.wait(5)

            occupation = asyncio.create_task(store._writer.run(occupy))
            assert await asyncio.to_thread(occupied.wait, 5)
            orders = [asyncio.create_task(store.order("cab-1", net(netStaChan=n))) for n in range(1, 14)]
            await asyncio.wait(orders, return_when=asyncio.FIRST_COMPLETED)
            released.set()
            done = await asyncio.gather(*orders, return_exceptions=True)
            await occupation
            assert [isinstance(one, StoreBusy) for one in done] == [False] * 3 + [True] * 10
            assert (await stored(store, "cab-1")).revision == 4

        play_on(self.store(tmp_path), scenario)
