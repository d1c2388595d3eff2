"""One connection, step by step: a real socket, a clock that is set by hand, and no event loop."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator

import pytest

from simulator.device.link import LinkSettings, Refusal
from simulator.link import packet
from simulator.link.channel import Channel
from simulator.link.connection import Connection
from simulator.link.link import LinkListener
from simulator.link.poll import READ, WRITE, Poll, Pollable
from simulator.tests.floor import Listening, settings

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
KEEPALIVE_S = 60


class SilentPoll(Poll):
    """Tells nobody: the test says when a connection is ready."""

    def watch(self, descriptor: int, events: int, who: Pollable) -> None: ...

    def change(self, descriptor: int, events: int) -> None: ...

    def forget(self, descriptor: int) -> None: ...


class Side:
    """The broker's end, and all that a connection is told and asks for."""

    def __init__(self) -> None:
        self.poll: Poll = SilentPoll()
        self.time_s = 1_000.0
        self.due_s: float | None = None
        self.joining = 0
        self.listener = Listening()
        self.gone = self.soons = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        port = self._server.getsockname()[1]
        place = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
        wanted: LinkSettings = settings(f"mqtt://127.0.0.1:{port}")
        self.connection = Connection(wanted, place, None, self, self)
        self.socket, _ = self._server.accept()
        self.socket.settimeout(5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def now_s(self) -> float:
        return self.time_s

    def soon(self, _connection: Connection) -> None:
        self.soons += 1

    def look_after(self, _connection: Connection, when_s: float) -> None:
        self.due_s = when_s

    def look_no_more(self, _connection: Connection) -> None:
        self.due_s = None

    def opened(self) -> LinkListener:
        return self.listener

    def ended(self) -> None:
        self.gone += 1

    def refused(self, reason: Refusal, why: str) -> None:
        assert why
        self.listener.told.append(reason)

    def says(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.arrived()
        self.connection.ready(READ)

    def arrived(self) -> None:
        """Wait until something can be read at the client's end."""
        select.select([self.connection.fileno()], [], [], 5)

    def wait(self, seconds: float) -> None:
        """Let time go by, and the keepalive be looked after when it is due."""
        end_s = self.time_s + seconds
        while self.due_s is not None and self.due_s <= end_s:
            self.time_s = self.due_s
            self.connection.keep_alive()
        self.time_s = end_s

    def up(self) -> Side:
        self.connection.ready(WRITE)
        assert self.socket.recv(1_000)[0] == 0x10
        self.says(CONNACK)
        assert self.socket.recv(1_000)[0] == 0x82
        self.says(SUBACK)
        assert self.listener.told == ["up"]
        return self

    def leave(self) -> None:
        async def scenario() -> None:  # a clean end takes a timer
            self.connection.leave(clean=True)
            self.connection.ready(0)

        asyncio.run(scenario())

    def close(self) -> None:
        self.connection.leave(clean=False)
        self.socket.close()
        self._server.close()


@pytest.fixture
def side() -> Iterator[Side]:
    side = Side()
    yield side
    side.close()


class TestKeepalive:
    @pytest.mark.parametrize("answers", [True, False])
    def test_who_waits_for_its_subscriptions_is_counted_apart(self, side: Side, answers: bool) -> None:
        side.connection.ready(WRITE)
        side.says(CONNACK)
        assert (side.joining, side.listener.told) == (1, [])
        if answers:
            side.says(SUBACK)
        else:
            side.connection.leave(clean=False)
        assert side.joining == 0

    def test_a_ping_goes_out_when_either_side_was_silent_for_so_long(self, side: Side) -> None:
        side.up().wait(KEEPALIVE_S / 2)
        side.connection.publish("out", b"x", 0, False)
        side.connection.ready(0)
        assert side.socket.recv(1_000) == packet.publish("out", b"x", 0, False, 0)
        side.wait(KEEPALIVE_S / 2)  # only the broker was silent
        assert side.socket.recv(1_000) == packet.PINGREQ
        side.says(b"\xd0\x00")
        side.wait(KEEPALIVE_S * 2 / 3)
        side.says(packet.publish("in", b"x", 0, False, 0))
        side.wait(KEEPALIVE_S / 3)  # only we were
        assert side.socket.recv(1_000) == packet.PINGREQ

    def test_a_broker_that_answers_keeps_it_up_for_ever(self, side: Side) -> None:
        side.up()
        for _ in range(100):
            side.wait(KEEPALIVE_S)
            assert side.socket.recv(1_000) == packet.PINGREQ
            side.says(b"\xd0\x00")
        assert side.listener.told == ["up"]

    def test_a_broker_that_does_not_answer_has_half_a_keepalive_more(self, side: Side) -> None:
        side.up().wait(KEEPALIVE_S * 1.49)
        assert side.listener.told == ["up"]
        side.wait(1)
        assert side.listener.told == ["up", "down"]
        assert side.gone == 1

    def test_a_frozen_connection_pings_nobody_and_is_lost_as_late(self, side: Side) -> None:
        side.up().wait(KEEPALIVE_S / 2)
        side.connection.freeze(True)
        assert side.connection.publish("out", b"lost", 1, False)
        side.wait(KEEPALIVE_S * 1.49)
        assert side.listener.told == ["up"]
        side.wait(1)
        assert side.listener.told == ["up", "down"]
        assert side.socket.recv(1_000) == b""

    def test_a_connection_that_thawed_goes_on_with_what_has_come(self, side: Side) -> None:
        side.up()
        side.connection.freeze(True)
        side.says(packet.publish("in", b"x", 0, False, 0))
        assert side.listener.messages == []
        side.connection.freeze(False)
        side.connection.ready(READ)
        assert side.listener.messages == [("in", b"x")]
        side.wait(KEEPALIVE_S)
        assert side.socket.recv(1_000) == packet.PINGREQ


class TestFrozen:
    def test_what_was_said_just_before_goes_out_after_it(self, side: Side) -> None:
        side.up().connection.publish("out", b"before", 0, False)
        side.connection.freeze(True)
        side.connection.ready(0)
        side.connection.freeze(False)
        assert side.soons == 2
        side.connection.ready(0)
        side.connection.publish("out", b"after", 0, False)
        assert side.soons == 3
        side.connection.ready(0)
        said = side.socket.recv(1_000)
        assert said == b"".join(packet.publish("out", text, 0, False, 0) for text in (b"before", b"after"))


class TestEnd:
    def test_the_last_words_are_acknowledged_before_it_parts(self, side: Side) -> None:
        side.up()
        side.connection.publish("out", b"last", 1, False)
        side.connection.ready(0)
        assert side.socket.recv(1_000) == packet.publish("out", b"last", 1, False, 2)
        side.leave()
        side.says(packet.publish("in", b"unheard", 1, False, 9))
        assert side.socket.recv(1_000) == packet.acknowledgement(packet.PUBACK, 9)
        side.says(packet.acknowledgement(packet.PUBACK, 2))
        assert side.socket.recv(1_000) == packet.DISCONNECT
        assert side.socket.recv(1_000) == b""
        side.socket.close()
        side.arrived()
        side.connection.ready(READ)
        assert side.gone == 1
        assert (side.listener.told, side.listener.messages) == (["up"], [])

    @pytest.mark.parametrize("clean", [True, False])
    def test_who_leaves_before_he_is_up_leaves_no_will(self, side: Side, clean: bool) -> None:
        side.connection.ready(WRITE)
        assert side.socket.recv(1_000)[0] == 0x10
        side.connection.leave(clean=clean)
        assert side.socket.recv(1_000) == (packet.DISCONNECT if clean else b"")
        assert side.gone == 1
        assert side.listener.told == []

    @pytest.mark.parametrize(
        "heard", [b"\xf0\x00", b"\x30\x03\x00\x01\xff", CONNACK, b"\x30\xff\xff\xff\x7f"]
    )
    def test_a_broker_that_talks_nonsense_is_left(self, side: Side, heard: bytes) -> None:
        side.up().says(heard)
        assert side.listener.told == ["up", "down"]
        assert side.gone == 1

    def test_who_floods_before_the_acknowledgement_is_left(self, side: Side) -> None:
        side.connection.ready(WRITE)
        side.socket.recv(1_000)
        side.socket.sendall(CONNACK + packet.publish("in", b"", 0, False, 0) * 1_001)
        while not side.gone:
            side.connection.ready(READ)
        assert side.listener.told == [Refusal.LOST]

    def test_who_sends_and_does_not_read_is_left(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        side.up()
        monkeypatch.setattr(Channel, "write", lambda _channel, _data: 0)
        monkeypatch.setattr("simulator.link.connection.MAX_BACKLOG", 4 * 10)
        for number in range(1, 11):  # an acknowledgement of four bytes each
            side.says(packet.publish("in", b"", 1, False, number))
        assert side.listener.told == ["up"]
        side.says(packet.publish("in", b"", 1, False, 11))
        assert side.listener.told == ["up", "down"]

    def test_a_defect_of_the_listener_ends_its_connection_only(self, side: Side) -> None:
        side.up()
        side.listener.messages = None  # type: ignore[assignment]  # so that it stumbles
        side.says(packet.publish("in", b"x", 0, False, 0))
        assert side.listener.told == ["up", "down"]
