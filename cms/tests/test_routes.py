"""Every endpoint with good input: the specification's examples, and what the contract's section 6 adds."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from cms.errors import EditConflict, StoreBusy
from cms.store.store import Ordered
from cms.tests.desk import NOW, NOW_MS, RELAY, Desk, at_desk

EXAMPLES = sorted((Path(__file__).parents[2] / "fixtures" / "http").glob("*.json"))
ORDER = "/api/cabinets/cab-1/smib-config"
REQUEST = "/api/mqtt/config/request"
PUBLISH = "/api/mqtt/config/publish"
TEST = "/api/mqtt/test"
WORK = [
    "connection",
    "outbox",
    "confirmations",
    "reports",
    "batches",
    "analytics",
    "monitor",
    "watchdog",
    "access",
    "retention",
]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_specifications_example_is_answered_as_it_says(file: Path) -> None:
    example = json.loads(file.read_text(encoding="utf-8"))

    async def act(desk: Desk) -> None:
        for earlier in example.get("before", []):
            assert (await desk.ask(earlier["method"], earlier["path"], earlier["body"])).status_code == 200
        request = example["request"]
        answer = await desk.ask(request["method"], request["path"], request.get("body"))
        assert answer.status_code == example["answer"]["status"]
        # As text, so that the order of the keys counts.
        assert json.dumps(answer.json(), indent=1) == json.dumps(example["answer"]["body"], indent=1)
        if "published" in example:
            assert [[topic, payload.decode()] for topic, payload in desk.link.sent] == example["published"]

    at_desk(act)


def test_there_is_an_example_of_each_endpoint_of_the_specification() -> None:
    assert {file.name[0] for file in EXAMPLES} == {"1", "2", "3", "4", "5", "7"}  # the sixth is a stream


class TestOrders:
    def test_what_is_ordered_is_merged_per_component_and_field(self) -> None:
        async def act(desk: Desk) -> None:
            await desk.ask("POST", ORDER, {"smibConfig": {"net": {"netStaSSID": "A", "netStaChan": 3}}})
            answer = await desk.ask(
                "POST", ORDER, {"smibConfig": {"net": {"netStaChan": 4}, "coms": {"comsMode": 2}}}
            )
            config = answer.json()["data"]["smibConfig"]
            assert config == {"net": {"netStaSSID": "A", "netStaChan": 4}, "coms": {"comsMode": 2}}
            assert [payload for _, payload in desk.link.sent[1:]] == [
                b'{"typ":"cfg","comp":"coms","comsMode":2}',
                b'{"typ":"cfg","comp":"net","netStaChan":4}',
            ]

        at_desk(act)

    def test_what_was_read_can_be_sent_back_without_losing_a_password(self) -> None:
        async def act(desk: Desk) -> None:
            secret = {"net": {"netStaPwd": "password123"}, "mqtt": {"mqttURI": "mqtt://floor:hush@broker"}}
            await desk.ask("POST", ORDER, {"smibConfig": secret})
            read = (await desk.ask("GET", ORDER)).json()["data"]["smibConfig"]
            assert read == {"net": {"netStaPwd": "***"}, "mqtt": {"mqttURI": "mqtt://floor:***@broker"}}
            read["net"]["netStaSSID"] = "B"
            answer = await desk.ask("POST", ORDER, {"smibConfig": read})
            assert answer.status_code == 200
            stored = await desk.application.store.cabinet("cab-1")
            assert stored is not None
            assert stored.smib_config["net"] == {"netStaPwd": "password123", "netStaSSID": "B"}
            assert stored.smib_config["mqtt"] == secret["mqtt"]

        at_desk(act)

    def test_a_firmware_note_alone_is_stored_and_nothing_is_sent(self) -> None:
        async def act(desk: Desk) -> None:
            answer = (await desk.ask("POST", ORDER, {"smibVersion": {"firmware": "2.0"}})).json()
            assert answer["data"]["smibVersion"] == {"firmware": "2.0"}
            assert answer["mqttSent"] is False
            assert "queued" not in answer
            assert desk.link.sent == []

        at_desk(act)

    def test_with_the_broker_away_the_order_waits(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.up = False
            answer = await desk.ask("POST", ORDER, {"smibConfig": {"net": {"netStaChan": 5}}})
            assert answer.status_code == 200
            assert (answer.json()["mqttSent"], answer.json()["queued"]) == (False, True)
            assert answer.json()["data"]["smibConfig"] == {"net": {"netStaChan": 5}}
            waiting = await desk.application.store.pending(10)
            assert [entry.what for entry in waiting] == ["net"]

        at_desk(act)

    def test_an_edit_of_an_older_revision_is_a_conflict(self) -> None:
        async def act(desk: Desk) -> None:
            tag = (await desk.ask("GET", ORDER)).headers["etag"]
            body, newer = ({"smibVersion": {"firmware": name}} for name in "23")
            first = await desk.ask("POST", ORDER, body, headers={"if-match": tag})
            assert first.status_code == 200
            assert first.headers["etag"] != tag
            assert (await desk.ask("POST", ORDER, body, headers={"if-match": tag})).status_code == 409
            again = await desk.ask("POST", ORDER, newer, headers={"if-match": first.headers["etag"]})
            assert again.status_code == 200
            for spelled in ("*", "3", 'W/"3"'):  # nothing is changed any more
                answer = await desk.ask("POST", ORDER, newer, headers={"if-match": spelled})
                assert answer.status_code == 200, spelled

        at_desk(act)

    def test_the_store_has_the_last_word_on_a_conflict(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(desk: Desk) -> None:
            async def refuse(*_arguments: Any, **_more: Any) -> Ordered:
                raise EditConflict("cab-1", 3, 2)

            monkeypatch.setattr(desk.application.store, "order", refuse)
            answer = await desk.ask("POST", ORDER, {"machineControl": "RESTART"})
            assert answer.status_code == 409
            assert desk.link.sent == []

        at_desk(act)


class TestLiveConfig:
    def test_the_answer_of_a_device_comes_to_a_caller_who_waits_with_its_secrets_masked(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = lambda relay_id, fields: {"rly": relay_id, **fields, "netStaPwd": "hush-hush"}
            answer = await desk.ask("POST", f"{REQUEST}?wait=5", {"relayId": RELAY, "component": "net"})
            assert answer.status_code == 200
            assert answer.json()["data"] == {"rly": RELAY, "typ": "cfg", "comp": "net", "netStaPwd": "***"}
            assert "hush" not in answer.text

        at_desk(act)

    def test_only_the_component_that_was_asked_for_is_an_answer(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = lambda relay_id, fields: {"rly": relay_id, **fields, "comp": "ota"}
            answer = await desk.ask("POST", f"{REQUEST}?wait=0.02", {"relayId": RELAY, "component": "net"})
            assert answer.status_code == 504

        at_desk(act)

    def test_who_waits_is_let_go_when_the_service_stops(self) -> None:
        async def act(desk: Desk) -> None:
            asked = asyncio.Event()

            def device(_relay_id: str, _fields: dict[str, Any]) -> None:
                asked.set()

            desk.link.device = device
            body = {"relayId": RELAY, "component": "net"}
            waiting = asyncio.create_task(desk.ask("POST", f"{REQUEST}?wait=30", body))
            await asked.wait()
            desk.application.end_streams()
            assert (await waiting).status_code == 503

        at_desk(act)

    @pytest.mark.parametrize("relay_id", ["E831CDFA8384", "  e831CDFA8384\t"])
    def test_a_relay_id_is_answered_and_addressed_in_its_canonical_form(self, relay_id: str) -> None:
        async def act(desk: Desk) -> None:
            answer = (await desk.ask("POST", REQUEST, {"relayId": relay_id, "component": "net"})).json()
            assert answer["relayId"] == RELAY
            assert answer["message"].endswith(RELAY)
            assert desk.link.sent[0][0] == f"sas/relay/{RELAY}"

        at_desk(act)

    def test_a_published_config_keeps_the_order_of_its_keys(self) -> None:
        async def act(desk: Desk) -> None:
            body = {"relayId": RELAY, "config": {"netStaChan": 3, "comp": "net", "netMode": 1, "typ": "cfg"}}
            answer = await desk.ask("POST", PUBLISH, body)
            assert desk.link.sent[0][1] == b'{"netStaChan":3,"comp":"net","netMode":1,"typ":"cfg"}'
            assert list(answer.json()["config"]) == ["netStaChan", "comp", "netMode", "typ"]

        at_desk(act)


class TestBrokerAway:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (REQUEST, {"relayId": RELAY, "component": "net"}),
            (f"{REQUEST}?wait=5", {"relayId": RELAY, "component": "net"}),
            (PUBLISH, {"relayId": RELAY, "config": {"typ": "cfg", "comp": "net", "netMode": 1}}),
            (TEST, {"action": "connect"}),
            (TEST, {"action": "publish"}),
            (TEST, {"action": "subscribe"}),
        ],
    )
    def test_what_can_not_wait_is_refused_at_once(self, path: str, body: dict[str, Any]) -> None:
        async def act(desk: Desk) -> None:
            desk.link.up = False
            answer = await desk.ask("POST", path, body)
            assert answer.status_code == 503
            assert "broker" in answer.json()["error"]
            assert answer.headers["retry-after"].isdecimal()

        at_desk(act)


class TestBrokerCheck:
    def test_a_password_in_a_custom_message_is_published_and_not_repeated(self) -> None:
        async def act(desk: Desk) -> None:
            message = '{"typ":"cfg","comp":"net","netStaPwd":"hush-hush"}'
            answer = await desk.ask("POST", TEST, {"action": "publish", "message": message})
            assert desk.link.sent == [(f"sas/relay/{RELAY}", message.encode())]
            assert "hush" not in answer.text

        at_desk(act)

    def test_subscribe_has_the_link_listen(self) -> None:
        async def act(desk: Desk) -> None:
            await desk.ask("POST", TEST, {"action": "subscribe", "relayId": "other"})
            assert desk.link.subscribed == ["sas/gli/server/other"]

        at_desk(act)

    def test_it_can_be_switched_off(self) -> None:
        async def act(desk: Desk) -> None:
            answer = await desk.ask("POST", TEST, {"action": "connect"})
            assert answer.status_code == 403
            assert "CMS_TEST_ENDPOINT=1" in answer.json()["error"]

        at_desk(act, CMS_TEST_ENDPOINT="0")

    def test_it_is_off_where_other_machines_reach_the_service(self) -> None:
        async def act(desk: Desk) -> None:
            assert (await desk.ask("POST", TEST, {"action": "connect"})).status_code == 403

        at_desk(act, CMS_HOST="0.0.0.0", CMS_ALLOW_OPEN="1")


class TestCabinets:
    def test_a_cabinet_is_online_once_its_smib_was_heard(self) -> None:
        async def act(desk: Desk) -> None:
            before = (await desk.ask("GET", "/api/cabinets/cab-1")).json()["data"]
            assert (before["online"], before["lastSeen"], before["firmware"]) == (False, None, None)
            report = {"rly": RELAY, "typ": "cfg", "comp": "app", "firmware": "smib", "version": "1.2.3"}
            desk.link.hub.route("smib/config", json.dumps(report).encode())
            after = (await desk.ask("GET", "/api/cabinets/cab-1")).json()["data"]
            assert (after["online"], after["lastSeen"], after["firmware"]) == (True, NOW, "1.2.3")
            summary = (await desk.ask("GET", "/api/mqtt/config?cabinetId=cab-1")).json()["data"]
            assert summary["firmwareVersion"] == "1.2.3"

        at_desk(act)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["cab-1", "cab-2"]),
            ("?q=8384", ["cab-1"]),
            ("?q=E831", ["cab-1", "cab-2"]),
            ("?q=CAB-2", ["cab-2"]),
            ("?q=nowhere", []),
            ("?online=true", ["cab-2"]),
            ("?online=false", ["cab-1"]),
            ("?location=", ["cab-1", "cab-2"]),
            ("?location=Main%20Floor", []),
            ("?q=e831&online=true", ["cab-2"]),
        ],
    )
    def test_cabinets_are_found(self, query: str, found: list[str]) -> None:
        async def act(desk: Desk) -> None:
            desk.link.hub.route("sas/server", b'{"rly":"e831cdfa8464","typ":"GAME_PLAYED"}')
            answer = (await desk.ask("GET", f"/api/cabinets{query}")).json()
            assert [cabinet["id"] for cabinet in answer["data"]] == found
            assert answer["count"] == len(found)

        at_desk(act)


class TestHealth:
    def test_all_is_well(self) -> None:
        async def act(desk: Desk) -> None:
            alive = await desk.ask("GET", "/healthz")
            assert (alive.status_code, alive.json()["working"]) == (200, WORK)
            ready = await desk.ask("GET", "/readyz")
            assert ready.json()["working"] == [*WORK, "disk", "backlog", "broker", "store"]

        at_desk(act)

    def test_a_service_without_a_broker_lives_and_is_not_ready(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.up = False
            assert (await desk.ask("GET", "/healthz")).status_code == 200
            ready = await desk.ask("GET", "/readyz")
            assert ready.status_code == 503
            assert ready.json()["problems"] == [{"field": "broker", "wanted": "connection refused"}]

        at_desk(act)

    def test_a_dead_task_is_named(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.dead = True
            alive = await desk.ask("GET", "/healthz")
            assert alive.status_code == 503
            assert "connection" in alive.json()["error"]

        at_desk(act)

    def test_a_store_that_does_not_answer_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(desk: Desk) -> None:
            async def fail(_cabinet_id: str) -> None:
                raise StoreBusy("the database is locked")

            monkeypatch.setattr(desk.application.store, "cabinet", fail)
            ready = await desk.ask("GET", "/readyz")
            assert ready.json()["problems"] == [{"field": "store", "wanted": "the database is locked"}]
            assert (await desk.ask("GET", "/api/cabinets/cab-1")).status_code == 503

        at_desk(act)


class TestEveryAnswer:
    @pytest.mark.parametrize("path", ["/api/cabinets", "/docs", "/nothing", "/api/cabinets/cab-9"])
    def test_it_has_an_id_and_the_headers_that_make_a_browser_careful(self, path: str) -> None:
        async def act(desk: Desk) -> None:
            headers = (await desk.ask("GET", path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-frame-options"] == "DENY"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "camera=()" in headers["permissions-policy"]
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert headers["x-request-id"]

        at_desk(act)

    def test_the_callers_own_id_is_kept_where_it_is_harmless(self) -> None:
        async def act(desk: Desk) -> None:
            kept = await desk.ask("GET", "/healthz", headers={"x-request-id": "trace-7"})
            assert kept.headers["x-request-id"] == "trace-7"
            other = await desk.ask("GET", "/healthz", headers={"x-request-id": "a b\tc"})
            assert other.headers["x-request-id"] != "a b\tc"

        at_desk(act)

    def test_head_is_answered_like_get(self) -> None:
        async def act(desk: Desk) -> None:
            assert (await desk.ask("HEAD", "/api/cabinets")).status_code == 200
            assert (await desk.ask("HEAD", ORDER)).status_code == 200

        at_desk(act)

    def test_what_nobody_expected_is_a_500_that_tells_nothing(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def act(desk: Desk) -> None:
            async def fail(_cabinet_id: str) -> None:
                raise ZeroDivisionError("netStaPwd is hush-hush")

            monkeypatch.setattr(desk.application.store, "cabinet", fail)
            answer = await desk.ask("GET", "/api/cabinets/cab-1")
            assert answer.status_code == 500
            assert answer.json()["success"] is False
            assert "hush" not in answer.text
            assert "Zero" not in answer.text

        at_desk(act)
        assert any("! unexpected" in line and "ZeroDivisionError" in line for line in caplog.messages)


def test_the_clock_of_the_tests_is_the_time_of_the_examples() -> None:
    assert NOW_MS == 1_761_474_600_000
    assert NOW == "2025-10-26T10:30:00.000Z"
