"""The tap between paho clients and a real broker: what passes and what is seen."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import pytest

from features.harness.subjects import Broker
from features.harness.tap.packet import Direction
from features.harness.tap.tap import Tap, TapError
from features.harness.tests.tap_bench import Client, Echo, at_end, line_to, read_exactly, seen
from features.harness.waiting import eventually

BIG = 300_000


def test_messages_pass_both_ways_and_are_seen_with_all_their_marks(
    tap: Tap, inside: Client, outside: Client, topic: str
) -> None:
    inside.publish(f"{topic}/out", b'{"typ":"rst"}', qos=1, retain=True)
    outside.hears(b'{"typ":"rst"}')
    outside.publish(f"{topic}/in", b"hello")
    inside.hears(b"hello")

    connect = seen(tap, "CONNECT")
    assert (connect.client_id, connect.details["keepalive"], connect.connection) == (inside.id, 60, 1)
    assert seen(tap, "CONNACK", Direction.FROM_BROKER).details == {"code": 0, "session": False}
    assert seen(tap, "SUBSCRIBE").details == {"filters": ((f"{topic}/in", 1),)}
    sent = seen(tap, "PUBLISH")
    assert (sent.topic, sent.fields, sent.qos, sent.retain) == (f"{topic}/out", {"typ": "rst"}, 1, True)
    assert seen(tap, "PUBACK", Direction.FROM_BROKER).packet_id == sent.packet_id
    came = seen(tap, "PUBLISH", Direction.FROM_BROKER)
    assert (came.topic, came.payload, came.client_id, came.from_subject) == (
        f"{topic}/in",
        b"hello",
        inside.id,
        False,
    )
    assert connect.at <= sent.at <= came.at
    assert not any(one.fault or one.error for one in tap.packets)


def test_a_message_larger_than_any_buffer_passes_unchanged(
    tap: Tap, inside: Client, outside: Client, topic: str
) -> None:
    payload = bytes(range(256)) * (BIG // 256)
    outside.publish(f"{topic}/in", payload)
    inside.hears(payload)
    packet = seen(tap, "PUBLISH", Direction.FROM_BROKER)
    assert packet.payload == payload
    assert packet.size > len(payload)


def test_every_connection_has_its_number_and_its_client(tap: Tap, client: Callable[..., Client]) -> None:
    clients = [client(tap.address).is_told("connected") for _ in range(3)]
    assert tap.clients == [one.id for one in clients]
    connects = [one for one in tap.packets if one.type == "CONNECT"]
    assert [(one.connection, one.client_id) for one in connects] == [
        (number, one.id) for number, one in enumerate(clients, 1)
    ]
    clients[0].close()
    assert eventually(lambda: tap.clients, lambda left: len(left) == 2, "one connection less")


def test_bytes_that_are_no_mqtt_are_passed_on_and_named(stage: ExitStack, server: Echo) -> None:
    tap = stage.enter_context(Tap("any", server.address))
    line = stage.enter_context(line_to(tap))
    line.sendall(b"\x30\xff\xff\xff\xff\x01 no length")
    assert read_exactly(line, 16) == b"\x30\xff\xff\xff\xff\x01 no length"
    packet = tap.packets.first(lambda _: True, "the bytes")
    assert (packet.type, packet.error) == ("BYTES", "16 bytes are not one packet")


def test_half_a_packet_is_passed_on_before_its_other_half(stage: ExitStack, server: Echo) -> None:
    tap = stage.enter_context(Tap("any", server.address))
    line = stage.enter_context(line_to(tap))
    line.sendall(b"\x30\x05\x00\x01")
    assert read_exactly(line, 4) == b"\x30\x05\x00\x01"
    assert len(tap.packets) == 0
    line.sendall(b"a{}")
    assert read_exactly(line, 3) == b"a{}"
    assert tap.packets.first(lambda _: True, "the whole").payload == b"{}"


def test_an_end_on_one_side_is_an_end_on_the_other(stage: ExitStack, server: Echo) -> None:
    tap = stage.enter_context(Tap("any", server.address))
    with line_to(tap) as line:
        line.sendall(b"\xe0\x00")
        assert read_exactly(line, 2) == b"\xe0\x00"
    server.ends.first(lambda _: True, "an end at the broker")
    assert eventually(lambda: tap.clients, lambda left: not left, "no connection left") == []


def test_a_broker_that_is_away_refuses_its_clients(stage: ExitStack, shared_broker: Broker) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = replace(shared_broker.address, port=nobody.getsockname()[1])
        tap = stage.enter_context(Tap("any", away))
        line = stage.enter_context(line_to(tap))
        assert at_end(line)


def test_a_predicate_that_raises_is_the_harness_fault(shared_broker: Broker) -> None:
    tap = Tap("any", shared_broker.address)
    with line_to(tap) as line:
        tap.drop(lambda packet: bool(1 // len(packet.payload)))
        line.sendall(b"\xc0\x00")
        assert at_end(line)
    with pytest.raises(TapError, match="ZeroDivisionError"):
        tap.close()


def test_a_closed_tap_says_so(shared_broker: Broker) -> None:
    tap = Tap("any", shared_broker.address)
    tap.close()
    tap.close()
    with pytest.raises(TapError, match="it is closed"):
        tap.refuse()


def test_the_uri_keeps_the_credentials_of_the_broker(shared_broker: Broker) -> None:
    with Tap("any", replace(shared_broker.address, username="anna", password="Rumpel123")) as tap:
        assert tap.uri == f"mqtt://anna:Rumpel123@127.0.0.1:{tap.address.port}"
        assert "Rumpel" not in str(tap.address)
