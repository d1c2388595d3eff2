"""Scope by location: whoever is limited sees, orders and hears of its own locations alone, on every route."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from cms.account import Accounts, Credential, User, checked_locations, key_of
from cms.actor import Act
from cms.audit import Draft
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import OutOfScope, UnknownCabinet
from cms.role import Right, Role
from cms.scope import EVERYWHERE, NOWHERE, Scope, scope, seeing
from cms.store.entry import OutboxFilter
from cms.store.fenced import FREE, Fenced, fenced
from cms.store.store import Store
from cms.tests.desk import NOW_MS, RELAY, Desk, at_desk
from cms.tests.engines import Play, mongodb_database, mongodb_uri, play
from cms.tests.test_access import ADMITTED, BODIES, MAY, ROUTES, bearer, settle, streaming, token_of, with_ids
from wire.commands import RESTART

__all__ = ["mongodb_database", "mongodb_uri", "play"]

NOTE = Draft(Act(), facts={"why": "test"})
ANNEX_RELAY = "e831cdfa8464"
OWN, FOREIGN = ("cab-1", RELAY), ("cab-2", ANNEX_RELAY)
FOREIGN_WORDS = ("cab-2", ANNEX_RELAY, "Annex")

CABINET, SMIB, LIST, WHOLE, FREE_FOR_ALL = "404", "403 by relay", "narrowed", "whole floor", "no floor in it"
MANY = "what is seen of it, see the test of the feature"
TABLE = {
    ("GET", "/api/cabinets"): LIST,
    ("GET", "/api/cabinets/export"): LIST,
    ("GET", "/api/outbox"): LIST,
    ("GET", "/api/audit"): LIST,
    ("GET", "/api/monitoring"): LIST,
    ("GET", "/api/events"): FREE_FOR_ALL,
    ("GET", "/api/mqtt/config"): CABINET,
    ("GET", "/api/mqtt/config/subscribe"): SMIB,
    ("POST", "/api/mqtt/config/request"): SMIB,
    ("POST", "/api/mqtt/config/publish"): SMIB,
    ("POST", "/api/mqtt/test"): SMIB,
    ("POST", "/api/cabinets/import"): WHOLE,
    ("GET", "/metrics"): WHOLE,
    **{(method, "/api/users"): WHOLE for method in ("GET", "POST")},
    **{(method, "/api/users/{userName}"): WHOLE for method in ("GET", "PATCH", "DELETE")},
    ("POST", "/api/users/{userName}/tokens"): WHOLE,
    ("DELETE", "/api/users/{userName}/credentials/{credentialId}"): WHOLE,
    ("POST", "/api/batches"): MANY,
    ("GET", "/api/batches"): MANY,
    ("GET", "/api/analytics"): MANY,
    ("GET", "/api/ws"): MANY,
    ("POST", "/graphql"): LIST,
    ("GET", "/graphql"): FREE_FOR_ALL,
    ("GET", "/api/firmware"): MANY,
    ("GET", "/api/firmware/{version}"): FREE_FOR_ALL,
    ("PUT", "/api/firmware/{version}"): WHOLE,
    ("DELETE", "/api/firmware/{version}"): WHOLE,
    ("POST", "/api/firmware/{version}/install"): MANY,
    ("GET", "/api/templates"): FREE_FOR_ALL,
    ("GET", "/api/templates/{template}"): FREE_FOR_ALL,
    ("PUT", "/api/templates/{template}"): WHOLE,
    ("DELETE", "/api/templates/{template}"): WHOLE,
    ("POST", "/api/templates/{template}/apply"): MANY,
    ("GET", "/api/templates/{template}/drift"): MANY,
    ("GET", "/api/batches/{batchId}"): MANY,
    ("GET", "/api/fields"): FREE_FOR_ALL,
    ("POST", "/api/fields/check"): FREE_FOR_ALL,
}
"""What every route does for somebody who is limited; one with a cabinet in its path needs no row."""


def kind_of(method: str, path: str) -> str:
    return CABINET if "{cabinetId}" in path else TABLE[method, path]


async def furnish(desk: Desk) -> None:
    """Two locations, and something to tell of each."""
    store = desk.application.store
    act = Act()
    placed = [Cabinet("cab-1", RELAY, location="Main"), Cabinet("cab-2", ANNEX_RELAY, location="Annex")]
    await store.import_cabinets(placed, act, update=True, dry_run=False)
    await desk.application.monitor.refresh()
    for cabinet_id in ("cab-1", "cab-2"):
        change = ConfigChange({"net": {"netStaChan": 3}})
        await store.order(cabinet_id, change, None, None, act)


async def admit(desk: Desk, role: Role, locations: Iterable[str] = ("MAIN",), of: Iterable[str] = ()) -> None:
    """A user called as its role, limited to ``of``, with a token that is limited to ``locations``."""
    store, name = desk.application.store, str(role)
    await store.put_user(User(name, role, "x", tuple(of)), NOTE)
    token = Credential(key_of(token_of(name)), "token", name, role, "t", NOW_MS, None, tuple(locations))
    assert await store.put_credential(token, NOTE)
    await settle(desk)


def filled(method: str, path: str, cabinet: tuple[str, str]) -> str:
    cabinet_id, relay_id = cabinet
    query = {
        "/api/mqtt/config": f"?cabinetId={cabinet_id}",
        "/api/mqtt/config/subscribe": f"?relayId={relay_id}",
        "/api/cabinets/{cabinetId}/meters": "?wait=0.01" if method == "POST" else "",
    }
    return with_ids(path, cabinet_id) + query.get(path, "")


def body_for(path: str, relay_id: str) -> Any:
    if path == "/api/mqtt/test":
        return {"action": "publish", "relayId": relay_id}
    body = BODIES.get(path)
    return {**body, "relayId": relay_id} if isinstance(body, dict) and "relayId" in body else body


class TestRoutes:
    def test_every_route_has_a_row(self) -> None:
        async def act(desk: Desk) -> None:
            asked = {(e.method, e.path) for e in desk.application.endpoints if e.right is not None}
            named = {one for one in asked if "{cabinetId}" in one[1]}
            assert asked - named == set(TABLE)
            assert {(e.method, e.path) for e in desk.application.endpoints if e.whole} == {
                one for one, kind in TABLE.items() if kind == WHOLE
            }

        at_desk(act)

    @pytest.mark.parametrize("role", Role)
    def test_whoever_is_limited_reaches_its_own_and_nothing_else(self, role: Role) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, role)
            for (method, path), right in ROUTES.items():
                for cabinet in (OWN, FOREIGN):
                    await self._try(desk, role, method, path, right, cabinet)

        at_desk(act)

    async def _try(
        self, desk: Desk, role: Role, method: str, path: str, right: Right, cabinet: tuple[str, str]
    ) -> None:
        kind, where = kind_of(method, path), (method, path, cabinet)
        streams = path in ("/api/events", "/api/mqtt/config/subscribe")
        sent = len(desk.link.sent)
        answer = await desk.ask(
            "HEAD" if streams else method,
            filled(method, path, cabinet),
            body_for(path, cabinet[1]),
            headers=bearer(role),
        )
        status = answer.status_code
        if right not in MAY[role] or kind == WHOLE:
            assert status == 403, where
        elif cabinet is OWN or kind in (LIST, FREE_FOR_ALL, MANY):
            assert status in ADMITTED, (where, answer.text)
        else:
            assert status == (404 if kind == CABINET else 403), (where, answer.text)
        if status not in (200, 202) and cabinet is FOREIGN:
            assert len(desk.link.sent) == sent, where
        if kind == LIST and status == 200:
            assert not [word for word in FOREIGN_WORDS if word in answer.text], (where, answer.text)
            assert "cab-1" in answer.text, where

    def test_what_does_not_exist_and_what_is_elsewhere_are_told_the_same(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.MANAGER)
            for path in ("/api/cabinets/{}", "/api/cabinets/{}/history", "/api/mqtt/config?cabinetId={}"):
                told = [
                    await desk.ask("GET", path.format(one), headers=bearer("manager"))
                    for one in ("cab-2", "cab-9")
                ]
                assert [one.status_code for one in told] == [404, 404], path
                assert told[0].json()["error"].replace("cab-2", "cab-9") == told[1].json()["error"]
            path = "/api/mqtt/config/subscribe?relayId={}"
            told = [
                await desk.ask("HEAD", path.format(one), headers=bearer("manager"))
                for one in (ANNEX_RELAY, "ffff")
            ]
            assert [one.status_code for one in told] == [403, 403]

        at_desk(act)

    def test_filters_do_not_lead_out_of_it(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.MANAGER)
            for path in (
                "/api/cabinets?location=Annex",
                "/api/cabinets?drift=false",
                "/api/outbox?cabinet=cab-2",
                "/api/audit?cabinet=cab-2",
                "/api/audit?format=csv",
                "/api/monitoring?location=annex",
            ):
                answer = await desk.ask("GET", path, headers=bearer("manager"))
                assert answer.status_code == 200, path
                assert not [word for word in FOREIGN_WORDS if word in answer.text], (path, answer.text)

        at_desk(act)

    def test_the_figures_are_of_what_is_seen(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.VIEWER)
            for relay in (RELAY, ANNEX_RELAY, ANNEX_RELAY, "stranger"):
                desk.link.hub.route(f"sas/gli/server/{relay}", b'{"typ":"GAME_WON","pyd":""}')
            seen = (await desk.ask("GET", "/api/monitoring", headers=bearer("viewer"))).json()["floor"]
            assert (seen["cabinets"], seen["online"], seen["messages"]["total"]) == (1, 1, 1)
            assert seen["unknown"] == {"messages": 0, "recent": []}

        at_desk(act)


class TestStreams:
    def test_the_floor_stream_tells_of_its_own_alone(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.VIEWER)
            async with streaming(desk, bearer("viewer"), "/api/events") as (stream, _):
                await stream.until('"snapshot"')
                desk.link.hub.route(f"sas/gli/server/{ANNEX_RELAY}", b'{"typ":"JACKPOT_HIT","pyd":"x"}')
                desk.link.hub.route(f"sas/gli/server/{RELAY}", b'{"typ":"GAME_WON","pyd":"y"}')
                await stream.until("GAME_WON")
                assert '"cabinets":1' in stream.text
                assert not [word for word in (*FOREIGN_WORDS, "JACKPOT_HIT") if word in stream.text]

        at_desk(act)

    def test_a_cabinet_that_moves_out_of_sight_is_gone_and_its_stream_ends(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.VIEWER)
            moved = [Cabinet("cab-1", RELAY, location="Annex")]
            async with (
                streaming(desk, bearer("viewer"), "/api/events") as (floor, _),
                streaming(desk, bearer("viewer")) as (_, task),
            ):
                await floor.until('"snapshot"')
                await desk.application.store.import_cabinets(moved, Act(), update=True, dry_run=False)
                await desk.application.monitor.refresh()
                await floor.until('"type":"removed","cabinetId":"cab-1"')
                await asyncio.wait_for(asyncio.shield(task), 10)
                assert "Annex" not in floor.text

        at_desk(act)

    def test_one_ends_with_the_scope(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.VIEWER)
            async with streaming(desk, bearer("viewer")) as (_, task):
                await desk.application.store.put_user(User("viewer", Role.VIEWER, "x", ("Annex",)), NOTE)
                await asyncio.wait_for(asyncio.shield(task), 10)

        at_desk(act)


class TestScope:
    def test_a_token_never_sees_further_than_its_user(self) -> None:
        user = User("ann", Role.VIEWER, "x", ("Main", "Annex"))
        for limits, seen in (((), {"main", "annex"}), (("ANNEX", "Bar"), {"annex"}), (("Bar",), set())):
            token = Credential("k", "token", "ann", Role.VIEWER, "", 0, None, limits)
            caller = Accounts({"ann": user}, {"k": token}).caller("k", 0)
            assert caller is not None
            assert caller.scope.locations == frozenset(seen)

    def test_a_cabinet_without_a_location_is_for_who_sees_everything(self) -> None:
        assert EVERYWHERE.holds("")
        assert not Scope.of(["Main"]).holds("")
        assert not NOWHERE.holds("Main")

    def test_it_ends_with_the_request(self) -> None:
        with seeing(NOWHERE):
            assert scope() is NOWHERE
        assert scope() is EVERYWHERE

    @pytest.mark.parametrize("names", [[""], [7], ["a\nb"], ["x" * 201], [str(n) for n in range(101)]])
    def test_names_of_locations_are_checked(self, names: list[object]) -> None:
        with pytest.raises(ValueError, match="wanted"):
            checked_locations(names)

    def test_who_is_disabled_gets_in_by_nothing(self) -> None:
        token = Credential("k", "token", "ann", Role.VIEWER, "", 0)
        accounts = Accounts({"ann": User("ann", Role.VIEWER, "x", disabled=True)}, {"k": token})
        assert accounts.caller("k", 0) is None


class TestFence:
    """On every engine: what is elsewhere does not exist."""

    def test_each_verb_keeps_to_it(self, play: Play) -> None:
        async def scenario(store: Store) -> None:
            view = fenced(store)
            for cabinet_id in ("cab-1", "cab-2"):
                await store.order(cabinet_id, ConfigChange({"net": {"netStaChan": 3}}))
            with seeing(Scope.of(["main floor"])):
                assert [one.id for one in await view.cabinets()] == ["cab-1"]
                assert [one.cabinet.id for one in await view.standings()] == ["cab-1"]
                assert {one.cabinet_id for one in await view.outbox(OutboxFilter())} == {"cab-1"}
                assert await view.outbox(OutboxFilter(cabinet_id="cab-2")) == []
                assert await view.standing("cab-2") is None
                assert await view.cabinet("cab-2") is None
                assert await view.cabinet_of_relay(ANNEX_RELAY) is None
                assert len(await view.history("cab-1", None, 9)) == 2
                refused = (
                    view.history("cab-2", None, 9),
                    view.revision("cab-2", 1),
                    view.order("cab-2", ConfigChange({"net": {"netStaChan": 4}})),
                    view.resend("cab-2", None, Act()),
                )
                for call in refused:
                    with pytest.raises(UnknownCabinet):
                        await call
            assert len(await view.cabinets()) == 3

        play(scenario)

    def test_a_verb_that_nobody_thought_of_is_closed(self) -> None:
        verbs = {name for name in vars(Store) if not name.startswith("_")}
        narrowed = {name for name in vars(Fenced) if not name.startswith("_")}
        assert narrowed < verbs
        assert not narrowed & set(FREE)
        with seeing(Scope.of(["Main"])):
            for verb in verbs - narrowed - set(FREE):
                with pytest.raises(OutOfScope):
                    getattr(Fenced.__new__(Fenced), verb)


def test_a_command_at_another_location_is_not_sent() -> None:
    async def act(desk: Desk) -> None:
        await furnish(desk)
        await admit(desk, Role.TECHNICIAN)
        path, before = "/api/cabinets/cab-2/smib-config", len(desk.link.sent)
        answer = await desk.ask("POST", path, {"machineControl": RESTART}, headers=bearer("technician"))
        assert answer.status_code == 404
        assert len(desk.link.sent) == before

    at_desk(act)
