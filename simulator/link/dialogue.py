"""What is said over one connection, from CONNECT to DISCONNECT: a client's MQTT 3.1.1, without I/O."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from simulator.device.link import LinkSettings, Refusal
from simulator.errors import LinkError, MalformedPacket
from simulator.link import packet
from simulator.link.packet import Span


class Stage(Enum):
    """How far it has come."""

    GREETING = "CONNECT was said"
    SUBSCRIBING = "SUBSCRIBE was said"
    ESTABLISHED = "every subscription is acknowledged"


class Dialogue:
    """One clean session. What is to be sent gathers in `out`, to be taken from there.

    QoS 2 is handed over when it comes, and not again under its number until that is released (4.3.3).
    """

    __slots__ = ("_held", "_number", "_rest", "_settings", "_unacknowledged", "out", "stage")

    def __init__(self, settings: LinkSettings) -> None:
        """Say CONNECT; ValueError where a text of `settings` can't be said."""
        self._settings = settings
        self._number = 0
        self._unacknowledged: set[int] | None = None
        self._held: set[int] | None = None
        self._rest: bytearray | None = None
        self.stage = Stage.GREETING
        self.out = [_greeting(settings)]

    @property
    def acknowledged(self) -> bool:
        """Whether nothing that was published is still to be acknowledged."""
        return not self._unacknowledged

    def receive(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """The messages that these bytes complete, topic and payload; each is taken in when it is asked for.

        LinkError where the broker refuses connection or subscription; MalformedPacket for anything that is
        not what a broker may say at this stage.
        """
        row: bytes | bytearray = data
        if self._rest is not None:
            row, self._rest = self._rest, None
            row += data
        at = 0
        while (span := packet.next_packet(row, at)) is not None:
            at = span.end
            if span.first & 0xF0 != packet.PUBLISH:
                self._hear(row, span)
            elif (message := self._message(row, span)) is not None:
                yield message
        if at < len(row):
            self._rest = row if not at and isinstance(row, bytearray) else bytearray(row[at:])

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> bool:
        """Say a message; False where 65,535 wait for their acknowledgement already."""
        number = 0
        if qos:
            waiting = self._unacknowledged
            if waiting is None:
                waiting = self._unacknowledged = set()
            if len(waiting) == packet.LAST_NUMBER:
                return False
            number = self._next_number()
            waiting.add(number)
        self.out.append(packet.publish(topic, payload, qos, retain, number))
        return True

    def ping(self) -> None:
        self.out.append(packet.PINGREQ)

    def part(self) -> None:
        """Say DISCONNECT: no will is sent."""
        self.out.append(packet.DISCONNECT)

    def _message(self, row: bytes | bytearray, span: Span) -> tuple[str, bytes] | None:
        """A PUBLISH, acknowledged; None for one that was handed over before."""
        if self.stage is Stage.GREETING:
            raise MalformedPacket("CONNACK was wanted first")
        topic, payload, qos, number = packet.message(row, span)
        if qos == 1:
            self.out.append(packet.acknowledgement(packet.PUBACK, number))
        elif qos == 2:
            if self._held is None:
                self._held = set()
            self.out.append(packet.acknowledgement(packet.PUBREC, number))
            if number in self._held:
                return None
            self._held.add(number)
        return topic, payload

    def _hear(self, row: bytes | bytearray, span: Span) -> None:
        """Any packet but a message."""
        first = span.first
        if first == packet.CONNACK:
            self._welcomed(packet.connected(row, span))
        elif self.stage is Stage.GREETING:
            raise MalformedPacket("CONNACK was wanted first")
        elif first == packet.SUBACK:
            self._subscribed(*packet.granted(row, span))
        elif first != packet.PINGRESP:
            self._settle(first, packet.acknowledged(row, span))

    def _welcomed(self, code: int) -> None:
        if self.stage is not Stage.GREETING:
            raise MalformedPacket("one CONNACK was wanted")
        if code:
            raise LinkError(Refusal.REFUSED, f"the broker refused with return code {code}")
        topics = self._settings.subscriptions
        if topics:
            self.stage = Stage.SUBSCRIBING
            self.out.append(packet.subscribe(self._next_number(), topics, self._settings.qos))
        else:
            self.stage = Stage.ESTABLISHED

    def _subscribed(self, number: int, codes: bytes) -> None:
        if self.stage is not Stage.SUBSCRIBING or number != self._number:
            raise MalformedPacket("SUBACK: one for the one SUBSCRIBE was wanted")
        if len(codes) != len(self._settings.subscriptions):
            raise MalformedPacket("SUBACK: a return code for each topic was wanted")
        if packet.REFUSED in codes:
            raise LinkError(Refusal.REFUSED, "the broker refused a subscription")
        self.stage = Stage.ESTABLISHED

    def _settle(self, first: int, number: int) -> None:
        """A step of a message's acknowledgement, ours or the broker's; harmless for one that nobody knows."""
        if first == packet.PUBREC:
            self.out.append(packet.acknowledgement(packet.PUBREL, number))
        elif first == packet.PUBREL:
            if self._held is not None:
                self._held.discard(number)
            self.out.append(packet.acknowledgement(packet.PUBCOMP, number))
        elif self._unacknowledged is not None:
            self._unacknowledged.discard(number)

    def _next_number(self) -> int:
        number = self._number % packet.LAST_NUMBER + 1
        while self._unacknowledged and number in self._unacknowledged:
            number = number % packet.LAST_NUMBER + 1
        self._number = number
        return number


def _greeting(settings: LinkSettings) -> bytes:
    address = settings.address
    login = None
    if address.username is not None or address.password is not None:
        login = (address.username or "", address.password)
    return packet.connect(
        settings.client_id,
        settings.keepalive_s,
        settings.will_topic,
        settings.will_payload,
        settings.qos,
        login,
    )
