"""Secrets at rest: sealed in every document of every engine, opened by the key alone, and sealed anew."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient

from cms.account import User
from cms.actor import Act
from cms.audit import Draft
from cms.cabinet import ConfigChange
from cms.cli import main
from cms.database import store_at
from cms.errors import KeyWanted, SettingError, StoreSealed
from cms.keys import key_id, new_key, read_keys
from cms.role import Role
from cms.settings import read_settings
from cms.sheet import Kind, Sheet
from cms.standing import FieldReport
from cms.store.store import RelayReport, Store
from cms.tests.desk import Desk, at_desk
from cms.tests.engines import CABINETS, NOW, SECRET, mongodb_database, mongodb_uri
from cms.vault import MARK, PLAIN, Vault

__all__ = ["mongodb_database", "mongodb_uri"]

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))
VAULT = Vault([OLD])
DOCUMENT = {
    "smibConfig": {
        "net": {"netStaSSID": "A", "netStaPwd": SECRET, "netStaChan": 3},
        "mqtt": {"mqttURI": f"mqtt://m:{SECRET}@host", "mqttPassword": "***"},
    },
    "reported": {"net": {"netStaPwd": {"value": SECRET, "at": "t"}}},
    "outbox": [{"order": {"typ": "cfg", "mqttPassword": SECRET}}],
    "revision": 7,
}
ENGINES = ("sqlite", "mongodb")


@pytest.fixture(params=ENGINES)
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "mongodb":
        yield request.getfixturevalue("mongodb_database")
    else:
        yield str(tmp_path / "cms.sqlite3")


def stored_text(uri: str) -> str:
    """Everything that is in a database, as it lies there."""
    if not uri.startswith("mongodb"):
        files = Path(uri).parent.iterdir()
        return "".join(file.read_bytes().decode("latin-1") for file in files if file.is_file())
    with MongoClient[dict[str, Any]](uri, timeoutMS=5000) as client:
        database = client.get_default_database()
        names = database.list_collection_names()
        return "\n".join(str(one) for name in names for one in database[name].find({}))


async def fill(store: Store) -> None:
    """A secret in each place that can hold one."""
    await store.add_cabinets(CABINETS)
    changes = {"net": {"netStaPwd": SECRET, "netStaSSID": "B"}, "mqtt": {"mqttURI": f"mqtt://m:{SECRET}@h2"}}
    await store.order("cab-1", ConfigChange(changes))
    await store.order("cab-1", ConfigChange({"net": {"netStaPwd": SECRET + "-2"}}))
    fields = {"netStaPwd": FieldReport(SECRET, NOW), "netStaSSID": FieldReport(f"x://u:{SECRET}@h", NOW)}
    await store.report([RelayReport("e831cdfa8384", "net", fields)])
    document = {"config": {"net": {"netStaPwd": SECRET}}}
    assert await store.put_sheet(Sheet(Kind.TEMPLATE, "t", 1, NOW, document))


async def check(store: Store) -> None:
    """What was put is found as it was."""
    cabinet = await store.cabinet("cab-1")
    assert cabinet is not None
    assert cabinet.smib_config["net"]["netStaPwd"] == SECRET + "-2"
    assert cabinet.smib_config["mqtt"]["mqttURI"] == f"mqtt://m:{SECRET}@h2"
    first = await store.revision("cab-1", 1)
    assert first is not None
    assert first.config["net"]["netStaPwd"] == SECRET
    assert {entry.values.get("netStaPwd") for entry in await store.pending(9)} == {None, SECRET + "-2"}
    standing = await store.standing("cab-1")
    assert standing is not None
    assert standing.reported["net"]["netStaPwd"].value == SECRET
    sheet = await store.sheet(Kind.TEMPLATE, "t")
    assert sheet is not None
    assert sheet.document["config"]["net"]["netStaPwd"] == SECRET


def play(uri: str, keys: tuple[bytes, ...], *scenarios: Any) -> None:
    async def whole() -> None:
        store = store_at(uri, clock_ms=lambda: NOW, keys=keys)
        await store.open()
        try:
            for scenario in scenarios:
                await scenario(store)
        finally:
            await store.close()

    asyncio.run(whole())


async def rotate(store: Store) -> None:
    place: str | None = None
    while (place := (await store.renew_secrets(place, 1)).place) is not None:
        pass
    await store.forget_keys()


class TestVault:
    def test_every_secret_is_sealed_and_nothing_else(self) -> None:
        sealed = VAULT.sealed(DOCUMENT)
        assert SECRET not in json.dumps(sealed)
        assert sealed["smibConfig"]["net"]["netStaSSID"] == "A"
        assert sealed["smibConfig"]["mqtt"]["mqttPassword"] == "***"
        assert sealed["revision"] == 7
        assert VAULT.opened(sealed) == DOCUMENT
        assert VAULT.sealed(sealed) == sealed
        text = json.dumps(DOCUMENT)
        assert json.loads(VAULT.opened_text(VAULT.sealed_text(text))) == DOCUMENT

    def test_the_same_is_never_sealed_twice_alike(self) -> None:
        assert VAULT.sealed({"token": "a"}) != VAULT.sealed({"token": "a"})

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["a", "netStaPwd", "token"]), inner)
            ),
        )
    )
    def test_what_was_sealed_opens_as_it_was(self, value: Any) -> None:
        plain = PLAIN.sealed(value)  # a text that looks as if it were sealed is never taken for it
        assert VAULT.opened(VAULT.sealed(plain)) == plain

    def test_what_only_looks_sealed_is_not_taken_for_it(self) -> None:
        forged = {"err": f"{MARK}{VAULT.ids[0]}x", "netStaPwd": f"{MARK}00000000:AAAA"}
        assert VAULT.opened(VAULT.sealed(forged)) == {
            "err": f"sealed:{VAULT.ids[0]}x",
            "netStaPwd": "sealed:00000000:AAAA",
        }

    def test_a_value_that_was_moved_or_changed_does_not_open(self) -> None:
        sealed = VAULT.sealed({"net": {"netStaPwd": SECRET}})["net"]["netStaPwd"]
        for document in (
            {"name": sealed},
            {"net": {"netStaSSID": sealed}},
            {"net": {"netStaPwd": sealed[:-6] + "AAAAAA"}},
        ):
            with pytest.raises(StoreSealed):
                VAULT.opened(document)
        with pytest.raises(StoreSealed):
            Vault([NEW]).opened({"net": {"netStaPwd": sealed}})

    def test_it_shows_its_keys_to_nobody(self) -> None:
        assert OLD.hex() not in repr(VAULT)
        assert VAULT.ids == (key_id(OLD),)


class TestKeys:
    def test_one_that_was_made_is_read(self) -> None:
        first, second = new_key(), new_key()
        assert len(read_keys(f"{first},{second}")) == 2
        assert read_keys(f"{first}\n{second}\n") == read_keys(f" {first} , {second} ")

    @pytest.mark.parametrize("text", ["", "short", "*" * 44, f"{'A' * 43}=,{'A' * 43}="])
    def test_what_is_none_is_refused_and_not_shown(self, text: str) -> None:
        with pytest.raises(SettingError, match=r"CMS_SECRETS_KEY.*secrets key makes one") as caught:
            read_settings({"CMS_SECRETS_KEY": text or ","})
        assert not text or text not in str(caught.value)

    def test_it_may_stand_in_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_text(f"{new_key()}\n")
        assert len(read_settings({"CMS_SECRETS_KEY_FILE": str(file)}).keys) == 1
        with pytest.raises(SettingError, match="not both"):
            read_settings({"CMS_SECRETS_KEY_FILE": str(file), "CMS_SECRETS_KEY": new_key()})
        with pytest.raises(SettingError, match="CMS_SECRETS_KEY_FILE"):
            read_settings({"CMS_SECRETS_KEY_FILE": str(tmp_path / "none")})

    def test_plain_is_said_in_so_many_words(self) -> None:
        assert read_settings({"CMS_SECRETS_KEY": "plain"}).plain
        assert not read_settings({}).plain


class TestStores:
    def test_with_a_key_no_secret_lies_in_the_database(self, uri: str) -> None:
        async def look(_: Store) -> None:
            assert SECRET not in stored_text(uri)

        play(uri, (OLD,), fill, check, look)
        assert SECRET not in stored_text(uri)
        play(uri, (OLD,), check)

    def test_without_the_key_it_does_not_open_and_says_which_is_wanted(self, uri: str) -> None:
        play(uri, (OLD,), fill)
        for keys in ((), (OTHER,)):
            with pytest.raises(KeyWanted, match=f"{key_id(OLD)}.*CMS_SECRETS_KEY"):
                play(uri, keys, check)
        play(uri, (OLD,), check)

    def test_a_new_key_seals_what_is_new_and_both_open(self, uri: str) -> None:
        play(uri, (OLD,), fill)
        play(uri, (NEW, OLD), check)
        with pytest.raises(KeyWanted):
            play(uri, (NEW,), check)

    @pytest.mark.parametrize("before", [(), (OLD,)], ids=["plain", "sealed"])
    def test_rotating_seals_everything_with_the_new_key(self, uri: str, before: tuple[bytes, ...]) -> None:
        play(uri, before, fill)
        play(uri, (NEW, *before), rotate, check)
        text = stored_text(uri)
        assert SECRET not in text
        assert key_id(OLD) not in text
        play(uri, (NEW,), check)

    def test_rotating_can_be_interrupted_and_done_again(self, uri: str) -> None:
        async def begin(store: Store) -> None:
            assert (await store.renew_secrets(None, 1)).place is not None

        play(uri, (OLD,), fill)
        play(uri, (NEW, OLD), begin)
        play(uri, (NEW, OLD), check, rotate)
        play(uri, (NEW,), check)

    def test_doing_it_twice_changes_nothing(self, uri: str) -> None:
        async def again(store: Store) -> None:
            place, changed = None, 0
            while True:
                done = await store.renew_secrets(place, 100)
                place, changed = done.place, changed + done.changed
                if place is None:
                    break
            assert changed == 0

        play(uri, (OLD,), fill)
        play(uri, (NEW, OLD), rotate, again)


class TestProgram:
    def test_a_key_is_made_and_everything_sealed_with_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = str(tmp_path / "cms.sqlite3")
        play(path, (), fill)
        assert main(["secrets", "key"]) == 0
        key = capsys.readouterr().out.strip()
        assert main(["secrets", "rotate", "--database", path]) == 2
        assert "CMS_SECRETS_KEY" in capsys.readouterr().err
        monkeypatch.setenv("CMS_SECRETS_KEY", key)
        assert main(["secrets", "rotate", "--database", path]) == 0
        told = capsys.readouterr().out
        assert key not in told
        assert "no other key is wanted" in told.splitlines()[-1]
        assert SECRET not in stored_text(path)
        monkeypatch.delenv("CMS_SECRETS_KEY")
        assert main(["audit", "verify", "--database", path]) == 1
        assert "CMS_SECRETS_KEY was wanted" in capsys.readouterr().err
        with sqlite3.connect(path) as db:
            (count,) = db.execute(
                "SELECT count(*) FROM audit WHERE document LIKE '%secrets-rotated%'"
            ).fetchone()
        db.close()
        assert count == 1

    def test_beyond_this_machine_the_service_wants_a_key(self, tmp_path: Path) -> None:
        path = str(tmp_path / "cms.sqlite3")

        async def admit(store: Store) -> None:
            await store.put_user(User("ann", Role.VIEWER, "x"), Draft(Act(), facts={"why": "test"}))

        async def act(_: Desk) -> None:
            raise AssertionError("it started")

        async def serve(desk: Desk) -> None:
            assert (await desk.ask("GET", "/healthz")).status_code == 200

        play(path, (), admit)
        place = {"CMS_DATABASE": path, "CMS_HOST": "0.0.0.0"}
        with pytest.raises(SettingError, match=r"CMS_SECRETS_KEY.*plain stores them"):
            at_desk(act, **place)
        at_desk(serve, **place, CMS_SECRETS_KEY="plain")
        at_desk(serve, **place, CMS_SECRETS_KEY=new_key())
