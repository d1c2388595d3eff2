"""Who asks devices for their configuration as fast as they answer, so many at a time, and misses nothing."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from itertools import islice
from time import perf_counter
from types import TracebackType
from typing import Self

from simulator.link import packet
from wire.address import parse_address
from wire.components import COMPONENTS
from wire.orders import ConfigRequest, encode
from wire.topics import Topics

WAIT_S = 20.0
READ_BYTES = 256 * 1024
RELAY = slice(8, 20)
"""Where the relay id stands in an answer: `{"rly":"e831cdfa8384","typ":"cfg","comp":"coms",…`."""
COMPONENT_AT = len('{"rly":"e831cdfa8384","typ":"cfg","comp":"')
_TOPICS = Topics()
_ORDERS = [(name.encode(), encode(ConfigRequest(name))) for name in COMPONENTS]


class Asker:
    """One connection, with one socket that is read and written in turn."""

    def __init__(self, uri: str, *topics: str) -> None:
        """Hears the answers, and what comes on `topics`."""
        address = parse_address(uri)
        self._socket = socket.create_connection((address.host, address.port), WAIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self._socket.sendall(packet.connect(f"asker-{id(self)}", 0, "bench/gone", b"", 0))
        self._next(packet.CONNACK)
        self._socket.sendall(packet.subscribe(1, (_TOPICS.config, *topics), 0))
        self._next(packet.SUBACK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._socket.close()

    def ask(self, relays: Sequence[str], rounds: int, in_flight: int) -> float:
        """Every device in turn, `rounds` times, for its components one after the other; the seconds until the
        last answer. RuntimeError where one is lost, or comes before one that was asked for earlier.
        """
        waiting: dict[bytes, deque[bytes]] = {relay.encode(): deque() for relay in relays}
        orders = (
            (relay.encode(), *_ORDERS[number % len(_ORDERS)]) for number in range(rounds) for relay in relays
        )
        began, left = perf_counter(), rounds * len(relays)
        due = in_flight
        while left:
            said = []
            for relay, component, order in islice(orders, due):
                waiting[relay].append(component)
                said.append(packet.publish(_TOPICS.relay(relay.decode()), order, 0, False, 0))
            if said:
                self._socket.sendall(b"".join(said))
            answers = self.messages()
            due = len(answers)
            left -= due
            for _, answer in answers:
                wanted = waiting[answer[RELAY]].popleft()
                if not answer.startswith(wanted, COMPONENT_AT):
                    raise RuntimeError(f"{wanted.decode()} was wanted next, not {answer!r}")
        return perf_counter() - began

    def messages(self, wait_s: float | None = None) -> list[tuple[str, bytes]]:
        """Topic and payload of what has come, of one message at least; with `wait_s` perhaps of none."""
        found: list[tuple[str, bytes]] = []
        while not found:
            self._socket.settimeout(WAIT_S if wait_s is None else wait_s)
            try:
                data = self._rest + self._read()
            except TimeoutError:
                if wait_s is None:
                    raise
                return found
            at = 0
            while (span := packet.next_packet(data, at)) is not None:
                if span.first == packet.PUBLISH:
                    found.append(packet.message(data, span)[:2])
                at = span.end
            self._rest = data[at:]
        return found

    def _next(self, first: int) -> None:
        """Wait for one packet, that of this kind."""
        while (span := packet.next_packet(self._rest, 0)) is None:
            self._rest += self._read()
        if span.first != first:
            raise RuntimeError(f"a packet {first:#x} was wanted, not {span.first:#x}")
        self._rest = self._rest[span.end :]

    def _read(self) -> bytes:
        data = self._socket.recv(READ_BYTES)
        if not data:
            raise RuntimeError("the broker closed the connection")
        return data
