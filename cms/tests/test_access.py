"""Who may come in, and what each role may do: every route by every role (issue 4, "Security" and "Proof")."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from argon2 import PasswordHasher

from cms.account import Credential, User, key_of
from cms.actor import Act
from cms.audit import AuditFilter, Draft
from cms.errors import SettingError
from cms.role import RIGHTS, Right, Role
from cms.tests.desk import NOW_MS, RELAY, Desk, at_desk

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "lucky-lion-4711"
SESSION = "/api/session"
ORDER = "/api/cabinets/cab-1/smib-config"
SECRET = "casino-4711"
SAME = {"origin": "http://localhost"}
NOTE = Draft(Act(), facts={"why": "test"})


def token_of(name: str) -> str:
    return f"cms_{name}-token"


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token_of(name)}"}


async def settle(desk: Desk) -> None:
    await desk.application.access.refresh()


async def add_user(desk: Desk, role: Role, of_token: Role | None = None, ends_ms: int | None = None) -> None:
    """A user called as the role, with a token."""
    store, name, key = desk.application.store, str(role), key_of(token_of(role))
    await store.put_user(User(name, role, QUICK.hash(PASSWORD)), NOTE)
    assert await store.put_credential(
        Credential(key, "token", name, of_token or role, "t", NOW_MS, ends_ms), NOTE
    )


async def add_everybody(desk: Desk) -> None:
    for role in Role:
        await add_user(desk, role)
    await settle(desk)


async def sign_in(desk: Desk, name: str = "viewer", password: str = PASSWORD, **headers: str) -> Any:
    return await desk.ask("POST", SESSION, {"user": name, "password": password}, headers=headers)


async def actions(desk: Desk) -> list[str]:
    return [str(one.document["action"]) for one in await desk.application.store.audit(AuditFilter())]


# Every endpoint of the API by the right that it asks for. What is not in here is for anybody.
ROUTES = {
    ("POST", "/api/cabinets/{cabinetId}/smib-config"): Right.ORDER,
    ("GET", "/api/cabinets/{cabinetId}/smib-config"): Right.READ,
    ("POST", "/api/cabinets/{cabinetId}/smib-config/resync"): Right.ORDER,
    ("POST", "/api/cabinets/{cabinetId}/smib-config/rollback"): Right.ORDER,
    ("GET", "/api/cabinets/export"): Right.EXPORT,
    ("POST", "/api/cabinets/import"): Right.ADMINISTER,
    ("GET", "/api/cabinets"): Right.READ,
    ("GET", "/api/cabinets/{cabinetId}"): Right.READ,
    ("POST", "/api/batches"): Right.ORDER,
    ("GET", "/api/batches"): Right.READ,
    ("GET", "/api/batches/{batchId}"): Right.READ,
    ("GET", "/api/analytics"): Right.READ,
    ("GET", "/api/ws"): Right.READ,
    ("POST", "/graphql"): Right.READ,
    ("GET", "/graphql"): Right.READ,
    ("GET", "/api/firmware"): Right.READ,
    ("GET", "/api/firmware/{version}"): Right.READ,
    ("PUT", "/api/firmware/{version}"): Right.MANAGE,
    ("POST", "/api/firmware/{version}/install"): Right.ORDER,
    ("DELETE", "/api/firmware/{version}"): Right.MANAGE,
    ("GET", "/api/templates"): Right.READ,
    ("GET", "/api/templates/{template}"): Right.READ,
    ("PUT", "/api/templates/{template}"): Right.MANAGE,
    ("POST", "/api/templates/{template}/apply"): Right.ORDER,
    ("GET", "/api/templates/{template}/drift"): Right.READ,
    ("DELETE", "/api/templates/{template}"): Right.MANAGE,
    ("POST", "/api/cabinets/{cabinetId}/meters"): Right.READ,
    ("GET", "/api/cabinets/{cabinetId}/meters"): Right.READ,
    ("GET", "/api/mqtt/config"): Right.READ,
    ("GET", "/api/outbox"): Right.READ,
    ("GET", "/api/audit"): Right.AUDIT,
    ("GET", "/api/cabinets/{cabinetId}/history"): Right.READ,
    ("POST", "/api/mqtt/config/request"): Right.READ,
    ("POST", "/api/mqtt/config/publish"): Right.ORDER,
    ("GET", "/api/mqtt/config/subscribe"): Right.READ,
    ("POST", "/api/mqtt/test"): Right.TEST,
    ("GET", "/api/fields"): Right.READ,
    ("POST", "/api/fields/check"): Right.READ,
    ("GET", "/api/events"): Right.READ,
    ("GET", "/api/monitoring"): Right.READ,
    ("GET", "/metrics"): Right.READ,
    ("GET", "/api/users"): Right.ADMINISTER,
    ("POST", "/api/users"): Right.ADMINISTER,
    ("GET", "/api/users/{userName}"): Right.ADMINISTER,
    ("PATCH", "/api/users/{userName}"): Right.ADMINISTER,
    ("DELETE", "/api/users/{userName}"): Right.ADMINISTER,
    ("POST", "/api/users/{userName}/tokens"): Right.ADMINISTER,
    ("DELETE", "/api/users/{userName}/credentials/{credentialId}"): Right.ADMINISTER,
}
ANYBODY = {
    *((method, SESSION) for method in ("POST", "GET", "DELETE")),
    ("POST", f"{SESSION}/password"),
    *(("GET", path) for path in ("/healthz", "/readyz", "/openapi.json", "/docs", "/docs/{asset}")),
    *(("GET", path) for path in ("/", "/page/{asset}")),
}
MAY = {
    Role.VIEWER: {Right.READ},
    Role.TECHNICIAN: {Right.READ, Right.ORDER, Right.TEST},
    Role.MANAGER: {Right.READ, Right.ORDER, Right.TEST, Right.AUDIT, Right.EXPORT, Right.MANAGE},
    Role.ADMINISTRATOR: set(Right),
}
BODIES: dict[str, Any] = {
    "/api/cabinets/{cabinetId}/smib-config": {"smibVersion": {"firmware": "1"}},
    "/api/cabinets/{cabinetId}/smib-config/rollback": {"revision": 99},
    "/api/cabinets/import": {"cabinets": []},
    "/api/templates/{template}": {"smibConfig": {"net": {"netStaChan": 3}}},
    "/api/templates/{template}/apply": {"cabinets": ["cab-1"]},
    "/api/firmware/{version}": {"otaURL": "http://images.example/", "bin": "wifi.bin"},
    "/api/firmware/{version}/install": {"cabinets": ["cab-1"]},
    "/graphql": {"query": "{ cabinets { id } }"},
    "/api/batches": {"cabinets": ["cab-1"], "smibVersion": {"firmware": "1"}},
    "/api/mqtt/config/request": {"relayId": RELAY, "component": "net"},
    "/api/mqtt/config/publish": {"relayId": RELAY, "config": {"typ": "cfg", "comp": "net", "netStaChan": 3}},
    "/api/mqtt/test": {"action": "connect"},
    "/api/users": {"name": "zoe", "password": "lucky-lion-4711"},
    "/api/users/{userName}": {"locations": []},
    "/api/users/{userName}/tokens": {},
    "/api/fields/check": {"component": "net", "values": {"netStaChan": 3}},
}


ADMITTED = (200, 202, 404, 426, 504)


def filled(method: str, path: str) -> str:
    query = {
        "/api/mqtt/config": "?cabinetId=cab-1",
        "/api/mqtt/config/subscribe": f"?relayId={RELAY}",
        "/api/cabinets/{cabinetId}/meters": "?wait=0.01" if method == "POST" else "",
    }
    return with_ids(path, "cab-1") + query.get(path, "")


def with_ids(path: str, cabinet_id: str) -> str:
    """``path`` with something in each of its places."""
    ids = {"cabinetId": cabinet_id, "batchId": "b-1", "template": "wifi", "version": "1.1.0"}
    ids |= {"userName": "zoe", "credentialId": 12 * "0"}
    return path.format_map({**ids, "asset": "a"})


class TestRoutes:
    def test_the_table_of_rights_is_the_one_that_was_meant(self) -> None:
        assert RIGHTS == MAY

    def test_every_route_asks_for_the_right_that_was_meant(self) -> None:
        async def act(desk: Desk) -> None:
            asked = {(e.method, e.path): e.right for e in desk.application.endpoints}
            assert asked == {**ROUTES, **dict.fromkeys(ANYBODY)}

        at_desk(act)

    @pytest.mark.parametrize("role", [*Role, None], ids=str)
    def test_each_role_gets_in_where_it_may_and_nowhere_else(self, role: Role | None) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            headers = {} if role is None else bearer(role)
            for (method, path), right in ROUTES.items():
                # HEAD stands for GET: a stream has no end.
                verb = "HEAD" if method == "GET" else method
                answer = await desk.ask(verb, filled(method, path), BODIES.get(path), headers=headers)
                if role is None:
                    assert answer.status_code == 401, (method, path)
                elif right in MAY[role]:
                    assert answer.status_code in ADMITTED, (method, path, answer.text)
                else:
                    assert answer.status_code == 403, (method, path)

        at_desk(act)

    def test_what_is_refused_has_no_effect_and_is_in_the_audit_trail(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            answer = await desk.ask("POST", ORDER, {"machineControl": "RESTART"}, headers=bearer("viewer"))
            assert answer.status_code == 403
            assert "technician, manager, administrator" in answer.json()["error"]
            assert desk.link.sent == []
            (entry,) = await desk.application.store.audit(AuditFilter(limit=1))
            assert (entry.document["action"], entry.document["user"]) == ("refusal", "viewer")
            assert entry.document["wanted"] == "orderSmibConfig"

        at_desk(act)

    def test_who_did_something_is_in_the_audit_trail(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            order = {"machineControl": "RESTART"}
            assert (await desk.ask("POST", ORDER, order, headers=bearer("manager"))).status_code == 200
            users = [one.document["user"] for one in await desk.application.store.audit(AuditFilter())]
            assert "manager" in users

        at_desk(act)


class TestOpenAccess:
    def test_without_users_everybody_on_this_machine_may_do_everything(self) -> None:
        async def act(desk: Desk) -> None:
            who = (await desk.ask("GET", SESSION)).json()
            assert (who["signInNeeded"], who["user"], who["role"]) == (False, None, "administrator")
            assert who["may"] == list(Right)
            assert (await desk.ask("GET", "/api/audit")).status_code == 200

        at_desk(act)

    def test_it_ends_with_the_first_user(self) -> None:
        async def act(desk: Desk) -> None:
            await add_user(desk, Role.VIEWER)
            await settle(desk)
            refused = await desk.ask("GET", "/api/cabinets")
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            who = (await desk.ask("GET", SESSION)).json()
            assert (who["signInNeeded"], who["user"], who["role"], who["may"]) == (True, None, None, [])
            await desk.application.store.remove_user("viewer", NOTE)
            await settle(desk)
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401

        at_desk(act)

    def test_beyond_this_machine_the_service_does_not_start_without_users(self) -> None:
        async def act(_desk: Desk) -> None:
            raise AssertionError("it started")

        with pytest.raises(SettingError, match="CMS_HOST"):
            at_desk(act, CMS_HOST="0.0.0.0")

    def test_a_page_that_calls_this_machine_by_its_own_name_gets_nothing(self) -> None:
        async def act(desk: Desk) -> None:
            for host in ("evil.example", "evil.example:3000", "[", "127.0.0.1.evil.example"):
                answer = await desk.ask("GET", "/api/cabinets", headers={"host": host})
                assert answer.status_code == 403, host
            for host in ("localhost:3000", "127.0.0.1:41233", "[::1]:3000"):
                answer = await desk.ask("GET", "/api/cabinets", headers={"host": host})
                assert answer.status_code == 200, host

        at_desk(act)


class TestSession:
    def test_a_password_begins_a_session_and_signing_out_ends_it(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            answer = await sign_in(desk, "Viewer")
            assert answer.status_code == 200, answer.text
            who = answer.json()
            assert (who["user"], who["role"], who["may"]) == ("viewer", "viewer", ["read"])
            assert who["expires"] == "2025-10-26T22:30:00.000Z"
            cookie = answer.headers["set-cookie"]
            for word in ("HttpOnly", "SameSite=strict", "Path=/"):
                assert word in cookie
            assert "Secure" not in cookie
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 200
            assert (await desk.ask("GET", SESSION)).json()["user"] == "viewer"
            kept = dict(desk.client.cookies)
            assert (await desk.ask("DELETE", SESSION, headers=SAME)).status_code == 200
            assert "cms_session" not in desk.client.cookies
            desk.client.cookies.update(kept)
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401
            assert {"sign-in", "sign-out"} <= set(await actions(desk))

        at_desk(act)

    def test_over_https_its_cookie_is_secure(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            answer = await desk.ask(
                "POST", f"https://localhost{SESSION}", {"user": "viewer", "password": PASSWORD}
            )
            assert "Secure" in answer.headers["set-cookie"]

        at_desk(act)

    def test_a_wrong_name_and_a_wrong_password_are_told_the_same(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            wrong = [await sign_in(desk, password="not-the-password"), await sign_in(desk, "nobody")]
            assert [answer.status_code for answer in wrong] == [401, 401]
            assert len({answer.json()["error"] for answer in wrong}) == 1
            entries = await desk.application.store.audit(AuditFilter(limit=2))
            assert [one.document["user"] for one in entries] == ["anonymous", "viewer"]
            assert "nobody" not in str(entries)

        at_desk(act)

    def test_guessing_is_slowed_down(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            tries = [await sign_in(desk, password="not-the-password") for _ in range(6)]
            assert [one.status_code for one in tries] == [401] * 5 + [429]
            assert 1 <= int(tries[-1].headers["retry-after"]) <= 60
            assert (await sign_in(desk)).status_code == 429
            assert (await sign_in(desk, "manager")).status_code == 200
            refusals = (await actions(desk)).count("refusal")
            assert refusals == 7

        at_desk(act)

    def test_it_ends_in_its_time(self) -> None:
        async def act(desk: Desk) -> None:
            store = desk.application.store
            await add_user(desk, Role.VIEWER, ends_ms=NOW_MS + 1)
            late = Credential(key_of("cms_late"), "token", "viewer", Role.VIEWER, "", NOW_MS - 2, NOW_MS)
            assert await store.put_credential(late, NOTE)
            assert (await desk.ask("GET", "/api/cabinets", headers=bearer("viewer"))).status_code == 200
            answer = await desk.ask("GET", "/api/cabinets", headers={"authorization": "Bearer cms_late"})
            assert answer.status_code == 401

        at_desk(act)

    def test_another_password_ends_the_sessions_and_not_the_tokens(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            await desk.application.store.put_user(User("viewer", Role.VIEWER, QUICK.hash("x" * 12)), NOTE)
            await settle(desk)
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401
            assert (await desk.ask("GET", "/api/cabinets", headers=bearer("viewer"))).status_code == 200

        at_desk(act)

    def test_a_session_is_no_token_and_a_token_no_session(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            secret = desk.client.cookies["cms_session"]
            desk.client.cookies.clear()
            answer = await desk.ask("GET", "/api/cabinets", headers={"authorization": f"Bearer {secret}"})
            assert answer.status_code == 401
            desk.client.cookies.set("cms_session", token_of("viewer"))
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401

        at_desk(act)

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 403),
            (SAME, 200),
            ({"origin": "http://evil.example"}, 403),
            ({"origin": "null"}, 403),
            ({"sec-fetch-site": "same-origin"}, 200),
            ({"sec-fetch-site": "cross-site"}, 403),
            ({"sec-fetch-site": "same-site"}, 403),
            ({**SAME, "sec-fetch-site": "cross-site"}, 403),
        ],
    )
    def test_another_sites_page_can_not_use_it(self, headers: dict[str, str], status: int) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await sign_in(desk, "technician")
            answer = await desk.ask("POST", ORDER, {"smibVersion": {"firmware": "1"}}, headers=headers)
            assert answer.status_code == status, answer.text

        at_desk(act)

    def test_no_other_site_is_told_that_it_may_read(self) -> None:
        async def act(desk: Desk) -> None:
            answer = await desk.ask("GET", "/api/cabinets", headers={"origin": "http://evil.example"})
            assert not [name for name in answer.headers if name.startswith("access-control")]
            asked = await desk.ask("OPTIONS", "/api/cabinets", headers={"origin": "http://evil.example"})
            assert asked.status_code == 405

        at_desk(act)


class TestTokens:
    def test_one_never_has_more_rights_than_its_user(self) -> None:
        async def act(desk: Desk) -> None:
            await add_user(desk, Role.VIEWER, Role.ADMINISTRATOR)
            await add_user(desk, Role.MANAGER, Role.VIEWER)
            for name in ("viewer", "manager"):
                who = (await desk.ask("GET", SESSION, headers=bearer(name))).json()
                assert (who["user"], who["role"]) == (name, "viewer")

        at_desk(act)

    def test_one_that_was_revoked_counts_no_more(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            assert await desk.application.store.remove_credential(key_of(token_of("viewer")), NOTE)
            await settle(desk)
            assert (await desk.ask("GET", "/api/cabinets", headers=bearer("viewer"))).status_code == 401

        at_desk(act)

    def test_what_is_stored_opens_nothing(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            accounts = await desk.application.store.accounts()
            stored = [
                *(user.to_document() for user in accounts.users.values()),
                *(credential.to_document() for credential in accounts.credentials.values()),
            ]
            assert PASSWORD not in str(stored)
            assert token_of("viewer") not in str(stored)
            assert desk.client.cookies["cms_session"] not in str(stored)
            assert QUICK.hash(PASSWORD)[:9] == "$argon2id"

        at_desk(act)

    def test_trying_secrets_is_slowed_down(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            headers = {"authorization": "Bearer cms_guess"}
            found = [
                (await desk.ask("GET", "/api/cabinets", headers=headers)).status_code for _ in range(601)
            ]
            assert set(found[:600]) == {401}
            assert found[600] == 429

        at_desk(act)


class TestOrdersPerMinute:
    def test_one_caller_too_many_is_told_when_to_try_again(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            order = {"smibVersion": {"firmware": "1"}}
            found = [await desk.ask("POST", ORDER, order, headers=bearer("manager")) for _ in range(4)]
            assert [one.status_code for one in found] == [200, 200, 200, 429]
            assert 1 <= int(found[3].headers["retry-after"]) <= 60
            other = await desk.ask("POST", ORDER, order, headers=bearer("technician"))
            assert other.status_code == 200
            assert (await desk.ask("GET", ORDER, headers=bearer("manager"))).status_code == 200

        at_desk(act, CMS_ORDERS_PER_MINUTE="3")


class Stream:
    """An event stream that is read inside the process: httpx would wait for its end."""

    def __init__(self, desk: Desk, path: str, headers: dict[str, str]) -> None:
        self._app = desk.application.asgi
        path, _, query = path.partition("?")
        self._scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        self.text = ""
        self._changed = asyncio.Event()

    async def _send(self, message: Any) -> None:
        self.text += message.get("body", b"").decode()
        self._changed.set()

    async def _receive(self) -> Any:
        await asyncio.Event().wait()

    async def run(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def until(self, word: str) -> None:
        async with asyncio.timeout(10):
            while word not in self.text:
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def streaming(
    desk: Desk, headers: dict[str, str], path: str = f"/api/mqtt/config/subscribe?relayId={RELAY}"
) -> AsyncIterator[tuple[Stream, asyncio.Task[None]]]:
    stream = Stream(desk, path, headers)
    task = asyncio.create_task(stream.run())
    try:
        await stream.until('"connected"')
        yield stream, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class TestStreams:
    def test_only_who_may_order_sees_passwords(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            answer = (
                f'{{"rly":"{RELAY}","typ":"cfg","comp":"net","netStaSSID":"A","netStaPwd":"{SECRET}",'
                f'"err":"not {SECRET}"}}'
            )
            async with (
                streaming(desk, bearer("viewer")) as (viewer, _),
                streaming(desk, bearer("technician")) as (technician, _),
            ):
                desk.link.hub.route("smib/config", answer.encode())
                await asyncio.gather(viewer.until("config_update"), technician.until("config_update"))
                assert SECRET in technician.text
                assert SECRET not in viewer.text
                assert '"netStaSSID":"A","netStaPwd":"***"' in viewer.text

        at_desk(act)

    @pytest.mark.parametrize("how", ["revoked", "removed", "demoted"])
    @pytest.mark.parametrize("path", ["/api/events", f"/api/mqtt/config/subscribe?relayId={RELAY}"])
    def test_one_ends_with_the_right_to_it(self, how: str, path: str) -> None:
        async def act(desk: Desk) -> None:
            store = desk.application.store
            await add_everybody(desk)
            async with (
                streaming(desk, bearer("technician"), path) as (_, task),
                streaming(desk, bearer("manager"), path) as (_, other),
            ):
                if how == "revoked":
                    await store.remove_credential(key_of(token_of("technician")), NOTE)
                elif how == "removed":
                    await store.remove_user("technician", NOTE)
                else:
                    await store.put_user(User("technician", Role.VIEWER, "x"), NOTE)
                # Nobody tells the service: it looks by itself.
                await asyncio.wait_for(asyncio.shield(task), 10)
                assert not other.done()

        at_desk(act)

    def test_an_open_one_ends_with_the_first_user(self) -> None:
        async def act(desk: Desk) -> None:
            async with streaming(desk, {}) as (_, task):
                await add_user(desk, Role.VIEWER)
                await asyncio.wait_for(asyncio.shield(task), 10)

        at_desk(act)

    def test_signing_out_ends_it(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            await sign_in(desk)
            cookie = {"cookie": f"cms_session={desk.client.cookies['cms_session']}"}
            async with streaming(desk, cookie) as (_, task):
                await desk.ask("DELETE", SESSION, headers=SAME)
                await asyncio.wait_for(asyncio.shield(task), 10)

        at_desk(act)
