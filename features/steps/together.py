"""Operators and devices together, with much at once."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pytest_bdd import given, parsers, then, when

from features.harness.firmware import FirmwareServer, firmware_server, image
from features.harness.floor import Cabinet, Floor
from features.harness.peer import Peer
from features.harness.played import TOPICS, has
from features.harness.stream import Stream
from features.harness.web import Web
from features.steps.operator import PUBLISH, REQUEST, smib_config
from features.steps.streams import until
from wire import orders
from wire.components import COMPONENTS

FIRST_RATE = 1000
PATIENCE = 15.0


@given("another cabinet with a working device", target_fixture="other_cabinet")
def _another_working(cabinet: Cabinet, floor: Floor) -> Cabinet:
    """Beside the first one, whose step has seen to the fleet."""
    other = floor.devices.fresh()
    assert other != cabinet
    return other


@when(parsers.parse("the operator publishes {count:d} updates one after the other"))
def _publishes_many(web: Web, cabinet: Cabinet, count: int) -> None:
    publish_rates(web, cabinet, count)


@when(parsers.parse("two operators publish {count:d} updates each, at the same time"))
def _both_publish(web: Web, cabinet: Cabinet, other_cabinet: Cabinet, count: int) -> None:
    with ThreadPoolExecutor(2) as operators:
        list(operators.map(lambda one: publish_rates(web, one, count), (cabinet, other_cabinet)))


@then(parsers.parse("the stream shows the {count:d} confirmations in their order"))
def _in_order(stream: Stream, count: int) -> None:
    assert rates(stream, count) == list(range(FIRST_RATE, FIRST_RATE + count))


@then(parsers.parse("each stream shows the {count:d} confirmations of its own device in their order"))
def _each_in_order(stream: Stream, other_stream: Stream, count: int) -> None:
    for one in (stream, other_stream):
        assert rates(one, count) == list(range(FIRST_RATE, FIRST_RATE + count))


@when(parsers.parse("the operator asks {count:d} times for all five components at once"))
def _asks_often(web: Web, cabinet: Cabinet, count: int) -> None:
    bodies = [{"relayId": cabinet.relay_id, "component": name} for name in list(COMPONENTS) * count]
    with ThreadPoolExecutor(len(COMPONENTS)) as operators:
        answers = list(operators.map(lambda body: web.post(REQUEST, body), bodies))
    assert {answer.status for answer in answers} == {200}


@then(parsers.parse("the stream shows {count:d} answers of each component"))
def _answers_of_each(stream: Stream, count: int) -> None:
    frames = stream.frames.several(
        lambda frame: has(frame.data, {"typ": "cfg"}), 5 * count, f"{5 * count} answers", within=PATIENCE
    )
    found = Counter(frame.data["comp"] for frame in frames if frame.data.get("typ") == "cfg")
    assert found == dict.fromkeys(COMPONENTS, count)


@given(
    parsers.parse('a firmware server that has the image "{file}" of version "{version}"'),
    target_fixture="server",
)
def _server_with(stage: contextlib.ExitStack, file: str, version: str) -> FirmwareServer:
    server = stage.enter_context(firmware_server())
    server.has(file, image(version))
    return server


@when("the operator saves the address of that server")
def _saves_address(web: Web, cabinet: Cabinet, server: FirmwareServer) -> None:
    answer = web.post(smib_config(cabinet.id), {"smibConfig": {"ota": {"otaURL": server.url}}})
    assert answer.status == 200, str(answer)


@when(parsers.parse('somebody orders the firmware "{file}" of the device'))
def _orders_firmware(join: Callable[..., Peer], cabinet: Cabinet, file: str) -> None:
    join("technician").publish(TOPICS.relay(cabinet.relay_id), orders.encode(orders.FirmwareOrder(file)))


def publish_rates(web: Web, cabinet: Cabinet, count: int) -> None:
    for number in range(count):
        config = {"typ": "cfg", "comp": "coms", "comsRateMs": FIRST_RATE + number}
        answer = web.post(PUBLISH, {"relayId": cabinet.relay_id, "config": config})
        assert answer.status == 200, str(answer)


def rates(stream: Stream, count: int) -> list[int]:
    """``comsRateMs`` of each confirmation that the stream shows, up to the last."""
    last = {"typ": "cfg", "comp": "coms", "comsRateMs": FIRST_RATE + count - 1}
    frames = until(stream, last, within=PATIENCE)
    return [frame.data["comsRateMs"] for frame in frames if frame.data.get("typ") == "cfg"]
