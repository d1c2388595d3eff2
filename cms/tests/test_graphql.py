"""GraphQL: the same reads, the same order, the same masks and rights; and no query that costs too much."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from graphql import get_introspection_query, parse

from cms.audit import AuditFilter
from cms.graph_cost import MAX_COST, MAX_ROOTS, cost_of
from cms.role import Role
from cms.tests.desk import RELAY, Desk, at_desk
from cms.tests.test_access import add_everybody, bearer
from cms.tests.test_batches import BOTH, NET, obedient
from cms.tests.test_scope import admit, furnish
from wire.jsontext import to_bytes

PATH = "/graphql"
SECRET = "casino-4711"
ORDER = """mutation Order($config: JSON, $revision: Int) {
  order(cabinetId: "cab-1", smibConfig: $config, ifRevision: $revision) {
    mqttSent queued cabinet { revision smibConfig }
  }
}"""
WIFI = {"net": {"netStaChan": 5, "netStaPwd": SECRET}}


async def ask(desk: Desk, query: str, variables: Any = None, **headers: str) -> Any:
    body = {"query": query, **({} if variables is None else {"variables": variables})}
    return await desk.ask("POST", PATH, body, headers=headers)


async def data(desk: Desk, query: str, variables: Any = None) -> Any:
    answer = await ask(desk, query, variables)
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]


class TestReading:
    def test_cabinets_are_given_in_the_shape_that_was_asked_for(self) -> None:
        async def act(desk: Desk) -> None:
            found = await data(desk, "{ cabinets { id relayId online inStep } }")
            assert found["cabinets"][0] == {"id": "cab-1", "relayId": RELAY, "online": False, "inStep": None}
            assert list(found["cabinets"][0]) == ["id", "relayId", "online", "inStep"]
            page = await data(
                desk, '{ cabinets(first: 1, after: "cab-1") { id } none: cabinets(q: "x") { id } }'
            )
            assert page == {"cabinets": [{"id": "cab-2"}], "none": []}
            assert await data(desk, '{ cabinet(id: "cab-9") { id } batch(id: "b-1") { id } }') == {
                "cabinet": None,
                "batch": None,
            }

        at_desk(act)

    def test_configuration_reports_drift_and_history_are_there_and_masked(self) -> None:
        async def act(desk: Desk) -> None:
            await desk.ask("POST", "/api/cabinets/cab-1/smib-config", {"smibConfig": WIFI})
            said = {"rly": RELAY, "typ": "cfg", "comp": "net", "netStaChan": 5, "netStaPwd": SECRET}
            desk.link.hub.route("smib/config", to_bytes(said))
            desk.link.hub.route("smib/config", to_bytes({**said, "netStaChan": 9}))
            query = """query C($id: ID!) { cabinet(id: $id) {
              smibConfig reported inStep
              differences { component field ordered reported }
              history(first: 2) { revision user action changes smibConfig orders }
            } }"""
            answer = await ask(desk, query, {"id": "cab-1"})
            assert SECRET not in answer.text
            found = answer.json()["data"]["cabinet"]
            assert found["smibConfig"] == {"net": {"netStaChan": 5, "netStaPwd": "***"}}
            assert found["reported"]["net"]["netStaChan"]["value"] == 9
            assert found["inStep"] is False
            assert found["differences"] == [
                {"component": "net", "field": "netStaChan", "ordered": 5, "reported": 9}
            ]
            assert [step["revision"] for step in found["history"]] == [2, 1]

        at_desk(act)

    def test_figures_templates_and_batches_are_there(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            await desk.ask("PUT", "/api/templates/floor", {"smibConfig": {"net": {"netStaPwd": SECRET}}})
            batch = (await desk.ask("POST", "/api/batches", {"cabinets": BOTH, **NET})).json()["data"]["id"]
            query = """query All($b: ID!) { floor service templates { name version smibConfig }
              batches { id total state counts } batch(id: $b) { id cabinets order } }"""
            found = await data(desk, query, {"b": batch})
            assert found["floor"]["cabinets"] == 2
            assert found["service"]["broker"]["connected"] is True
            assert found["templates"][0]["smibConfig"] == {"net": {"netStaPwd": "***"}}
            assert (found["batches"][0]["id"], found["batches"][0]["total"]) == (batch, 2)
            assert [part["cabinetId"] for part in found["batch"]["cabinets"]] == BOTH

        at_desk(act)

    def test_the_schema_can_be_read(self) -> None:
        async def act(desk: Desk) -> None:
            assert "type Cabinet {" in (await desk.ask("GET", PATH)).text
            types = (await data(desk, get_introspection_query()))["__schema"]["types"]
            assert {"Cabinet", "Mutation"} <= {one["name"] for one in types}

        at_desk(act)


class TestOrdering:
    def test_an_order_is_stored_sent_and_recorded(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            done = (await data(desk, ORDER, {"config": WIFI}))["order"]
            assert (done["mqttSent"], done["queued"]) == (True, False)
            assert done["cabinet"] == {
                "revision": 2,
                "smibConfig": {"net": {"netStaChan": 5, "netStaPwd": "***"}},
            }
            stale = (await ask(desk, ORDER, {"config": {"net": {"netStaChan": 6}}, "revision": 1})).json()
            assert stale["data"] is None
            assert stale["errors"][0]["extensions"]["kind"] == "EditConflict"
            wrong = (await ask(desk, ORDER, {"config": {"net": {"netStaChan": 99}}})).json()["errors"][0]
            assert wrong["extensions"]["problems"][0]["field"] == "smibConfig.net.netStaChan"
            entries = [one.document for one in await desk.application.store.audit(AuditFilter())]
            assert [one["action"] for one in entries if one["action"] in ("order", "refusal")] == [
                "refusal",
                "refusal",
                "order",
            ]

        at_desk(act)

    def test_a_viewer_may_read_and_not_order(self) -> None:
        async def act(desk: Desk) -> None:
            await add_everybody(desk)
            assert (await ask(desk, "{ cabinets { id } }")).status_code == 401
            seen = await ask(desk, "{ cabinets { id } }", **bearer("viewer"))
            assert len(seen.json()["data"]["cabinets"]) == 2
            refused = (await ask(desk, ORDER, {"config": WIFI}, **bearer("viewer"))).json()
            assert refused["errors"][0]["extensions"]["kind"] == "NotAllowed"
            assert desk.link.sent == []
            done = await ask(desk, ORDER, {"config": WIFI}, **bearer("technician"))
            assert "errors" not in done.json()

        at_desk(act)

    def test_orders_are_limited_as_they_are_elsewhere(self) -> None:
        async def act(desk: Desk) -> None:
            query = "mutation { " + " ".join(
                f'o{n}: order(cabinetId: "cab-1", machineControl: "RESTART") {{ mqttSent }}' for n in range(4)
            )
            found = (await ask(desk, query + " }")).json()
            kinds = [one["extensions"]["kind"] for one in found["errors"]]
            assert kinds == ["TooManyRequests"]
            assert len(desk.link.sent) == 3

        at_desk(act, CMS_ORDERS_PER_MINUTE="3")

    def test_whoever_is_limited_sees_and_orders_at_its_own_locations(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.MANAGER)
            headers = bearer("manager")
            seen = (await ask(desk, '{ cabinets { id } cabinet(id: "cab-2") { id } }', **headers)).json()
            assert seen["data"] == {"cabinets": [{"id": "cab-1"}], "cabinet": None}
            order = 'mutation { order(cabinetId: "cab-2", machineControl: "RESTART") { mqttSent } }'
            refused = (await ask(desk, order, **headers)).json()
            assert refused["errors"][0]["extensions"]["kind"] == "UnknownCabinet"

        at_desk(act)


class TestBounds:
    @pytest.mark.parametrize(
        ("query", "depth", "values"),
        [
            ("{ floor }", 1, 1),
            ("{ cabinets(first: 7) { id name } }", 2, 15),
            ("{ cabinets { id } }", 2, 51),
            ("query($n: Int) { cabinets(first: $n) { id } }", 2, 5),
            ("{ cabinets(first: 2) { history(first: 3) { user at } } }", 3, 15),
            ("{ ...f } fragment f on Query { floor ...g } fragment g on Query { service }", 1, 2),
            ("{ ... on Query { cabinet(id: 1) { id } } }", 2, 2),
            ("{ __schema { types { fields { type { ofType { name } } } } } }", 1, 1),
        ],
    )
    def test_a_query_costs_what_it_may_answer_with(self, query: str, depth: int, values: int) -> None:
        cost = cost_of(parse(query), {"n": 4})
        assert (cost.depth, cost.values) == (depth, values)

    def test_a_default_and_a_whole_float_count_as_what_they_mean(self) -> None:
        query = "query Q($n: Int = 1000) { cabinets(first: $n) { id } }"
        assert cost_of(parse(query), {}).values == 1001
        assert cost_of(parse(query), {"n": 900.0}).values == 901
        assert cost_of(parse(query), {"n": 3}).values == 4
        assert cost_of(parse(query.replace("1000", "9" * 5000)), {}).values == 1001

    def test_none_is_no_number_of_things(self) -> None:
        async def act(desk: Desk) -> None:
            told = (await ask(desk, "{ cabinets(first: null) { id } }")).json()
            assert told["success"] is False
            assert "null" in told["error"]
            query = "query Q($n: Int) { cabinets(first: $n) { id } batches(first: $n) { id } }"
            assert len((await data(desk, query))["cabinets"]) == 2
            told = (await ask(desk, query, {"n": None})).json()
            assert "null" in told["errors"][0]["message"]

        at_desk(act)

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("", "query"),
            ("{", "Syntax"),
            ("{ zap }", "zap"),
            ("{ cabinets }", "subfields"),
            ("{ cabinets(first: 1000) { id name game } }", str(MAX_COST)),
            ("{ cabinets(first: 100) { history(first: 100) { at } } }", str(MAX_COST)),
            ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", "itself"),
            ("{ " + "floor " * 1100 + "}", "tokens"),
            ("{ " + " ".join(f"a{n}: floor" for n in range(MAX_ROOTS + 1)) + " }", str(MAX_ROOTS)),
            ("subscription { floor }", "subscription"),
            ("{ cabinets { id", "Syntax"),
        ],
    )
    def test_what_is_not_executed_fails_as_any_request(self, query: str, words: str) -> None:
        async def act(desk: Desk) -> None:
            answer = await ask(desk, query)
            assert answer.status_code == 400, answer.text
            assert answer.json()["success"] is False
            assert words in answer.json()["error"]

        at_desk(act)

    def test_fragments_that_multiply_do_not_take_long(self) -> None:
        doubling = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60))
        query = f"{{ ...f0 }} {doubling} fragment f60 on Query {{ floor }}"

        async def act(desk: Desk) -> None:
            async with asyncio.timeout(30):
                answer = await ask(desk, query)
            assert (answer.status_code, str(MAX_COST) in answer.json()["error"]) == (400, True)

        at_desk(act)

    def test_what_fails_inside_is_not_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(desk: Desk) -> None:
            def broken() -> Any:
                raise KeyError(SECRET)

            monkeypatch.setattr(type(desk.application.monitoring), "floor", lambda _self: broken())
            answer = await ask(desk, "{ floor }")
            assert SECRET not in answer.text
            assert "log" in answer.json()["errors"][0]["message"]

        at_desk(act)
