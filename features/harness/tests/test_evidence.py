"""The timeline: what stands on it, what never does, and how it is read."""

from __future__ import annotations

import itertools
import json
import threading
from contextlib import ExitStack

import pytest

from features.harness.evidence.entry import AnswerCame, PacketSeen, RequestSent
from features.harness.evidence.timeline import Timeline
from features.harness.subjects import Broker
from features.harness.tap.packet import Direction, Packet, Reading
from features.harness.tap.tap import Tap

JSON = {"Content-Type": "application/json"}
RELAY = "e831cdfa8384"


def ticking(most: int = 100, heaviest: int = 100_000) -> Timeline:
    """A timeline whose clock goes on by a second with each look at it."""
    return Timeline(clock=itertools.count(1.0).__next__, most=most, heaviest=heaviest)


def packet(payload: bytes, at: float = 0.0, topic: str = f"sas/relay/{RELAY}", role: str = "cms") -> Packet:
    return Packet(
        "PUBLISH", topic, payload, 1, packet_id=7, at=at, tap="cms", role=role, connection=1, size=50
    )


def test_everything_stands_in_one_list_by_time() -> None:
    timeline = ticking()
    timeline.step("When the operator saves")
    number = timeline.request("operator", "POST", "/api/x", JSON, b'{"a":1}')
    timeline.answer(number, "operator", 200, JSON, b'{"success":true}')
    timeline.packet(packet(b'{"typ":"rst"}', at=2.5))
    timeline.frame(number, "stream", '{"type":"heartbeat"}')
    timeline.note("fleet", "|", "< cfg")
    kinds = [entry.kind for entry in timeline.since(0).entries]
    assert kinds == ["step", "request", "packet", "answer", "frame", "note"]


def test_it_is_read_in_columns() -> None:
    timeline = ticking()
    timeline.step("When the operator saves")
    number = timeline.request("operator", "POST", "/api/x", JSON, b'{"a":1}')
    timeline.answer(number, "operator", 200, JSON, b'{"success":true}')
    timeline.packet(packet(b'{"typ":"rst"}', at=2.5))
    assert timeline.lines() == [
        "   0.000  ────            When the operator saves",
        '   1.000  operator → cms  POST /api/x {"a": 1}',
        f'   1.500  cms → broker    PUBLISH #7 q1 sas/relay/{RELAY} {{"typ": "rst"}}',
        '   2.000  cms → operator  200 {"success": true}',
    ]
    assert timeline.lines(limit=1) == [
        "… 3 earlier entries",
        '   0.000  cms → operator  200 {"success": true}',
    ]


def test_a_wait_says_what_was_expected_by_when_and_what_came() -> None:
    timeline = ticking()
    with timeline.waiting("a confirmation", 2.0):
        pass
    with pytest.raises(AssertionError), timeline.waiting("a frame", 2.0):
        raise AssertionError("nothing\ncame")
    assert [entry.what for entry in timeline.since().entries] == [
        "waited for a confirmation: came after 1.000 s",
        "waited for a frame: NOT within 2 s; nothing\\ncame",
    ]


def test_no_secret_is_kept_wherever_it_came_from() -> None:
    timeline = Timeline()
    update = b'{"typ":"cfg","comp":"net","netStaPwd":"hunter22"}'
    number = timeline.request(
        "operator", "POST", "/api/x?p=hunter22", {"Authorization": "Bearer t0ken-t0ken"}, update
    )
    timeline.answer(number, "operator", 500, {"X-Echo": "t0ken-t0ken"}, b"Error: hunter22 in <html>")
    timeline.unanswered(number, "operator", "hunter22")
    timeline.packet(packet(update))
    timeline.packet(packet(update[:-3]))
    timeline.packet(packet(b'{"netStaPwd":"another1"}', topic="smib/config", role="smib"))
    timeline.frame(number, "stream", '{"data":{"netStaPwd":"a-third-1"}}')
    timeline.note("cms", "|", "wrote hunter22, another1, a-third-1 to mqtt://anna:abc@host")
    with timeline.waiting("hunter22", 1.0):
        pass
    will = Reading("PUBLISH", payload=update)
    timeline.packet(Packet("CONNECT", details={"will": will, "username": "anna", "password": True}))
    excerpt = timeline.since()
    written = json.dumps(excerpt.to_json()) + "\n".join(excerpt.lines()) + repr(excerpt)
    for secret in ("hunter22", "hunter2", "another1", "a-third-1", "t0ken", "abc@"):
        assert secret not in written
    assert "another1" not in json.dumps([entry.to_json() for entry in excerpt.entries])


