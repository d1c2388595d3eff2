"""Firmware: the directory, what a device says while it installs, and an installation at many cabinets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cms.actor import Actor
from cms.audit import AuditFilter, Draft
from cms.batch import Batch, batch_from
from cms.errors import BrokerUnavailable, StoreBusy
from cms.firmware import firmware_from, firmware_problems
from cms.handlers import batches, installs
from cms.install import ACK_MS, RETURN_MS, SILENT_MS, Install
from cms.progress import Progress
from cms.sheet import Kind, Sheet
from cms.tests.desk import NOW, NOW_MS, RELAY, Desk, at_desk
from cms.tests.gate import until
from cms.tests.test_batches import BOTH, OTHER, done, frames, obedient
from wire.jsontext import to_bytes

PATH = "/api/firmware/1.1.0"
ENTRY = {"otaURL": "http://images.example/smib/", "bin": "wifi.bin", "notes": "new radio driver"}
ORDER = b'{"typ":"ota_ud","bin":"wifi.bin"}'
SENT = Install(RELAY, "1.1.0", Progress.SENT, NOW_MS)
RESTART = {"typ": "MACHINE_RESTART", "pyd": ""}


def ota(what: str, pyd: str = "") -> dict[str, Any]:
    return {"typ": f"OTA_{what}", "pyd": pyd}


def app(version: str) -> dict[str, Any]:
    return {"typ": "cfg", "comp": "app", "firmware": "smib", "version": version}


class TestInstall:
    @pytest.mark.parametrize(
        ("said", "state", "detail"),
        [
            ([], "sent", ""),
            ([ota("PROGRESS", "0")], "installing", ""),
            ([ota("PROGRESS", "0"), ota("PROGRESS", "70"), ota("COMPLETE", "1.1.0")], "confirmed", ""),
            ([ota("COMPLETE")], "confirmed", ""),
            ([ota("COMPLETE", "9.9")], "failed", "9.9"),
            ([ota("PROGRESS", "100"), ota("FAILED", "wifi.bin: does not start")], "rolledBack", "not start"),
            ([ota("FAILED")], "rolledBack", "why"),
            ([ota("PROGRESS", "50"), app("1.0.0")], "installing", ""),
            ([ota("PROGRESS", "100"), RESTART, app("1.1.0")], "confirmed", ""),
            ([ota("PROGRESS", "100"), RESTART, app("1.0.0")], "installing", ""),
            ([ota("PROGRESS", "100"), RESTART, app("1.0.0"), ota("FAILED", "bad")], "rolledBack", "bad"),
            ([ota("PROGRESS", "junk"), {"typ": "GAME_PLAYED"}, {"typ": 7}, {}], "installing", ""),
        ],
    )
    def test_what_a_device_says_moves_it(self, said: list[dict[str, Any]], state: str, detail: str) -> None:
        install = SENT
        for fields in said:
            install = install.heard(fields, NOW_MS + 1)
        assert install.state == state
        assert detail in install.detail
        if install.final:
            assert install.heard(ota("PROGRESS", "1"), NOW_MS + 2) is install
            assert install.elapsed(NOW_MS * 2) is install

    def test_silence_ends_it(self) -> None:
        assert SENT.elapsed(NOW_MS + ACK_MS) is SENT
        assert SENT.elapsed(NOW_MS + ACK_MS + 1).state is Progress.UNCONFIRMED
        installing = SENT.heard(ota("PROGRESS", "10"), NOW_MS)
        assert installing.elapsed(NOW_MS + SILENT_MS) is installing
        assert installing.elapsed(NOW_MS + SILENT_MS + 1).state is Progress.UNCONFIRMED
        back = installing.heard(RESTART, NOW_MS).heard(app("1.0.0"), NOW_MS)
        ended = back.elapsed(NOW_MS + RETURN_MS + 1)
        assert (ended.state, ended.detail) == (Progress.ROLLED_BACK, "it came back with 1.0.0")

    def test_the_reason_of_a_device_is_short_and_holds_no_secret(self) -> None:
        failed = SENT.heard(ota("FAILED", "http://u:hush@h/ " + "x" * 900), NOW_MS)
        assert "hush" not in failed.detail
        assert len(failed.detail) <= 200

    def test_it_is_stored_and_read_back(self) -> None:
        moved = SENT.heard(ota("PROGRESS", "40"), NOW_MS)
        assert Install.from_document(moved.to_document()) == moved


class TestDirectory:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"otaURL": "ftp://h/"}, "otaURL"),
            ({"otaURL": None}, "otaURL"),
            ({"bin": "../wifi.bin"}, "bin"),
            ({"bin": ".hidden"}, "bin"),
            ({"bin": 7}, "bin"),
            ({"sha256": "AB"}, "sha256"),
            ({"sha256": None}, "sha256"),
            ({"notes": "x" * 2001}, "notes"),
        ],
    )
    def test_what_is_no_image_is_refused(self, change: dict[str, Any], field: str) -> None:
        assert [one.field for one in firmware_problems({**ENTRY, **change})] == [field]
        assert firmware_problems(ENTRY) == []

    def test_versions_are_added_listed_changed_and_removed(self) -> None:
        async def act(desk: Desk) -> None:
            data = (await desk.ask("PUT", PATH, {**ENTRY, "sha256": "a" * 64})).json()["data"]
            assert data == {
                "version": "1.1.0",
                "otaURL": "http://images.example/smib/",
                "bin": "wifi.bin",
                "imageURL": "http://images.example/smib/wifi.bin",
                "sha256": "a" * 64,
                "notes": "new radio driver",
                "user": "anonymous",
                "at": NOW,
            }
            await desk.ask("PUT", PATH, {**ENTRY, "otaURL": "http://images.example/x?file="})
            assert (await desk.ask("GET", PATH)).json()["data"]["imageURL"].endswith("?file=wifi.bin")
            desk.link.hub.route("smib/config", to_bytes({"rly": RELAY, **app("1.1.0")}))
            (listed,) = (await desk.ask("GET", "/api/firmware")).json()["data"]
            assert (listed["version"], listed["running"]) == ("1.1.0", 1)
            assert (await desk.ask("DELETE", PATH)).status_code == 200
            assert (await desk.ask("GET", PATH)).status_code == 404
            entries = [one.document["action"] for one in await desk.application.store.audit(AuditFilter())]
            assert entries.count("firmware entry") == 2
            assert entries.count("firmware entry removed") == 1

        at_desk(act)

    def test_an_entry_is_stored_and_read_back(self) -> None:
        async def act(desk: Desk) -> None:
            firmware = await desk.application.directory.put("1.1.0", ENTRY, Actor("ann"))
            sheet = await desk.application.store.sheet(Kind.FIRMWARE, "1.1.0")
            assert sheet is not None
            assert firmware_from(sheet) == firmware

        at_desk(act)

    def test_a_password_in_the_url_is_kept_and_not_shown(self) -> None:
        async def act(desk: Desk) -> None:
            entry = {"otaURL": "http://me:hush4711@images.example/", "bin": "wifi.bin"}
            data = (await desk.ask("PUT", PATH, entry)).json()["data"]
            assert data["otaURL"] == "http://me:***@images.example/"
            assert data["imageURL"] == "http://me:***@images.example/wifi.bin"
            again = await desk.ask(
                "PUT", PATH, {**entry, "otaURL": data["otaURL"], "notes": "read, and sent"}
            )
            assert again.status_code == 200
            desk.link.device = answering
            await desk.ask("POST", f"{PATH}/install", {"cabinets": ["cab-1"]})
            await until(lambda: orders(desk) == [RELAY])
            assert b"hush4711" in desk.link.sent[0][1]
            unknown = await desk.ask("PUT", "/api/firmware/1.2.0", {**entry, "otaURL": data["otaURL"]})
            assert unknown.status_code == 400
            assert [one["field"] for one in unknown.json()["problems"]] == ["otaURL"]
            for path in (
                "/api/firmware",
                PATH,
                "/api/batches",
                "/api/audit",
                "/api/cabinets/cab-1/smib-config",
            ):
                assert "hush4711" not in (await desk.ask("GET", path)).text, path
            summary = await desk.ask("GET", "/api/mqtt/config?cabinetId=cab-1")
            assert summary.json()["data"]["otaURL"] == "http://me:***@images.example/"

        at_desk(act)


def orders(desk: Desk) -> list[str]:
    """The relays that were told to install."""
    return [topic.rpartition("/")[2] for topic, payload in desk.link.sent if payload == ORDER]


def say(desk: Desk, relay_id: str, *said: dict[str, Any]) -> None:
    for fields in said:
        desk.link.hub.route(f"sas/gli/server/{relay_id}", to_bytes({"rly": relay_id, **fields}))


def answering(relay_id: str, fields: dict[str, Any]) -> Any:
    return obedient(relay_id, fields) if fields.get("typ") == "cfg" else None


class TestInstalling:
    def test_each_device_is_told_where_and_then_to_install_and_is_followed(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = answering
            await desk.ask("PUT", PATH, ENTRY)
            answer = await desk.ask("POST", f"{PATH}/install", {"cabinets": BOTH})
            assert answer.status_code == 202
            data = answer.json()["data"]
            assert data["order"]["firmware"] == {
                "version": "1.1.0",
                "otaURL": "http://images.example/smib/",
                "bin": "wifi.bin",
            }
            await until(lambda: len(orders(desk)) == 2)
            say(desk, RELAY, ota("PROGRESS", "0"), ota("PROGRESS", "40"))
            await until(lambda: any(one["counts"]["installing"] for one in frames(desk)))
            say(desk, RELAY, ota("PROGRESS", "100"), RESTART, app("1.1.0"), ota("COMPLETE", "1.1.0"))
            say(desk, OTHER, ota("PROGRESS", "0"), ota("FAILED", "wifi.bin: 1.1.0 does not start"))
            ended = await done(desk, data["id"])
            assert (ended["counts"]["confirmed"], ended["counts"]["rolledBack"]) == (1, 1)
            one, other = ended["cabinets"]
            assert (one["firmware"]["percent"], one["firmware"]["version"]) == (100, "1.1.0")
            assert other["detail"] == "wifi.bin: 1.1.0 does not start"
            entries = [entry.document for entry in await desk.application.store.audit(AuditFilter())]
            assert [one["cabinet"] for one in entries if one["action"] == "firmware"] in (BOTH, BOTH[::-1])
            told = [
                (one["cabinet"], one["outcome"]) for one in entries if one.get("what") == "firmware 1.1.0"
            ]
            assert sorted(told) == [("cab-1", "confirmed"), ("cab-2", "rolledBack")]

        at_desk(act)

    def test_one_that_does_not_take_its_ota_url_is_not_told_to_install(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = lambda relay, fields: {
                "rly": relay,
                **fields,
                "otaURL": "http://a/",
                "err": "no",
            }
            await desk.ask("PUT", PATH, ENTRY)
            data = (await desk.ask("POST", f"{PATH}/install", {"cabinets": ["cab-1"]})).json()["data"]
            ended = await done(desk, data["id"])
            assert ended["counts"]["failed"] == 1
            assert "otaURL" in ended["cabinets"][0]["detail"]
            assert orders(desk) == []

        at_desk(act)

    def test_a_few_install_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(installs, "AT_ONCE", 1)

        async def act(desk: Desk) -> None:
            desk.link.device = answering
            await desk.ask("PUT", PATH, ENTRY)
            data = (await desk.ask("POST", f"{PATH}/install", {"selection": {"all": True}})).json()["data"]
            await until(lambda: len(orders(desk)) == 1)
            busy = (await desk.ask("POST", f"{PATH}/install", {"cabinets": ["cab-1"]})).json()["data"]
            ended = await done(desk, busy["id"])
            assert "installs 1.1.0 now" in ended["cabinets"][0]["detail"]
            assert orders(desk) == [RELAY]
            say(desk, RELAY, ota("COMPLETE", "1.1.0"))
            await until(lambda: orders(desk) == [RELAY, OTHER])
            say(desk, OTHER, ota("COMPLETE", "1.1.0"))
            assert (await done(desk, data["id"]))["counts"]["confirmed"] == 2

        at_desk(act)

    def test_a_busy_storage_does_not_make_an_installation_a_failure(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batches, "LAST_LOOK_S", 0.05)

        async def act(desk: Desk) -> None:
            desk.link.device = answering
            await desk.ask("PUT", PATH, ENTRY)
            store = desk.application.batches._store
            put, record = store.put_sheet, store.record
            failures = {"put": 2, "record": 1}

            def fail(what: str) -> None:
                if failures[what]:
                    failures[what] -= 1
                    raise StoreBusy("The database is busy")

            async def put_sheet(sheet: Sheet, *rest: Any) -> bool:
                if sheet.number > 2:
                    fail("put")
                return await put(sheet, *rest)

            async def recorded(draft: Draft) -> None:
                if draft.act.action == "firmware":
                    fail("record")
                await record(draft)

            monkeypatch.setattr(store, "put_sheet", put_sheet)
            monkeypatch.setattr(store, "record", recorded)
            data = (await desk.ask("POST", f"{PATH}/install", {"cabinets": BOTH})).json()["data"]
            await until(lambda: len(orders(desk)) == 2)
            for relay in (RELAY, OTHER):
                say(desk, relay, ota("PROGRESS", "0"), ota("COMPLETE", "1.1.0"))
            assert (await done(desk, data["id"]))["counts"]["confirmed"] == 2
            assert failures == {"put": 0, "record": 0}
            assert sorted(orders(desk)) == [RELAY, OTHER]

        at_desk(act)

    @pytest.mark.parametrize(("said", "state"), [([ota("PROGRESS", "0")], "confirmed"), ([], "failed")])
    def test_a_device_that_installs_without_the_brokers_word_is_followed(
        self, said: list[dict[str, Any]], state: str
    ) -> None:
        async def act(desk: Desk) -> None:
            def device(relay_id: str, fields: dict[str, Any]) -> Any:
                if fields["typ"] == "cfg":
                    return obedient(relay_id, fields)
                say(desk, relay_id, *said)
                raise BrokerUnavailable("it did not acknowledge")

            desk.link.device = device
            await desk.ask("PUT", PATH, ENTRY)
            data = (await desk.ask("POST", f"{PATH}/install", {"cabinets": ["cab-1"]})).json()["data"]
            await until(lambda: orders(desk) == [RELAY])
            say(desk, RELAY, ota("COMPLETE", "1.1.0"))
            assert (await done(desk, data["id"]))["counts"][state] == 1

        at_desk(act)

    def test_one_that_nobody_follows_any_more_does_not_keep_a_device_busy(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = answering
            await desk.ask("PUT", PATH, ENTRY)
            active = desk.application.batches._installs._active
            active[RELAY] = Install(RELAY, "1.0.9", Progress.SENT, NOW_MS - ACK_MS - 1)
            await desk.ask("POST", f"{PATH}/install", {"cabinets": ["cab-1"]})
            await until(lambda: orders(desk) == [RELAY])

        at_desk(act)

    def test_what_was_under_way_when_the_service_ended_is_followed_again(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = answering
            await desk.ask("PUT", PATH, ENTRY)
            data = (await desk.ask("POST", f"{PATH}/install", {"cabinets": BOTH})).json()["data"]
            await until(lambda: len(orders(desk)) == 2)
            ours = desk.application.batches
            number, batch = ours._open[data["id"]]
            assert isinstance(batch, Batch)
            again = ours._installs.adopted(batch_from(batch.sheet(number)))
            assert {part.progress for part in again.parts} <= {Progress.SENT, Progress.UNCONFIRMED}
            say(desk, RELAY, ota("COMPLETE", "1.1.0"))
            say(desk, OTHER, ota("COMPLETE", "1.1.0"))
            assert (await done(desk, data["id"]))["state"] == "done"

        at_desk(act)

    def test_a_version_that_is_not_in_the_directory_is_not_installed(self) -> None:
        async def act(desk: Desk) -> None:
            answer = await desk.ask("POST", f"{PATH}/install", {"cabinets": BOTH})
            assert (answer.status_code, "1.1.0" in answer.json()["error"]) == (404, True)
            await desk.ask("PUT", PATH, ENTRY)
            foretold = await desk.ask("POST", f"{PATH}/install?dryRun=true", {"cabinets": BOTH})
            assert foretold.json()["cabinets"] == BOTH
            assert desk.link.sent == []
            assert json.dumps((await desk.ask("GET", "/api/batches")).json()["data"]) == "[]"

        at_desk(act)
