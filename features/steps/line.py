"""The line between a subject and its broker: what passes on it, and what may happen to it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from pytest_bdd import given, parsers, then, when

from features.harness.errors import Untestable
from features.harness.floor import Cabinet
from features.harness.played import has
from features.harness.subjects import AnyBroker, AnyCms, AnyFleet
from features.harness.tap.faults import Rule
from features.harness.tap.packet import Direction, Packet
from features.harness.tap.tap import Tap


@pytest.fixture
def line_began(cms: AnyCms) -> int:
    """How many packets had passed before: a cabinet that is used again was written to already."""
    return 0 if cms.tap is None else len(cms.tap.packets)


@given("the line between the CMS and its broker", target_fixture="line")
def _line_of_cms(cms: AnyCms, stage: contextlib.ExitStack, line_began: int) -> Tap:
    if cms.tap is None:
        raise Untestable("no tap stands before this CMS")
    assert line_began <= len(cms.tap.packets)
    stage.callback(cms.tap.clear)
    return cms.tap


@given("the line between the device and its broker", target_fixture="line")
def _line_of_device(smibs: AnyFleet, stage: contextlib.ExitStack) -> Tap:
    stage.callback(smibs.tap.clear)
    return smibs.tap


@when("the line is cut")
def _cut(line: Tap) -> None:
    assert line.cut() > 0, "there was no connection to cut"


@when("the line of the device is cut")
def _cut_device(line: Tap, device: Cabinet) -> None:
    assert line.cut(client_of(line, device)) == 1, "there was no connection to cut"


@given(parsers.parse("everything comes {seconds:g} s late from the broker"))
def _late(line: Tap, seconds: float) -> None:
    line.delay(seconds, Direction.FROM_BROKER)


@given(parsers.parse("everything comes {seconds:g} s late in both directions"))
def _late_both(line: Tap, seconds: float) -> None:
    line.delay(seconds)


@when("the line goes dead, and neither end is told")
def _half_open(line: Tap) -> None:
    line.half_open()


@when("the line heals")
def _heals(line: Tap) -> None:
    line.clear()


@given("the next report to the CMS is garbled on the line", target_fixture="rule")
def _garbled(line: Tap, cabinet: Cabinet) -> Rule:
    return line.corrupt(about(cabinet), direction=Direction.FROM_BROKER, times=1)


@given("the next report to the CMS is lost on the line", target_fixture="rule")
def _lost(line: Tap, cabinet: Cabinet) -> Rule:
    return line.drop(about(cabinet), direction=Direction.FROM_BROKER, times=1)


@given("the next order to the device is garbled on the line", target_fixture="rule")
def _garbled_order(line: Tap, device: Cabinet) -> Rule:
    return line.corrupt(order_to(line, device), direction=Direction.FROM_BROKER, times=1)


@given("the next order to the device is lost on the line", target_fixture="rule")
def _lost_order(line: Tap, device: Cabinet) -> Rule:
    return line.drop(order_to(line, device), direction=Direction.FROM_BROKER, times=1)


@then("that really happened")
def _happened(rule: Rule) -> None:
    assert rule.hits == 1, "a fault that never happened proves nothing"


@when("the broker restarts")
def _restarts(broker: AnyBroker) -> None:
    broker.stop()
    broker.start()


@then(parsers.parse("on the line the CMS sends at QoS {qos:d}, not retained"))
def _sent_at(line: Tap, line_began: int, cabinet: Cabinet, qos: int, docstring: str) -> None:
    wanted = json.loads(docstring)
    packet = line.packets.first(
        lambda one: about(cabinet)(one) and one.from_subject and has(one.fields, wanted),
        f"{docstring} on its way to the broker",
        since=line_began,
    )
    assert (packet.qos, packet.retain) == (qos, False), f"QoS {packet.qos}, retained {packet.retain}"


@then(parsers.parse("on the line the CMS said that it keeps its connection alive every {seconds:d} s"))
def _keeps_alive(line: Tap, seconds: int) -> None:
    connect = line.packets.first(lambda one: one.type == "CONNECT", "a CONNECT")
    assert connect.details["keepalive"] == seconds


def about(cabinet: Cabinet) -> Callable[[Packet], bool]:
    """Messages that name its relay, in the payload or at the end of the topic."""

    def about(packet: Packet) -> bool:
        if packet.type != "PUBLISH":
            return False
        return packet.topic.endswith(f"/{cabinet.relay_id}") or packet.fields.get("rly") == cabinet.relay_id

    return about


def client_of(line: Tap, device: Cabinet) -> str:
    """The client id under which a device is connected, which is its own business."""
    subscribed = line.packets.first(
        lambda one: (
            one.type == "SUBSCRIBE" and any(device.relay_id in name for name, _ in one.details["filters"])
        ),
        f"a subscription of {device.relay_id}",
    )
    assert subscribed.client_id is not None
    return subscribed.client_id


def order_to(line: Tap, device: Cabinet) -> Callable[[Packet], bool]:
    client = client_of(line, device)
    return lambda packet: packet.type == "PUBLISH" and packet.client_id == client
