"""What a store keeps beside cabinets and orders, in every engine: outbox states, reports, history, audit."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cms.actor import SYSTEM, Act, Actor, device
from cms.audit import GENESIS, OUTCOME, AuditEntry, AuditFilter, Chain, Draft, digest
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import RelayTaken, UnknownCabinet
from cms.standing import FieldReport
from cms.store import mongodb_machines, sqlite_outbox
from cms.store.entry import MAX_TRIES, CommandOrder, OutboxEntry, OutboxFilter, Settlement, State
from cms.store.migrations import MIGRATIONS, migrate
from cms.store.sqlite import SqliteStore
from cms.store.store import RelayReport, Store
from cms.tests.engines import NOW, SECRET, Play, mongodb_database, mongodb_uri, play, play_on

__all__ = ["mongodb_database", "mongodb_uri", "play"]  # fixtures

ANNA = Actor("anna", "10.0.0.7", "req-1")
CONFIRMED = Settlement(State.CONFIRMED)
SMIB = Act(device("e831cdfa8384"), OUTCOME)


def net(**values: Any) -> ConfigChange:
    return ConfigChange({"net": values})


async def given(store: Store, **values: Any) -> OutboxEntry:
    """An order of ``net`` that was sent."""
    (entry,) = (await store.order("cab-1", net(**values))).entries
    assert await store.sent(entry.id, entry.version, NOW)
    return entry


async def states(store: Store, **wanted: Any) -> list[tuple[str, str]]:
    return [(entry.what, str(entry.state)) for entry in reversed(await store.outbox(OutboxFilter(**wanted)))]


def report(relay_id: str, component: str, at_ms: int = NOW, **values: Any) -> RelayReport:
    return RelayReport(relay_id, component, {n: FieldReport(v, at_ms) for n, v in values.items()})


def texts(entries: Iterable[AuditEntry]) -> str:
    return json.dumps([dict(entry.document) for entry in entries])


class TestEveryEngineKeepsTheOutbox:
    def test_an_entry_is_sent_then_confirmed(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            entry = await given(store, netStaChan=6)
            (sent,) = await store.outbox(OutboxFilter())
            assert (sent.state, sent.tries, sent.sent_ms, sent.next_ms) == (State.SENT, 1, NOW, NOW + 15_000)
            assert await store.due(NOW + 14_999, 9) == []
            assert await store.due(NOW + 15_000, 9) == await store.due(None, 9) == [sent]
            assert await store.settle(entry.id, entry.version, CONFIRMED, SMIB)
            assert not await store.settle(entry.id, entry.version, CONFIRMED, SMIB)
            (ended,) = await store.outbox(OutboxFilter(state=State.CONFIRMED))
            assert (ended.ended_ms, ended.next_ms, ended.open) == (NOW, None, False)
            assert await store.due(None, 9) == []
            assert not await store.sent(entry.id, entry.version, NOW)

        play(scenario)

    def test_the_next_try_is_later_each_time_and_the_last_one_is_known(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            entry = await given(store, netStaChan=6)
            waits = []
            for _ in range(MAX_TRIES - 1):
                (due,) = await store.due(NOW * 2, 9)
                assert not due.exhausted
                waits.append((due.next_ms or 0) - NOW)
                await store.sent(entry.id, entry.version, NOW)
            assert waits == [15_000, 30_000, 60_000, 120_000, 240_000]
            (due,) = await store.due(NOW * 2, 9)
            assert due.exhausted

        play(scenario)

    def test_a_newer_order_takes_its_fields_out_of_what_was_sent(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            first = await given(store, netStaSSID="A", netStaChan=1)
            ordered = await store.order("cab-1", net(netStaChan=2))
            (reduced,) = ordered.reduced
            assert (reduced.id, dict(reduced.values), reduced.version) == (first.id, {"netStaSSID": "A"}, 2)
            assert not await store.settle(first.id, first.version, CONFIRMED, SMIB)
            await store.order("cab-1", ConfigChange({"coms": {"comsMode": 1}}))
            assert await states(store) == [("net", "sent"), ("net", "waiting"), ("coms", "waiting")]
            (gone,) = (await store.order("cab-1", net(netStaSSID="B"))).reduced
            assert (gone.state, gone.open) == (State.SUPERSEDED, False)
            assert await states(store, state=State.SENT) == []

        play(scenario)

    def test_an_absent_device_gets_its_orders_when_it_is_back(self, play: Play) -> None:
        absent = Settlement(State.UNCONFIRMED, "not heard", absent=True)

        async def scenario(store: Store) -> None:
            entry = await given(store, netStaChan=6)
            await store.settle(entry.id, entry.version, absent, Act(SYSTEM, OUTCOME))
            assert await store.due(NOW * 2, 9) == []
            (watched,) = await store.due(None, 9)
            assert (watched.state, watched.absent) == (State.UNCONFIRMED, True)
            assert await store.revive({"Board_10": NOW}) == []
            (revived,) = await store.revive({"e831cdfa8384": NOW, "other": NOW})
            assert (revived.state, revived.tries, revived.next_ms) == (State.SENT, 0, NOW)
            assert await store.due(NOW, 9) == [revived]

        play(scenario)

    def test_the_oldest_revisions_are_forgotten_and_the_newest_kept(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            for channel in (1, 2, 3, 4):
                await store.order("cab-1", ConfigChange({"net": {"netStaChan": channel}}))
            await store.order("cab-2", ConfigChange({"net": {"netStaChan": 1}}))
            assert await store.forget_revisions(2) == 3
            assert [one.number for one in await store.history("cab-1", None, 9)] == [5, 4]
            assert [one.number for one in await store.history("cab-2", None, 9)] == [2, 1]
            assert await store.revision("cab-1", 3) is None
            assert await store.forget_revisions(2) == 0

        play(scenario)

    def test_what_was_sent_after_a_device_came_back_is_not_sent_again_for_that(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            entry = await given(store, netStaChan=6)
            await store.sent(entry.id, entry.version, NOW + 5)
            assert await store.revive({"e831cdfa8384": NOW + 4}) == []
            assert len(await store.revive({"e831cdfa8384": NOW + 5})) == 1

        play(scenario)

    def test_a_command_that_was_sent_is_never_due_to_be_sent(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            (entry,) = (await store.order("cab-1", ConfigChange(), CommandOrder("RESTART", NOW))).entries
            await store.sent(entry.id, entry.version, NOW)
            assert await store.revive({"e831cdfa8384": NOW}) == []
            assert await store.expire(NOW + 60_000) == []
            (due,) = await store.due(NOW + 120_000, 9)
            assert due.exhausted

        play(scenario)

    def test_entries_are_found_by_state_cabinet_and_page(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            for cabinet in ("cab-1", "cab-2", "cab-1"):
                await store.order(cabinet, ConfigChange(), CommandOrder("RESTART", NOW))
            assert len(await states(store)) == 3
            assert len(await states(store, cabinet_id="cab-1")) == 2
            assert await states(store, state=State.SENT) == []
            newest = (await store.outbox(OutboxFilter(limit=1)))[0]
            older = await store.outbox(OutboxFilter(before=int(newest.id), limit=9))
            assert [entry.cabinet_id for entry in older] == ["cab-2", "cab-1"]

        play(scenario)

    def test_what_ended_is_forgotten_after_a_while_but_not_what_became_of_it(
        self, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for engine in (sqlite_outbox, mongodb_machines):
            monkeypatch.setattr(engine, "KEPT", 3)
            monkeypatch.setattr(engine, "_PRUNE_EVERY", 1)

        async def scenario(store: Store) -> None:
            ids = []
            for number in range(9):
                entry = await given(store, netStaChan=number)
                await store.settle(entry.id, entry.version, CONFIRMED, SMIB)
                ids.append(entry.id)
            assert len(await store.outbox(OutboxFilter())) <= 4
            outcomes = await store.outcomes([*ids, "999"])
            assert {outcomes[entry_id].state for entry_id in ids} == {State.CONFIRMED}
            assert "999" not in outcomes

        play(scenario)

    def test_resend_orders_again_what_is_stored_and_the_revision_stays(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await store.order("cab-1", ConfigChange({"coms": {"comsMode": 1}, "app": {"version": "1"}}))
            ordered = await store.resend("cab-1", None, Act(ANNA, "resync"))
            assert ordered.cabinet.revision == 2
            assert [entry.what for entry in ordered.entries] == ["coms", "net"]
            assert ordered.entries[1].values == {"netStaSSID": "Casino_WiFi", "netStaPwd": SECRET}
            again = await store.resend("cab-1", ["net"], Act(ANNA, "resync"))
            assert [entry.id for entry in again.entries] == [ordered.entries[1].id]
            with pytest.raises(UnknownCabinet):
                await store.resend("cab-9", None, Act(ANNA, "resync"))

        play(scenario)


class TestEveryEngineKeepsReports:
    def test_reports_are_merged_per_field_with_their_times(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            (standing,) = await store.report(
                [report("e831cdfa8384", "net", netStaSSID="X", netStaPwd=SECRET)]
            )
            assert standing.cabinet.id == "cab-1"
            reports = [report("e831cdfa8384", "net", NOW + 5, netStaSSID="Y"), report("nobody", "net", a=1)]
            (standing,) = await store.report(reports)
            assert standing == await store.standing("cab-1")
            assert standing.reported["net"]["netStaSSID"] == FieldReport("Y", NOW + 5)
            assert standing.reported["net"]["netStaPwd"] == FieldReport(SECRET, NOW)
            assert [str(one) for one in standing.differences()] == ["net.netStaSSID"]
            assert SECRET not in repr(standing)

        play(scenario)

    def test_standings_are_those_of_all_cabinets(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await store.report([report("Board_10", "coms", comsMode=1)])
            await store.order("cab-2", ConfigChange({"coms": {"comsMode": 1}}))
            all_of_them = await store.standings()
            assert [one.cabinet.id for one in all_of_them] == ["cab-1", "cab-2", "cab-10"]
            assert all_of_them[1].pending == frozenset({("coms", "comsMode")})
            assert all_of_them[2].reported["coms"]["comsMode"].value == 1
            assert await store.standing("cab-9") is None

        play(scenario)

    def test_a_report_without_fields_only_asks(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            (standing,) = await store.report([RelayReport("e831cdfa8384", "mqtt", {})])
            assert standing.reported == {}

        play(scenario)


class TestEveryEngineKeepsHistory:
    def test_each_configuration_is_there_whole_with_its_actor(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            act = Act(ANNA, "order")
            (entry,) = (await store.order("cab-1", net(netStaPwd="other-pass"), None, None, act)).entries
            await store.order("cab-1", ConfigChange(), CommandOrder("RESTART", NOW))
            newest, first = await store.history("cab-1", None, 9)
            assert (newest.number, newest.act, newest.orders) == (2, act, ((entry.id, "net"),))
            assert newest.config["net"] == {"netStaSSID": "Casino_WiFi", "netStaPwd": "other-pass"}
            assert (first.number, first.act.action, first.config["net"]["netStaPwd"]) == (1, "seed", SECRET)
            assert await store.history("cab-1", 2, 9) == [first]
            assert await store.revision("cab-1", 1) == first
            assert await store.revision("cab-1", 3) is None
            assert SECRET not in repr(first)

        play(scenario)


class TestEveryEngineKeepsTheAuditTrail:
    def test_it_is_one_chain_without_a_secret(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await store.order(
                "cab-1", net(netStaPwd="other-pass"), CommandOrder("RESTART", NOW), None, Act(ANNA)
            )
            entry = await given(store, netStaSSID="B")
            await store.settle(entry.id, entry.version, Settlement(State.REFUSED, "no such network"), SMIB)
            await store.record(Draft(Act(ANNA, "refusal"), "cab-1", facts={"reason": "no"}))
            entries = await store.audit_chain(0, 99)
            chain = Chain()
            assert chain.follow(entries) is None
            assert [one.document["action"] for one in entries] == [
                "seed",
                "order",
                "order",
                "outcome",
                "refusal",
            ]
            assert entries[0].document["previous"] == GENESIS
            order, outcome = entries[1].document, entries[3].document
            assert (order["user"], order["address"], order["request"]) == ("anna", "10.0.0.7", "req-1")
            assert (order["before"], order["after"]) == ({"net": {"netStaPwd": "***"}},) * 2
            assert (order["command"], order["revision"]) == ("RESTART", 2)
            assert [one["what"] for one in order["orders"]] == ["net", "RESTART"]
            assert (outcome["order"], outcome["outcome"], outcome["user"]) == (
                entry.id,
                "refused",
                "smib:e831cdfa8384",
            )
            assert SECRET not in texts(entries)
            assert "other-pass" not in texts(entries)

        play(scenario)

    def test_it_is_searched_by_cabinet_user_time_and_page(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await store.order("cab-1", net(netStaChan=1), None, None, Act(ANNA))
            await store.order("cab-2", net(netStaChan=1))

            async def found(**wanted: Any) -> list[int]:
                return [entry.seq for entry in await store.audit(AuditFilter(**wanted))]

            assert await found() == [3, 2, 1]
            assert await found(cabinet_id="cab-1") == [2]
            assert await found(user="anna") == [2]
            assert await found(since_ms=NOW, until_ms=NOW, before=3) == [2, 1]
            assert await found(since_ms=NOW + 1) == await found(until_ms=NOW - 1) == []
            assert await found(limit=1) == [3]

        play(scenario)

    def test_a_refused_order_is_in_neither_history_nor_trail(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            with pytest.raises(UnknownCabinet):
                await store.order("cab-9", net(netStaChan=1))
            assert len(await store.audit_chain(0, 99)) == 1

        play(scenario)

    def test_many_writers_make_one_chain(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            await asyncio.gather(*(store.order("cab-1", net(netStaChan=n)) for n in range(200)))
            chain = Chain()
            while entries := await store.audit_chain(chain.count, 70):
                assert chain.follow(entries) is None
            assert chain.count == 201

        play(scenario)


class TestEveryEngineImports:
    def take(self, play: Play, cabinets: list[Cabinet], **how: bool) -> list[Any]:
        seen: list[Any] = []

        async def scenario(store: Store) -> None:
            options = {"update": False, "dry_run": False, **how}
            seen.append(await store.import_cabinets(cabinets, Act(ANNA, "import"), **options))
            seen.append({cabinet.id: cabinet for cabinet in await store.cabinets()})
            seen.append([entry.document["action"] for entry in await store.audit_chain(0, 9)])

        play(scenario)
        return seen

    NEW = Cabinet("cab-7", "r7", location="Bar", smib_config={"net": {"netStaPwd": SECRET}})
    KNOWN = Cabinet("cab-1", "e831cdfa8384", name="Renamed", smib_version={"firmware": "2"})

    def test_new_ones_are_added_and_known_ones_stay(self, play: Play) -> None:
        done, cabinets, actions = self.take(play, [self.NEW, self.KNOWN])
        assert (done.added, done.updated, done.skipped) == (("cab-7",), (), ("cab-1",))
        assert cabinets["cab-7"].smib_config == self.NEW.smib_config
        assert cabinets["cab-1"].name == "Lucky Lion 12"
        assert actions == ["seed", "import"]

    def test_known_ones_are_described_anew_where_that_is_wanted(self, play: Play) -> None:
        done, cabinets, _ = self.take(play, [self.KNOWN, replace(self.NEW, id="cab-8")], update=True)
        assert (done.added, done.updated) == (("cab-8",), ("cab-1",))
        known = cabinets["cab-1"]
        assert (known.name, known.location, known.revision) == ("Renamed", "Main Floor", 2)
        assert known.smib_version == {"firmware": "2"}
        assert known.smib_config["net"]["netStaPwd"] == SECRET

    def test_a_dry_run_tells_the_same_and_does_nothing(self, play: Play) -> None:
        done, cabinets, actions = self.take(play, [self.NEW, self.KNOWN], update=True, dry_run=True)
        assert (done.added, done.updated) == (("cab-7",), ("cab-1",))
        assert "cab-7" not in cabinets
        assert actions == ["seed"]

    def test_every_cabinet_with_another_s_smib_is_told(self, play: Play) -> None:
        wrong = [Cabinet("cab-1", "other"), Cabinet("cab-3", "e831cdfa8464"), self.NEW]

        async def scenario(store: Store) -> None:
            with pytest.raises(RelayTaken) as caught:
                await store.import_cabinets(wrong, Act(ANNA, "import"), update=True, dry_run=False)
            assert [one.field for one in caught.value.problems] == ["cab-1.relayId", "cab-3.relayId"]
            assert len(await store.cabinets()) == 3

        play(scenario)


class TestSqliteAudit:
    def tampered(self, folder: Path, *statements: str) -> Any:
        async def order(store: Store) -> None:
            for number in range(1, 6):
                await store.order("cab-1", net(netStaChan=number))

        path = folder / "cms.sqlite3"
        play_on(SqliteStore(path, clock_ms=lambda: NOW), order)
        with sqlite3.connect(path) as db:
            for trigger in ("audit_no_change", "audit_no_removal"):
                db.execute(f"DROP TRIGGER {trigger}")
            for statement in statements:
                db.execute(statement)
        db.close()
        found: list[Any] = []

        async def check(store: Store) -> None:
            found.append(Chain().follow(await store.audit_chain(0, 99)))

        play_on(SqliteStore(path, clock_ms=lambda: NOW), check)
        return found[0]

    @pytest.mark.parametrize(
        ("statement", "seq", "words"),
        [
            ("UPDATE audit SET document = replace(document, 'system', 'nobody') WHERE seq = 3", 3, "changed"),
            ("UPDATE audit SET document = '[]' WHERE seq = 3", 3, "missing"),
            ("UPDATE audit SET hash = hash || '0' WHERE seq = 3", 3, "changed"),
            ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
            (
                "UPDATE audit SET document = replace(document, '\"seq\":4', '\"seq\":3') WHERE seq = 4",
                4,
                "missing",
            ),
        ],
    )
    def test_the_first_broken_entry_is_found(
        self, tmp_path: Path, statement: str, seq: int, words: str
    ) -> None:
        broken = self.tampered(tmp_path, statement)
        assert broken.seq == seq
        assert words in broken.reason

    def test_an_entry_that_was_sealed_anew_breaks_the_next_one(self, tmp_path: Path) -> None:
        async def order(store: Store) -> None:
            await store.order("cab-1", net(netStaChan=1))

        path = tmp_path / "cms.sqlite3"
        play_on(SqliteStore(path, clock_ms=lambda: NOW), order)
        entries: list[AuditEntry] = []

        async def read(store: Store) -> None:
            entries.extend(await store.audit_chain(0, 9))

        play_on(SqliteStore(path, clock_ms=lambda: NOW), read)
        forged = {**entries[0].document, "user": "nobody"}
        broken = Chain().follow([AuditEntry(forged, digest(forged)), *entries[1:]])
        assert broken is not None
        assert (broken.seq, "behind the entry" in broken.reason) == (2, True)

    @pytest.mark.parametrize("statement", ["UPDATE audit SET hash = ''", "DELETE FROM audit"])
    def test_the_file_itself_refuses_changes(self, tmp_path: Path, statement: str) -> None:
        async def nothing(_: Store) -> None:
            pass

        path = tmp_path / "cms.sqlite3"
        play_on(SqliteStore(path, clock_ms=lambda: NOW), nothing)
        db = sqlite3.connect(path)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
        db.close()


class TestSqliteUpgrade:
    def test_a_database_of_the_first_schema_is_upgraded_with_all_that_is_in_it(self, tmp_path: Path) -> None:
        path = tmp_path / "old.sqlite3"
        db = sqlite3.connect(path, isolation_level=None)
        migrate(db, str(path), MIGRATIONS[:1])
        config = {"net": {"netStaSSID": "Ü", "netStaPwd": SECRET}}
        cabinet = {
            "id": "cab-1",
            "relayId": "e831cdfa8384",
            "smibConfig": config,
            "smibVersion": {},
            "revision": 7,
            "updatedAt": "2025-10-09T08:53:20.000Z",
        }
        db.execute("INSERT INTO cabinets VALUES ('cab-1', 'e831cdfa8384', ?)", (json.dumps(cabinet),))
        order = {"typ": "cfg", "comp": "net", "netStaChan": 6}
        entry = {
            "id": "",
            "version": 2,
            "cabinetId": "cab-1",
            "relayId": "e831cdfa8384",
            "order": order,
            "createdAt": "2025-10-09T08:53:20.000Z",
        }
        db.execute(
            "INSERT INTO outbox (version, relay_id, component, document)"
            " VALUES (2, 'e831cdfa8384', 'net', ?)",
            (json.dumps(entry),),
        )
        db.close()

        async def scenario(store: Store) -> None:
            (waiting,) = await store.pending(9)
            assert (waiting.version, waiting.state, dict(waiting.values)) == (
                2,
                State.WAITING,
                {"netStaChan": 6},
            )
            revision = await store.revision("cab-1", 7)
            assert revision is not None
            assert (revision.config, revision.act.action) == (config, "upgrade")
            assert await store.sent(waiting.id, 2, NOW)
            assert await states(store, cabinet_id="cab-1") == [("net", "sent")]
            merged = await store.order("cab-1", net(netStaChan=7))
            assert merged.cabinet.revision == 8

        async def whole() -> None:
            store = SqliteStore(path, clock_ms=lambda: NOW)
            await store.open()
            await scenario(store)
            await store.close()

        asyncio.run(whole())