def test_leaks_are_judged_before_they_are_masked() -> None:
    timeline = Timeline()
    number = timeline.request("operator", "POST", "/api/x", JSON, b'{"netStaPwd":"hunter22"}')
    timeline.answer(number, "operator", 200, JSON, b'{"data":{"net":{"netStaPwd":"hunter22"}}}')
    request, answer = timeline.since().entries
    assert isinstance(request, RequestSent)
    assert isinstance(answer, AnswerCame)
    assert answer.leaks == ("body.data.net.netStaPwd",)
    assert answer.body == {"data": {"net": {"netStaPwd": "***"}}}


def test_a_packet_is_judged_while_its_secrets_are_there() -> None:
    timeline = Timeline()
    timeline.packet(packet(b'{"typ":"cfg","comp":"net","netStaPwd":"hunter22"}'))
    timeline.packet(packet(b'{"typ":"cfg","comp":"net","netStaPwd":"short"}'))
    good, bad = timeline.since().entries
    assert isinstance(good, PacketSeen)
    assert isinstance(bad, PacketSeen)
    assert (good.message, good.relay, good.problem) == ("ConfigUpdate", RELAY, "")
    assert "net.netStaPwd" in bad.problem
    assert "short" not in repr(bad)


def test_what_comes_from_the_broker_is_not_the_subject_to_judge() -> None:
    timeline = Timeline()
    other = Packet("PUBLISH", f"sas/relay/{RELAY}", b"junk", role="cms", direction=Direction.FROM_BROKER)
    timeline.packet(other)
    (entry,) = timeline.since().entries
    assert isinstance(entry, PacketSeen)
    assert (entry.message, entry.problem, entry.payload) == ("", "", "junk")


def test_only_so_much_is_kept_and_what_is_lost_is_counted() -> None:
    timeline = ticking(most=3)
    for number in range(5):
        timeline.note("x", "=", str(number))
    assert timeline.position == 5
    assert timeline.since(1).lost == 1
    assert [entry.what for entry in timeline.since(1).entries] == ["= 2", "= 3", "= 4"]
    assert timeline.since(4).lost == 0
    assert timeline.lines()[0] == "… 2 earlier entries"


def test_weight_counts_too() -> None:
    timeline = ticking(heaviest=1000)
    for _ in range(5):
        timeline.request("operator", "POST", "/x", {}, b'"' + b"a" * 400 + b'"')
    assert len(timeline.since().entries) == 2


def test_bodies_that_no_recursion_can_walk_are_kept_as_text() -> None:
    timeline = Timeline()
    for depth in (500, 100_000):
        number = timeline.request("operator", "POST", "/x", {}, b"[" * depth + b"]" * depth)
        timeline.answer(number, "operator", 200, {}, b'{"a":' * depth + b"1" + b"}" * depth)
    assert all(len(json.dumps(entry.to_json())) < 3000 for entry in timeline.since().entries)


def test_waiting_for_growth_ends_with_the_next_entry() -> None:
    timeline = Timeline()
    position = timeline.position
    assert not timeline.grows(position, 0.0)
    writer = threading.Thread(target=timeline.note, args=("x", "=", "y"))
    writer.start()
    assert timeline.grows(position, 5.0)
    writer.join()


def test_a_tap_writes_on_it(stage: ExitStack, shared_broker: Broker) -> None:
    timeline = Timeline()
    tap = stage.enter_context(Tap("cms", shared_broker.address, "cms", timeline))
    tap.refuse()
    tap.allow()
    assert [(entry.source, entry.what) for entry in timeline.since().entries] == [
        ("tap cms", "= refuses new connections"),
        ("tap cms", "= lets new connections in"),
    ]
