"""The monitors of answers and packets, and all together, on timelines that conform and that do not."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from features.harness.evidence.timeline import Timeline
from features.harness.monitors.finding import Setting
from features.harness.monitors.judge import MONITORS, judged, settled
from features.harness.tap.packet import Direction, Packet, Reading
from features.harness.tests.scene import (
    COMMAND,
    EVENT,
    FAILURE,
    JSON,
    OTHER,
    RELAY,
    REQUEST,
    SAVE,
    SETTING,
    UPDATE,
    Scene,
    T,
)


def test_a_flow_that_conforms_breaks_nothing(scene: Scene) -> None:
    scene.asks("/api/mqtt/config/request", {"relayId": RELAY.upper(), "component": "coms"})
    scene.publishes(REQUEST).answers(200, {"success": True, "timestamp": T})
    scene.publishes({**REQUEST, "rly": RELAY, "comsMode": 0}, role="")
    scene.asks(SAVE, {"smibConfig": {"coms": {"comsMode": 1}}, "machineControl": "RESTART"})
    scene.publishes(UPDATE, qos=1, number=1).publishes(COMMAND, qos=1, number=2)
    scene.acknowledges(2).acknowledges(1).answers(200, {"success": True, "mqttSent": True})
    scene.publishes(EVENT, topic=f"sas/gli/server/{RELAY}", role="smib")
    scene.call("/api/mqtt/config/request", {"relayId": 1}, 400, FAILURE)
    assert scene.findings() == []


# Answers


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (SAVE, {"success": True, "data": {"smibConfig": {"net": {"netStaPwd": "hunter22"}}}}),
        ("/api/mqtt/config", {"success": True, "data": {"networkPassword": "short"}}),
        ("/api/mqtt/config", {"success": True, "data": {"mqttURI": "mqtt://a:abc@host"}}),
    ],
)
def test_a_password_in_an_answer_is_found_and_not_repeated(scene: Scene, path: str, answer: Any) -> None:
    scene.call(path, None, 200, answer, "GET")
    (finding,) = scene.findings()
    assert finding.requirement == "SECRET-1"
    assert "hunter22" not in str(finding) + json.dumps(finding.to_json())


def test_masked_passwords_are_none(scene: Scene) -> None:
    data = {"networkPassword": "***", "mqttURI": "mqtt://a:***@host"}
    assert scene.call("/api/mqtt/config", None, 200, {"success": True, "data": data}, "GET").broken() == []


@pytest.mark.parametrize("status", [500, 501, 502, 505])
def test_a_crash_is_found(scene: Scene, status: int) -> None:
    assert scene.call(SAVE, {}, status, FAILURE).broken() == ["HTTP-7"]


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 429, 503, 504])
def test_a_failure_in_the_envelope_is_none(scene: Scene, status: int) -> None:
    assert scene.call(SAVE, {}, status, FAILURE).broken() == []


@pytest.mark.parametrize(
    ("status", "answer", "word"),
    [
        (400, {**FAILURE, "success": True}, "success"),
        (404, {"detail": "Not Found"}, "success"),
        (400, {**FAILURE, "error": " "}, "error"),
        (400, {**FAILURE, "error": {"field": "x"}}, "error"),
        (400, {**FAILURE, "timestamp": "2026-01-01T00:00:00Z"}, "timestamp"),
        (400, {**FAILURE, "timestamp": "9999-99-99T00:00:00.000Z"}, "timestamp"),
        (503, b"Service Unavailable", "success"),
        (200, FAILURE, "status"),
    ],
)
def test_a_failure_outside_the_envelope_is_found(scene: Scene, status: int, answer: Any, word: str) -> None:
    (finding,) = scene.call(SAVE, {}, status, answer).findings()
    assert finding.requirement == "HTTP-1"
    assert word in finding.sentence


def test_a_failure_that_does_not_say_it_is_json_is_found(scene: Scene) -> None:
    assert scene.asks(SAVE, {}).answers(400, FAILURE, {"content-type": "text/html"}).broken() == ["HTTP-1"]


def test_pages_beside_the_api_and_bodiless_answers_are_not_judged(scene: Scene) -> None:
    scene.call("/nothing-here", None, 404, b"<html>", "GET").call(SAVE, None, 404, b"", "HEAD")
    scene.timeline.unanswered(scene.asks(SAVE, {}).exchange, "operator", "the connection was refused")
    assert scene.broken() == []


# Packets


def test_a_message_of_a_cms_that_does_not_fit_is_found(scene: Scene) -> None:
    scene.asks(SAVE, {}).publishes({"typ": "cfg", "comp": "coms", "comsMode": 7})
    (finding,) = scene.findings()
    assert (finding.requirement, finding.subject) == ("MSG-1", "cms")
    assert "coms.comsMode" in finding.sentence


@pytest.mark.parametrize("message", ["hello", '{"any":"thing"}', '{"netStaPwd":"hunter22"}'])
def test_what_an_operator_dictates_is_not_the_fault_of_the_cms(scene: Scene, message: str) -> None:
    scene.asks("/api/mqtt/test", {"action": "publish", "relayId": RELAY, "message": message})
    assert scene.publishes(message.encode()).answers(200, {"success": True}).broken() == []


@pytest.mark.parametrize(
    ("fields", "requirement"),
    [
        (b"junk", "MSG-2"),
        ({"typ": "GAME_WON"}, "MSG-2"),
        ({**EVENT, "pyd": 7}, "MSG-2"),
        ({"rly": RELAY, "typ": "cfg", "comp": "coms"}, "MSG-2"),
        ({**EVENT, "typ": "COFFEE_MADE"}, "MSG-3"),
    ],
)
def test_a_report_that_does_not_fit_is_found(scene: Scene, fields: Any, requirement: str) -> None:
    assert scene.publishes(fields, topic="sas/server", role="smib").broken() == [requirement]


def test_a_last_will_is_a_report_too(scene: Scene) -> None:
    fine = Reading("PUBLISH", topic="sas/server", payload=json.dumps(EVENT).encode())
    wrong = Reading("PUBLISH", topic="sas/server", payload=b"bye")
    assert scene.passes(Packet("CONNECT", details={"will": fine}), "smib").broken() == []
    assert scene.passes(Packet("CONNECT", details={"will": wrong}), "smib").broken() == ["MSG-2"]


def test_bytes_that_are_no_mqtt_are_found_and_those_of_the_broker_are_not(scene: Scene) -> None:
    scene.passes(Packet("BYTES", error="no length", direction=Direction.FROM_BROKER))
    assert scene.broken() == []
    assert scene.passes(Packet("BYTES", error="no length")).broken() == ["MSG-4"]


@pytest.mark.parametrize("fields", [REQUEST, COMMAND, {"typ": "rst"}, b"junk"])
def test_a_retained_command_or_request_is_found_whatever_is_switched_on(scene: Scene, fields: Any) -> None:
    scene.asks(SAVE, {}).publishes(fields, retain=True)
    assert "TOPIC-7" in scene.broken(Setting(relays=SETTING.relays, retains_updates=True))


def test_a_retained_update_is_found_unless_it_was_switched_on(scene: Scene) -> None:
    scene.asks(SAVE, {}).publishes(UPDATE, retain=True).publishes(b"", retain=True)
    assert scene.broken() == ["TOPIC-7"]
    assert scene.broken(Setting(relays=SETTING.relays, retains_updates=True)) == []


# All together


def test_what_can_not_be_judged_says_why(scene: Scene) -> None:
    scene.asks(SAVE, {}).publishes(REQUEST, OTHER, retain=True)
    judgement = judged(scene.timeline.since(), Setting(tapped=frozenset()))
    assert judgement.findings == ()
    assert judgement.untestable["TOPIC-7"] == "no tap stands before the cms"
    assert judgement.untestable["MSG-2"] == "no tap stands before the smib"


def test_a_timeline_with_a_gap_accuses_nobody_of_what_may_stand_in_it() -> None:
    timeline = Timeline(most=1)
    timeline.note("x", "=", "y")
    timeline.packet(Packet("PUBLISH", f"sas/relay/{RELAY}", b'{"typ":"rst"}', at=1e12, tap="cms", role="cms"))
    judgement = judged(timeline.since(), Setting())
    assert judgement.findings == ()
    assert judgement.untestable["MSG-5"] == "the first 1 entries are lost"


def test_a_packet_that_is_still_on_its_way_is_waited_for() -> None:
    timeline = Timeline()
    number = timeline.request(
        "x", "POST", "/api/mqtt/config/request", JSON, b'{"relayId":"r","component":"coms"}'
    )
    timeline.answer(number, "x", 200, JSON, b'{"success":true}')
    late = Packet("PUBLISH", "sas/relay/r", json.dumps(REQUEST).encode(), at=1e12, tap="cms", role="cms")
    writer = threading.Thread(target=timeline.packet, args=(late,))
    writer.start()
    assert settled(timeline, 0, Setting(), within=5.0).findings == ()
    writer.join()


def test_one_that_never_comes_is_waited_for_no_longer_than_told() -> None:
    timeline = Timeline()
    number = timeline.request(
        "x", "POST", "/api/mqtt/config/request", JSON, b'{"relayId":"r","component":"coms"}'
    )
    timeline.answer(number, "x", 200, JSON, b'{"success":true}')
    assert [one.requirement for one in settled(timeline, 0, Setting(), within=0.01).findings] == ["MSG-6"]


def test_no_requirement_is_judged_by_two_monitors() -> None:
    named = [requirement for monitor in MONITORS for requirement in monitor.requirements]
    assert len(named) == len(set(named))
