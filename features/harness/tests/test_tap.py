"""The tap between paho clients and a real broker: what passes, what is seen, and every fault."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from features.harness.inbox import Inbox
from features.harness.subjects import Broker
from features.harness.tap.packet import Direction, Packet
from features.harness.tap.tap import Tap, TapError
from features.harness.waiting import eventually
from wire.address import BrokerAddress

NUMBERS = itertools.count(1)
BIG = 300_000


class Client:
    """A paho client that waits for what it does."""

    def __init__(self, address: BrokerAddress, client_id: str, *, keepalive: int = 60) -> None:
        self.id = client_id
        self.came: Inbox[paho.MQTTMessage] = Inbox(client_id)
        self.changes: Inbox[str] = Inbox(f"{client_id}'s state")
        self.acknowledged: Inbox[int] = Inbox(f"{client_id}'s PUBACKs")
        self.paho = paho.Client(CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False)
        self.paho.on_connect = lambda *_: self.changes.put("connected")
        self.paho.on_disconnect = lambda *_: self.changes.put("disconnected")
        self.paho.on_subscribe = lambda *_: self.changes.put("subscribed")
        self.paho.on_publish = lambda _client, _data, mid, *_: self.acknowledged.put(mid)
        self.paho.on_message = lambda _client, _data, message: self.came.put(message)
        self.paho.connect(address.host, address.port, keepalive)
        self.paho.loop_start()

    def is_told(self, change: str) -> Client:
        self.changes.first(lambda one: one == change, change)
        return self

    def listen(self, topic: str) -> Client:
        self.paho.subscribe(topic, 1)
        return self.is_told("subscribed")

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> int:
        return self.paho.publish(topic, payload, qos, retain).mid

    def hears(self, payload: bytes) -> paho.MQTTMessage:
        return self.came.first(lambda one: one.payload == payload, repr(payload[:40]))

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


@pytest.fixture
def tap(stage: ExitStack, shared_broker: Broker) -> Tap:
    return stage.enter_context(Tap("cms", shared_broker.address, "cms"))


@pytest.fixture
def topic() -> str:
    return f"tap/{next(NUMBERS)}"


@pytest.fixture
def client(stage: ExitStack) -> Callable[..., Client]:
    def client(address: BrokerAddress, keepalive: int = 60) -> Client:
        one = Client(address, f"tapped-{next(NUMBERS)}", keepalive=keepalive)
        stage.callback(one.close)
        return one

    return client


@pytest.fixture
def inside(tap: Tap, client: Callable[..., Client], topic: str) -> Client:
    """A client behind the tap, listening."""
    return client(tap.address).is_told("connected").listen(f"{topic}/in")


@pytest.fixture
def outside(shared_broker: Broker, client: Callable[..., Client], topic: str) -> Client:
    """A client on the broker itself, listening."""
    return client(shared_broker.address).is_told("connected").listen(f"{topic}/out")


def seen(tap: Tap, type_: str, direction: Direction = Direction.TO_BROKER) -> Packet:
    return tap.packets.first(lambda one: one.type == type_ and one.direction is direction, type_)


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
    line = stage.enter_context(socket.create_connection((tap.address.host, tap.address.port), timeout=5))
    line.sendall(b"\x30\xff\xff\xff\xff\x01 no length")
    assert read_exactly(line, 16) == b"\x30\xff\xff\xff\xff\x01 no length"
    packet = tap.packets.first(lambda _: True, "the bytes")
    assert (packet.type, packet.error) == ("BYTES", "16 bytes are not one packet")


def test_half_a_packet_is_passed_on_before_its_other_half(stage: ExitStack, server: Echo) -> None:
    tap = stage.enter_context(Tap("any", server.address))
    line = stage.enter_context(socket.create_connection((tap.address.host, tap.address.port), timeout=5))
    line.sendall(b"\x30\x05\x00\x01")
    assert read_exactly(line, 4) == b"\x30\x05\x00\x01"
    assert len(tap.packets) == 0
    line.sendall(b"a{}")
    assert read_exactly(line, 3) == b"a{}"
    assert tap.packets.first(lambda _: True, "the whole").payload == b"{}"


def test_an_end_on_one_side_is_an_end_on_the_other(stage: ExitStack, server: Echo) -> None:
    tap = stage.enter_context(Tap("any", server.address))
    with socket.create_connection((tap.address.host, tap.address.port), timeout=5) as line:
        line.sendall(b"\xe0\x00")
        assert read_exactly(line, 2) == b"\xe0\x00"
    server.ends.first(lambda _: True, "an end at the broker")
    assert eventually(lambda: tap.clients, lambda left: not left, "no connection left") == []


def test_a_broker_that_is_away_refuses_its_clients(stage: ExitStack, shared_broker: Broker) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = replace(shared_broker.address, port=nobody.getsockname()[1])
        tap = stage.enter_context(Tap("any", away))
        line = stage.enter_context(socket.create_connection((tap.address.host, tap.address.port), timeout=5))
        assert at_end(line)


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
    tap.delay(0.3, Direction.TO_BROKER)
    started = time.monotonic()
    for number in range(5):
        inside.publish(f"{topic}/out", str(number).encode(), qos=0)
    outside.publish(f"{topic}/in", b"fast")
    inside.hears(b"fast")
    fast = time.monotonic() - started
    outside.hears(b"4")
    assert fast < 0.3 <= time.monotonic() - started
    assert [one.payload for one in outside.came] == [b"0", b"1", b"2", b"3", b"4"]
    late = [one.fault for one in tap.packets if one.type == "PUBLISH" and one.from_subject]
    assert late == ["delayed 0.3 s"] * 5


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
    line = stage.enter_context(socket.create_connection((tap.address.host, tap.address.port), timeout=5))
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
    with socket.create_connection((tap.address.host, tap.address.port), timeout=5) as line:
        line.sendall(b"\xc0\x00")
        assert read_exactly(line, 2) == b"\xc0\x00"
        tap.half_open(Direction.TO_BROKER)
    marker = stage.enter_context(socket.create_connection((tap.address.host, tap.address.port), timeout=5))
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


def test_a_predicate_that_raises_is_the_harness_fault(shared_broker: Broker) -> None:
    tap = Tap("any", shared_broker.address)
    with socket.create_connection((tap.address.host, tap.address.port), timeout=5) as line:
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


class Echo:
    """A server that sends back what it gets, whatever it is, and notes when a connection ends."""

    def __init__(self) -> None:
        self.ends: Inbox[str] = Inbox("ends")
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = BrokerAddress("mqtt", *self._socket.getsockname())
        self._threads = [threading.Thread(target=self._accept, name="echo", daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Waits for every connection to end; the taps before it must be closed by then."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._echo, args=(line,), name="echo line", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _echo(self, line: socket.socket) -> None:
        with line:
            try:
                while data := line.recv(65536):
                    line.sendall(data)
            except OSError as exc:
                self.ends.put(f"broken: {exc}")
                return
        self.ends.put("closed")


@pytest.fixture
def server(stage: ExitStack) -> Echo:
    echo = Echo()
    stage.callback(echo.close)
    return echo


def read_exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += line.recv(count - len(data))
    return data


def at_end(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
