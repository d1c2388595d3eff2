"""Every fault of the tap, between paho clients and a real broker."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from features.harness.tap.packet import Direction
from features.harness.tap.tap import Tap
from features.harness.tests.tap_bench import Client, Echo, line_to, read_exactly, seen
from features.harness.waiting import eventually


def test_cut_ends_the_connection_for_both_and_a_new_one_is_let_in(
    tap: Tap, inside: Client, client: Callable[..., Client]
) -> None:
    assert tap.cut() == 1
    inside.is_told("disconnected")
    assert eventually(lambda: tap.clients, lambda left: not left, "no connection left") == []
    client(tap.address).is_told("connected")


def test_cut_can_mean_one_client(tap: Tap, client: Callable[..., Client]) -> None:
    one, other = client(tap.address).is_told("connected"), client(tap.address).is_told("connected")
    assert tap.cut(one.id) == 1
    one.is_told("disconnected")
    assert eventually(lambda: tap.clients, lambda left: len(left) == 1, "one connection") == [other.id]


def test_refuse_closes_new_connections_until_allow(
    tap: Tap, inside: Client, outside: Client, topic: str, client: Callable[..., Client]
) -> None:
    tap.refuse()
    client(tap.address).is_told("disconnected")
    inside.publish(f"{topic}/out", b"still here")
    outside.hears(b"still here")
    tap.allow()
    client(tap.address).is_told("connected")


def test_delay_keeps_the_order_and_one_direction_can_stay_fast(
    tap: Tap, inside: Client, outside: Client, topic: str
) -> None:
    tap.delay(1.0, Direction.TO_BROKER)
    started = time.monotonic()
    for number in range(5):
        inside.publish(f"{topic}/out", str(number).encode(), qos=0)
    outside.publish(f"{topic}/in", b"fast")
    inside.hears(b"fast")
    fast = time.monotonic() - started
    outside.hears(b"4")
    assert fast < 1.0 <= time.monotonic() - started
    assert [one.payload for one in outside.came] == [b"0", b"1", b"2", b"3", b"4"]
    late = [one.fault for one in tap.packets if one.type == "PUBLISH" and one.from_subject]
    assert late == ["delayed 1 s"] * 5


def test_clear_sends_at_once_what_was_delayed(tap: Tap, inside: Client, outside: Client, topic: str) -> None:
    tap.delay(3600)
    inside.publish(f"{topic}/out", b"late", qos=0)
    seen(tap, "PUBLISH")
    tap.clear()
    outside.hears(b"late")


def test_drop_loses_the_packets_that_match_and_counts_them(
    tap: Tap, inside: Client, outside: Client, topic: str
) -> None:
    rule = tap.drop(lambda packet: packet.fields.get("typ") == "rst")
    for payload in (b'{"typ":"rst"}', b'{"typ":"cfg"}'):
        inside.publish(f"{topic}/out", payload, qos=0)
    outside.hears(b'{"typ":"cfg"}')
    assert [one.payload for one in outside.came] == [b'{"typ":"cfg"}']
    assert rule.hits == 1
    assert seen(tap, "PUBLISH").fault == "dropped"


def test_drop_can_lose_an_acknowledgement_once(tap: Tap, inside: Client, topic: str) -> None:
    rule = tap.drop(lambda packet: packet.type == "PUBACK", Direction.FROM_BROKER, times=1)
    lost, kept = inside.publish(f"{topic}/out", b"1"), inside.publish(f"{topic}/out", b"2")
    inside.acknowledged.first(lambda mid: mid == kept, "the second PUBACK")
    assert list(inside.acknowledged) == [kept]
    assert lost != kept
    assert rule.hits == 1


def test_corrupt_changes_the_packets_that_match(
    tap: Tap, inside: Client, outside: Client, topic: str
) -> None:
    rule = tap.corrupt(lambda packet: packet.payload == b"{}")
    inside.publish(f"{topic}/out", b"{}", qos=0)
    outside.hears(b"{\xfd")
    tap.clear()
    inside.publish(f"{topic}/out", b"{}", qos=0)
    outside.hears(b"{}")
    assert rule.hits == 1


def test_corrupt_takes_any_change(tap: Tap, inside: Client, outside: Client, topic: str) -> None:
    tap.corrupt(lambda packet: packet.type == "PUBLISH", lambda raw: raw.replace(b"true", b"null"))
    inside.publish(f"{topic}/out", b"true", qos=0)
    outside.hears(b"null")
    assert seen(tap, "PUBLISH").payload == b"true"


def test_a_rule_spares_the_packet_whose_first_half_is_gone(stage: ExitStack, server: Echo) -> None:
    tap = stage.enter_context(Tap("any", server.address))
    line = stage.enter_context(line_to(tap))
    line.sendall(b"\x30\x05\x00\x01")
    assert read_exactly(line, 4) == b"\x30\x05\x00\x01"
    rule = tap.drop(lambda packet: packet.type == "PUBLISH", Direction.TO_BROKER)
    line.sendall(b"a{}" + b"\x30\x05\x00\x01b{}" + b"\xc0\x00\x30")
    assert read_exactly(line, 5) == b"a{}" + b"\xc0\x00"
    assert rule.hits == 1
    tap.clear()
    line.sendall(b"\x05\x00\x01c{}")
    assert read_exactly(line, 7) == b"\x30\x05\x00\x01c{}"


def test_a_line_held_half_open_tells_nobody_and_delivers_when_it_heals(
    tap: Tap, inside: Client, outside: Client, topic: str
) -> None:
    tap.half_open()
    inside.publish(f"{topic}/out", b"into the void", qos=0)
    packet = tap.packets.first(lambda one: one.payload == b"into the void", "the packet")
    assert packet.fault == "held"
    assert inside.paho.is_connected()
    assert tap.clients == [inside.id]
    tap.clear()
    outside.hears(b"into the void")


def test_a_line_held_half_open_keeps_an_end_to_itself(stage: ExitStack, server: Echo) -> None:
    tap = stage.enter_context(Tap("any", server.address))
    with line_to(tap) as line:
        line.sendall(b"\xc0\x00")
        assert read_exactly(line, 2) == b"\xc0\x00"
        tap.half_open(Direction.TO_BROKER)
    marker = stage.enter_context(line_to(tap))
    marker.sendall(b"\xc0\x00")
    tap.packets.first(lambda one: one.connection == 2, "a packet of the next connection")
    assert len(server.ends) == 0
    tap.clear()
    server.ends.first(lambda _: True, "an end at the broker")


def test_what_was_held_is_lost_with_a_cut(tap: Tap, inside: Client, outside: Client, topic: str) -> None:
    tap.half_open()
    inside.publish(f"{topic}/out", b"lost", qos=0)
    tap.packets.first(lambda one: one.payload == b"lost", "the packet")
    tap.cut()
    inside.is_told("disconnected")
    tap.clear()
    outside.publish(f"{topic}/out", b"marker")
    outside.hears(b"marker")
    assert [one.payload for one in outside.came] == [b"marker"]
