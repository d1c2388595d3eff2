"""``GET /api/monitoring`` and ``GET /metrics``: the floor and the service in figures."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cms.floor import STRANGERS
from cms.smib_state import STATES
from cms.tests.desk import NOW, RELAY, Desk, at_desk
from wire.jsontext import to_bytes


def say(desk: Desk, relay_id: str = RELAY, **fields: Any) -> None:
    desk.application.hub.route("sas/gy/server", to_bytes({"rly": relay_id, **fields}))


async def figures(desk: Desk, query: str = "") -> dict[str, Any]:
    answer = await desk.ask("GET", f"/api/monitoring{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def samples(desk: Desk) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = await desk.ask("GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_a_quiet_floor() -> None:
    async def act(desk: Desk) -> None:
        body = await figures(desk)
        assert (body["success"], body["timestamp"]) == (True, NOW)
        assert (body["floor"]["cabinets"], body["floor"]["online"], body["floor"]["offline"]) == (2, 0, 2)
        assert body["floor"]["answers"] == {"count": 0, "p50Ms": None, "p95Ms": None}
        assert body["service"]["broker"] == {"connected": True, "failure": None, "connects": 1}
        assert body["service"]["outbox"] == {"waiting": 0, "unconfirmed": 0, "oldestAgeS": None}
        assert body["service"]["streams"] == {"relay": 0, "floor": 0, "limit": 2000}
        assert [cabinet["id"] for cabinet in body["cabinets"]] == ["cab-1", "cab-2"]
        assert body["cabinets"][0]["lastSeen"] is None

    at_desk(act)


def test_what_happened_is_counted() -> None:
    async def act(desk: Desk) -> None:
        desk.link.device = lambda relay_id, fields: {"rly": relay_id, **fields}
        await desk.ask("POST", "/api/mqtt/config/request", {"relayId": RELAY, "component": "mqtt"})
        say(desk, typ="HARDWARE_ERROR")
        say(desk, typ="NETWORK_DISCONNECTED")
        say(desk, typ="NETWORK_CONNECTED")
        say(desk, "aabbccddeeff", typ="GAME_PLAYED")
        desk.application.hub.route("smib/config", b"no JSON")
        body = await figures(desk, "?cabinet=cab-1")
        (cabinet,) = body["cabinets"]
        assert cabinet["messages"]["total"] == 4
        assert cabinet["messages"]["perSecond1m"] > 0
        assert cabinet["errors"] == {"HARDWARE_ERROR": 1}
        assert (cabinet["reconnects"], cabinet["lastSeen"]) == (1, NOW)
        assert (cabinet["answers"]["count"], cabinet["answers"]["p50Ms"] >= 0) == (1, True)
        assert body["floor"]["messages"]["total"] == 5
        assert body["floor"]["unknown"] == {
            "messages": 1,
            "recent": [{"relayId": "aabbccddeeff", "messages": 1, "lastSeen": NOW}],
        }
        assert body["service"]["queues"] == {"routed": 5, "dropped": 0, "refused": {"not-json": 1}}

    at_desk(act)


def test_filters() -> None:
    async def act(desk: Desk) -> None:
        say(desk, typ="MACHINE_LOCKED")
        ids = [cabinet["id"] for cabinet in (await figures(desk, "?state=locked"))["cabinets"]]
        assert ids == ["cab-1"]
        assert (await figures(desk, "?location=Bar"))["cabinets"] == []
        for query, status in (("state=broken", 400), ("cabinet=cab-7", 404), ("cabinet=%00", 400)):
            assert (await desk.ask("GET", f"/api/monitoring?{query}")).status_code == status

    at_desk(act)


def test_strangers_without_end_leave_it_small() -> None:
    async def act(desk: Desk) -> None:
        before = (await figures(desk))["service"]["frames"]
        for number in range(5_000):
            say(desk, f"stranger-{number}", typ="GAME_PLAYED")
        body = await figures(desk)
        assert body["floor"]["unknown"]["messages"] == 5_000
        assert len(body["floor"]["unknown"]["recent"]) == STRANGERS
        assert body["service"]["frames"] == before

    at_desk(act)


def test_metrics_are_what_prometheus_reads() -> None:
    async def act(desk: Desk) -> None:
        desk.link.device = lambda relay_id, fields: {"rly": relay_id, **fields}
        await desk.ask("POST", "/api/mqtt/config/request", {"relayId": RELAY, "component": "mqtt"})
        say(desk, typ="MACHINE_LOCKED")
        desk.application.hub.route("smib/config", b"no JSON")
        found = await samples(desk)
        for state in STATES:
            expected = {"locked": 1, "offline": 1}.get(state, 0)
            assert found["cms_cabinets", (("state", state),)] == expected
        assert found["cms_broker_connected", ()] == found["cms_broker_connects_total", ()] == 1
        assert found["cms_messages_routed_total", ()] == 2
        assert found["cms_messages_refused_total", (("kind", "not-json"),)] == 1
        assert found["cms_answer_seconds_count", ()] == 1
        assert found["cms_answer_seconds_bucket", (("le", "+Inf"),)] == 1
        assert found["cms_part_well", (("part", "outbox"),)] == 1
        assert found["process_resident_memory_bytes", ()] > 0

    at_desk(act)


def test_metrics_have_no_label_per_device() -> None:
    async def act(desk: Desk) -> None:
        before = set(await samples(desk))
        for relay_id in (RELAY, "e831cdfa8464", "aabbccddeeff"):
            say(desk, relay_id, typ="HARDWARE_ERROR", pyd="x")
        assert set(await samples(desk)) == before
        text = (await desk.ask("GET", "/metrics")).text
        assert RELAY not in text
        assert "cab-1" not in text

    at_desk(act)


@pytest.mark.parametrize("path", ["/api/monitoring", "/metrics"])
def test_no_secret(path: str) -> None:
    async def act(desk: Desk) -> None:
        order = {"smibConfig": {"net": {"netStaPwd": "geheim-1"}}}
        assert (await desk.ask("POST", "/api/cabinets/cab-1/smib-config", order)).status_code == 200
        say(desk, typ="cfg", comp="net", netStaPwd="geheim-1", err="geheim-1")
        assert "geheim" not in (await desk.ask("GET", path)).text

    at_desk(act, MQTT_URI="mqtt://floor:geheim-1@broker")


def test_the_monitor_notices_what_nobody_tells() -> None:
    async def act(desk: Desk) -> None:
        monitor = desk.application.monitor
        say(desk, typ="GAME_PLAYED")
        place = monitor.floor.place(RELAY)
        assert place is not None
        monitor._clock_ms = lambda: 2 * 10**12
        monitor.tick()
        assert not place.shown.online

    at_desk(act)
