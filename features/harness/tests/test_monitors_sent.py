"""The monitors of who was addressed and what was sent, on timelines that conform and that do not."""

from __future__ import annotations

from typing import Any

import pytest

from features.harness.monitors.addressed import addressed_relays
from features.harness.monitors.finding import Setting
from features.harness.tests.scene import (
    COMMAND,
    FAILURE,
    OTHER,
    RELAY,
    REQUEST,
    SAVE,
    SETTING,
    UPDATE,
    Scene,
    T,
)

# Who was addressed


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SAVE, {"smibConfig": {}}),
        ("/api/mqtt/config/publish", {"relayId": f" {RELAY.upper()} "}),
        (f"/api/mqtt/config/subscribe?relayId={RELAY}", None),
        ("/api/batch", {"cabinets": ["cab-2", "cab-1"]}),
        ("/api/locations/Main%20Floor/smib-config", {}),
        (f"/api/relays/{RELAY}", None),
    ],
)
def test_a_relay_is_addressed_by_any_request_that_names_it(scene: Scene, path: str, body: Any) -> None:
    assert scene.asks(path, body).publishes(REQUEST).broken() == []


def test_the_test_endpoint_has_a_relay_of_its_own(scene: Scene) -> None:
    assert scene.asks("/api/mqtt/test", {"action": "publish"}).publishes(COMMAND).broken(Setting()) == []


def test_a_message_to_a_relay_that_nobody_addressed_is_found(scene: Scene) -> None:
    scene.asks(SAVE, {}).publishes(REQUEST, OTHER)
    (finding,) = scene.findings()
    assert finding.requirement == "MSG-5"
    assert OTHER in finding.sentence


def test_a_message_before_the_request_is_found(scene: Scene) -> None:
    assert scene.publishes(REQUEST).asks(SAVE, {}).broken() == ["MSG-5"]


def test_a_message_for_a_refused_request_is_found(scene: Scene) -> None:
    scene.asks(SAVE, {"machineControl": "EXPLODE"}).publishes(COMMAND).answers(400, FAILURE)
    assert scene.broken() == ["API-5"]


def test_what_was_addressed_before_may_be_sent_now(scene: Scene) -> None:
    scene.call(SAVE, {}, 400, FAILURE).asks(f"/api/relays/{OTHER}")
    earlier = addressed_relays(scene.timeline.since().entries, SETTING)
    assert RELAY not in earlier
    later = Scene().publishes(UPDATE, OTHER).publishes(UPDATE, RELAY, dup=True)
    assert later.broken(Setting(addressed=earlier)) == []
    assert later.broken() == ["MSG-5"]


# Sent


@pytest.mark.parametrize(
    ("path", "body", "answer", "fields"),
    [
        ("/api/mqtt/config/request", {"relayId": RELAY, "component": "coms"}, {}, REQUEST),
        ("/api/mqtt/config/publish", {"relayId": RELAY, "config": UPDATE}, {}, UPDATE),
        ("/api/mqtt/test", {"action": "publish"}, {}, {"command": "test", "timestamp": T, "source": "x"}),
        (SAVE, {"smibConfig": {"coms": {"comsMode": 1}}}, {"mqttSent": True}, UPDATE),
        (SAVE, {"machineControl": "RESTART"}, {"mqttSent": True}, COMMAND),
        (
            SAVE,
            {"smibConfig": {"coms": {"comsMode": 1}}},
            {"mqttSent": True},
            {"smibConfig": {"coms": {"comsMode": 1}}, "action": "update_config"},
        ),
        (
            SAVE,
            {"smibConfig": {"net": {"netStaPwd": "***", "netStaChan": 3}}},
            {"mqttSent": True},
            {"typ": "cfg", "comp": "net", "netStaChan": 3},
        ),
        (
            SAVE,
            {"smibConfig": {"net": {"netStaPwd": "hunter22"}}},
            {"mqttSent": True},
            {"typ": "cfg", "comp": "net", "netStaPwd": "hunter22"},
        ),
    ],
)
def test_sent_without_its_packet_is_found(path: str, body: Any, answer: Any, fields: Any) -> None:
    told = {"success": True, **answer}
    assert Scene().asks(path, body).publishes(fields).answers(200, told).broken() == []
    assert Scene().call(path, body, 200, told).broken() == ["MSG-6"]
    wrong = {"typ": "cfg", "comp": "ota", "otaURL": "http://x/"}
    if "message" not in body and "test" not in path:
        assert Scene().asks(path, body).publishes(wrong).answers(200, told).broken() == ["MSG-6"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, {"success": True, "mqttSent": False, "queued": True}),
        (200, {"success": True}),
        (503, FAILURE),
    ],
)
def test_an_answer_that_does_not_say_sent_promises_nothing(scene: Scene, status: int, answer: Any) -> None:
    assert scene.call(SAVE, {"smibConfig": {"coms": {"comsMode": 1}}}, status, answer).broken() == []


def test_two_requests_are_not_kept_by_one_packet(scene: Scene) -> None:
    body = {"relayId": RELAY, "component": "coms"}
    scene.call("/api/mqtt/config/request", body).call("/api/mqtt/config/request", body).publishes(REQUEST)
    assert scene.broken() == ["MSG-6"]
    assert scene.publishes(REQUEST).broken() == []


@pytest.mark.parametrize(("qos", "acks"), [(1, ["PUBACK"]), (2, ["PUBREC", "PUBCOMP"])])
def test_sent_before_it_was_acknowledged_is_found(qos: int, acks: list[str]) -> None:
    def begun() -> Scene:
        return Scene().asks(SAVE, {"machineControl": "RESTART"}).publishes(COMMAND, qos=qos, number=9)

    told = {"success": True, "mqttSent": True}
    conforming, early, never, foreign = begun(), begun(), begun(), begun()
    for ack in acks:
        conforming.acknowledges(9, ack)
        foreign.acknowledges(9, ack, connection=2)
    assert conforming.answers(200, told).broken() == []
    early.answers(200, told)
    for ack in acks:
        early.acknowledges(9, ack)
    assert early.broken() == ["MSG-7"]
    assert never.answers(200, told).broken() == ["MSG-7"]
    assert foreign.answers(200, told).broken() == ["MSG-7"]


def test_a_packet_that_was_sent_again_counts_by_its_acknowledgement(scene: Scene) -> None:
    scene.asks(SAVE, {"machineControl": "RESTART"}).publishes(COMMAND, qos=1, number=9)
    scene.publishes(COMMAND, qos=1, number=9, dup=True).acknowledges(9)
    assert scene.answers(200, {"success": True, "mqttSent": True}).broken() == []
