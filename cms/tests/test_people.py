"""Users over HTTP: added, changed, kept out, removed; sessions that end for being idle, and all at once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from cms.account import User
from cms.actor import Act
from cms.audit import AuditFilter, Draft
from cms.role import Role
from cms.tests.desk import Desk, at_desk
from cms.tests.test_access import (
    PASSWORD,
    QUICK,
    SAME,
    SESSION,
    add_everybody,
    add_user,
    bearer,
    settle,
    sign_in,
    streaming,
)

USERS = "/api/users"
NEW_PASSWORD = "another-lion-4712"
ADMIN = bearer("administrator")
NOTE = Draft(Act(), facts={"why": "test"})


async def ask(desk: Desk, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    return await desk.ask(method, path, body, headers={**ADMIN, **headers})


def slow_down(desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str, meanwhile: User | None) -> None:
    """While a password is looked at, the user ``viewer`` becomes ``meanwhile``, or is removed."""
    passwords, store = desk.application.access._passwords, desk.application.access._store
    right = getattr(passwords, verb)

    async def slow(*given: Any) -> Any:
        result = await right(*given)
        if meanwhile is None:
            await store.remove_user("viewer", NOTE)
        else:
            await store.put_user(meanwhile, NOTE)
        return result

    monkeypatch.setattr(passwords, verb, slow)


class TestUsers:
    def test_one_is_added_limited_changed_and_removed(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            body = {"name": "Zoe", "password": PASSWORD, "role": "technician", "locations": ["Annex"]}
            added = await ask(desk, "POST", USERS, body)
            assert added.status_code == 200, added.text
            assert added.json()["data"] == {
                "name": "zoe",
                "role": "technician",
                "locations": ["Annex"],
                "disabled": False,
                "credentials": [],
            }
            assert (await ask(desk, "POST", USERS, body)).status_code == 409
            assert (await sign_in(desk, "zoe")).status_code == 200
            assert (await desk.ask("GET", SESSION)).json()["locations"] == ["annex"]
            changed = await ask(desk, "PATCH", f"{USERS}/zoe", {"locations": [], "role": "viewer"})
            assert (changed.json()["data"]["locations"], changed.json()["data"]["role"]) == ([], "viewer")
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401
            desk.client.cookies.clear()
            names = [one["name"] for one in (await ask(desk, "GET", USERS)).json()["data"]]
            assert names == sorted([*map(str, Role), "zoe"])
            assert (await ask(desk, "DELETE", f"{USERS}/zoe")).status_code == 200
            assert (await ask(desk, "GET", f"{USERS}/zoe")).status_code == 404
            trail = await desk.application.store.audit(AuditFilter(user="administrator"))
            done = [(one.document["action"], one.document.get("account")) for one in trail][::-1]
            assert (
                done
                == [
                    ("user-added", "zoe"),
                    ("refusal", None),
                    ("user-changed", "zoe"),
                    ("user-removed", "zoe"),
                    ("refusal", None),
                ][: len(done)]
            )
            assert trail[-3].document["before"] == {"role": "technician", "locations": ["Annex"]}
            assert PASSWORD not in str(trail)

        at_desk(act)

    def test_who_is_kept_out_gets_in_by_nothing_and_its_streams_end(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            async with streaming(desk, bearer("viewer")) as (_, task):
                assert (await ask(desk, "PATCH", f"{USERS}/viewer", {"disabled": True})).status_code == 200
                await asyncio.wait_for(asyncio.shield(task), 10)
            assert (await desk.ask("GET", "/api/cabinets", headers=bearer("viewer"))).status_code == 401
            assert (await sign_in(desk, "viewer")).status_code == 401
            await ask(desk, "PATCH", f"{USERS}/viewer", {"disabled": False})
            assert (await desk.ask("GET", "/api/cabinets", headers=bearer("viewer"))).status_code == 200

        at_desk(act)

    def test_a_password_is_set_for_somebody_who_forgot_it(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await ask(desk, "PATCH", f"{USERS}/viewer", {"password": NEW_PASSWORD})
            assert (await sign_in(desk)).status_code == 401
            assert (await sign_in(desk, password=NEW_PASSWORD)).status_code == 200

        at_desk(act)

    def test_a_token_is_shown_once_counts_at_once_and_is_revoked(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            wish = {"role": "administrator", "label": "grafana", "days": 9, "locations": ["Main"]}
            made = (await ask(desk, "POST", f"{USERS}/viewer/tokens", wish)).json()
            assert made["data"]["role"] == "viewer"
            assert made["data"]["locations"] == ["Main"]
            header = {"authorization": f"Bearer {made['token']}"}
            assert (await desk.ask("GET", SESSION, headers=header)).json()["locations"] == ["main"]
            listed = (await ask(desk, "GET", f"{USERS}/viewer")).text
            assert made["data"]["id"] in listed
            assert made["token"] not in listed
            path = f"{USERS}/viewer/credentials/{made['data']['id']}"
            assert (await ask(desk, "DELETE", path)).status_code == 200
            assert (await ask(desk, "DELETE", path)).status_code == 404
            assert (await desk.ask("GET", "/api/cabinets", headers=header)).status_code == 401

        at_desk(act)

    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "word"),
        [
            ("POST", "", {"name": "a b", "password": PASSWORD}, 400, "name"),
            ("POST", "", {"name": "zoe", "password": "short"}, 400, "password"),
            ("POST", "", {"name": "zoe"}, 400, "password"),
            ("POST", "", {"name": "zoe", "password": PASSWORD, "role": "king"}, 400, "role"),
            ("POST", "", {"name": "zoe", "password": PASSWORD, "locations": [""]}, 400, "locations"),
            ("POST", "", {"name": "zoe", "password": PASSWORD, "locations": "Annex"}, 400, "locations"),
            ("PATCH", "/viewer", {}, 400, "at least one of"),
            ("PATCH", "/viewer", {"disabled": 1}, 400, "disabled"),
            ("PATCH", "/nobody", {"disabled": True}, 404, "nobody"),
            ("DELETE", "/nobody", None, 404, "nobody"),
            ("POST", "/viewer/tokens", {"days": 0}, 400, "days"),
            ("POST", "/viewer/tokens", {"label": "x" * 65}, 400, "label"),
            ("DELETE", "/viewer/credentials/nope", None, 404, "nope"),
            ("PATCH", "/administrator", {"role": "viewer"}, 409, "administrator"),
            ("PATCH", "/administrator", {"disabled": True}, 409, "administrator"),
            ("PATCH", "/administrator", {"locations": ["Main"]}, 409, "administrator"),
            ("DELETE", "/administrator", None, 409, "administrator"),
        ],
    )
    def test_what_is_wrong_is_a_sentence(
        self, method: str, path: str, body: Any, status: int, word: str
    ) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            answer = await ask(desk, method, USERS + path, body)
            assert answer.status_code == status, answer.text
            assert word in answer.json()["error"]
            assert PASSWORD not in answer.text

        at_desk(act)

    def test_the_first_one_must_be_able_to_administer(self) -> None:
        async def act(desk: Desk) -> None:
            body = {"name": "ann", "password": PASSWORD}
            assert (await desk.ask("POST", USERS, body)).status_code == 409
            assert (await desk.ask("POST", USERS, {**body, "role": "administrator"})).status_code == 200
            assert (await desk.ask("GET", USERS)).status_code == 401

        at_desk(act)


class TestSessions:
    def test_ones_own_password_is_changed_and_every_other_session_ends(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            other = dict(desk.client.cookies)
            desk.client.cookies.clear()
            await sign_in(desk)
            path = f"{SESSION}/password"
            wrong = await desk.ask("POST", path, {"old": "wrong", "new": NEW_PASSWORD}, headers=SAME)
            assert wrong.status_code == 401
            short = await desk.ask("POST", path, {"old": PASSWORD, "new": "short"}, headers=SAME)
            assert short.status_code == 400
            foreign = await desk.ask("POST", path, {"old": PASSWORD, "new": NEW_PASSWORD})
            assert foreign.status_code == 403
            done = await desk.ask("POST", path, {"old": PASSWORD, "new": NEW_PASSWORD}, headers=SAME)
            assert done.status_code == 200, done.text
            assert (await desk.ask("GET", SESSION)).json()["user"] == "viewer"
            desk.client.cookies.clear()
            desk.client.cookies.update(other)
            assert (await desk.ask("GET", SESSION)).json()["user"] is None
            by_token = await desk.ask(
                "POST", path, {"old": "a", "new": NEW_PASSWORD}, headers=bearer("viewer")
            )
            assert by_token.status_code == 401

        at_desk(act)

    @pytest.mark.parametrize(
        ("verb", "meanwhile"),
        [
            ("hashed", User("viewer", Role.VIEWER, "x", disabled=True)),
            ("hashed", User("viewer", Role.VIEWER, "x", ("Annex",))),
            ("hashed", None),
            ("fits", User("viewer", Role.VIEWER, "x", disabled=True)),
            ("fits", None),
        ],
    )
    def test_changing_ones_password_undoes_nothing_that_is_done_meanwhile(
        self, monkeypatch: pytest.MonkeyPatch, verb: str, meanwhile: User | None
    ) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            slow_down(desk, monkeypatch, verb, meanwhile)
            body = {"old": PASSWORD, "new": NEW_PASSWORD}
            answer = await desk.ask("POST", f"{SESSION}/password", body, headers=SAME)
            assert answer.status_code == 401, answer.text
            assert (await desk.application.store.accounts()).users.get("viewer") == meanwhile

        at_desk(act)

    @pytest.mark.parametrize("meanwhile", [None, User("viewer", Role.VIEWER, "x")])
    def test_no_session_begins_with_a_password_that_is_changed_meanwhile(
        self, monkeypatch: pytest.MonkeyPatch, meanwhile: User | None
    ) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            slow_down(desk, monkeypatch, "fits", meanwhile)
            answer = await sign_in(desk)
            assert answer.status_code == 401, answer.text
            credentials = (await desk.application.store.accounts()).credentials_of("viewer")
            assert [one.kind for one in credentials if one.kind == "session"] == []

        at_desk(act)

    def test_signing_out_everywhere_ends_every_session_and_no_token(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            other = dict(desk.client.cookies)
            desk.client.cookies.clear()
            await sign_in(desk)
            ended = await desk.ask("DELETE", f"{SESSION}?everywhere=true", headers=SAME)
            assert ended.status_code == 200
            desk.client.cookies.update(other)
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401
            assert (await desk.ask("GET", "/api/cabinets", headers=bearer("viewer"))).status_code == 200

        at_desk(act)

    def test_one_that_is_not_used_ends_and_its_stream_with_it(self) -> None:
        async def act(desk: Desk, clock: list[int]) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            cookie = {"cookie": f"cms_session={desk.client.cookies['cms_session']}"}
            clock[0] += 9 * 60_000
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 200
            clock[0] += 9 * 60_000
            by_itself = await desk.ask("GET", "/api/cabinets", headers={"x-unattended": "1"})
            assert by_itself.status_code == 200
            async with streaming(desk, cookie) as (_, task):
                clock[0] += 10 * 60_000
                await asyncio.wait_for(asyncio.shield(task), 10)
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401
            assert (await desk.ask("GET", "/api/cabinets", headers=bearer("viewer"))).status_code == 200

        with_clock(act, CMS_IDLE_MINUTES="10")

    def test_however_much_it_is_used_it_ends_in_its_time(self) -> None:
        async def act(desk: Desk, clock: list[int]) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            for _ in range(11):
                clock[0] += 5 * 60_000
                assert (await desk.ask("GET", "/api/cabinets")).status_code == 200
            clock[0] += 5 * 60_000
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401

        with_clock(act, CMS_IDLE_MINUTES="10", CMS_SESSION_HOURS="1")

    def test_another_process_knows_when_it_was_used(self) -> None:
        async def act(desk: Desk, clock: list[int]) -> None:
            await add_user(desk, Role.VIEWER)
            await settle(desk)
            await sign_in(desk)
            clock[0] += 5 * 60_000
            await desk.ask("GET", "/api/cabinets")
            credentials = (await desk.application.store.accounts()).credentials.values()
            assert [one.used_ms for one in credentials if one.kind == "session"] == [clock[0]]

        with_clock(act, CMS_IDLE_MINUTES="10")

    def test_an_old_administrator_is_not_needed_where_another_one_is(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            user = User("second", Role.ADMINISTRATOR, QUICK.hash(PASSWORD))
            await desk.application.store.put_user(user, NOTE)
            assert (await ask(desk, "DELETE", f"{USERS}/administrator")).status_code == 200
            assert (await ask(desk, "GET", USERS)).status_code == 401

        at_desk(act)


def with_clock(act: Any, **settings: str) -> None:
    """A desk whose time is in the list that ``act`` is given."""
    from cms.tests.desk import NOW_MS

    clock = [NOW_MS]

    async def run(desk: Desk) -> None:
        await act(desk, clock)

    at_desk(run, lambda: clock[0], **settings)
