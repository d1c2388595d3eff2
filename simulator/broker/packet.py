"""MQTT 3.1.1 packets as the embedded broker needs them: framing and PUBLISH by hand, the rare ones through
amqtt.

amqtt reads a packet field by field from the socket, so that one wrong inner length takes the stream out of
step. Here a packet is read whole first, and whatever is wrong inside it is a `ProtocolViolation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from amqtt.adapters import BufferReader
from amqtt.mqtt import packet_class
from amqtt.mqtt.packet import MQTTFixedHeader

from simulator.errors import ProtocolViolation

if TYPE_CHECKING:
    from simulator.broker.stream import Stream

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)

MAX_PACKET = 16 * 1024 * 1024
"""Bytes; a floor's largest message is 64 KiB (contract, section 3), and a header may claim 256 MB."""


class Packet(NamedTuple):
    """One packet, its body not looked at yet."""

    kind: int
    flags: int
    body: bytes

    @property
    def packet_id(self) -> int:
        """The packet identifier of an acknowledgement, which is its whole body."""
        if len(self.body) != 2 or self.body == b"\0\0":
            raise ProtocolViolation(
                f"a packet of kind {self.kind} with {len(self.body)} bytes has no packet id"
            )
        return int.from_bytes(self.body)


class Publish(NamedTuple):
    """A PUBLISH taken apart; `packet_id` is 0 at QoS 0."""

    topic: str
    data: bytes
    qos: int
    retain: bool
    packet_id: int


async def read_packet(stream: Stream, limit: int = MAX_PACKET) -> Packet:
    """The next packet; raises `EOFError` or `OSError` at the end, `ProtocolViolation` beyond `limit`
    bytes.
    """
    first = (await stream.read(1))[0]
    length = shift = 0
    while True:
        byte = (await stream.read(1))[0]
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
        shift += 7
        if shift > 21:
            raise ProtocolViolation("a remaining length of more than four bytes")
    if length > limit:
        raise ProtocolViolation(f"a packet of {length} bytes; at most {limit} are accepted")
    return Packet(first >> 4, first & 0x0F, await stream.read(length) if length else b"")


def take_publish(packet: Packet) -> Publish:
    """A PUBLISH taken apart (MQTT 3.1.1, 3.3), or `ProtocolViolation`."""
    body, qos = packet.body, packet.flags >> 1 & 3
    end = 2 + int.from_bytes(body[:2])
    start = end + (2 if qos else 0)
    if qos == 3 or len(body) < start:
        raise ProtocolViolation(f"a PUBLISH of {len(body)} bytes with QoS {qos}")
    try:
        topic = body[2:end].decode()
    except UnicodeDecodeError as exc:
        raise ProtocolViolation("a PUBLISH with a topic that is not UTF-8") from exc
    check_topic(topic)
    packet_id = int.from_bytes(body[end:start])
    if qos and not packet_id:
        raise ProtocolViolation("a PUBLISH with packet id 0")
    return Publish(topic, body[start:], qos, bool(packet.flags & 1), packet_id)


def check_topic(topic: str) -> None:
    """Raise `ProtocolViolation` where no message can have that topic (MQTT 3.1.1, 4.7)."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic:
        raise ProtocolViolation("a topic that is empty or holds a wildcard or NUL")


def encode_publish(message: Publish, dup: bool = False) -> bytes:
    """The bytes of a PUBLISH."""
    topic = message.topic.encode()
    packet_id = message.packet_id.to_bytes(2) if message.qos else b""
    body = b"".join((len(topic).to_bytes(2), topic, packet_id, message.data))
    return encode(PUBLISH, dup << 3 | message.qos << 1 | message.retain, body)


def encode(kind: int, flags: int, body: bytes) -> bytes:
    """The bytes of any packet."""
    length, size = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        size.append(digit | (0x80 if length else 0))
        if not length:
            return bytes((kind << 4 | flags,)) + bytes(size) + body


def acknowledge(kind: int, packet_id: int) -> bytes:
    """The bytes of PUBACK, PUBREC, PUBREL, PUBCOMP or UNSUBACK."""
    return bytes((kind << 4 | (2 if kind == PUBREL else 0), 2)) + packet_id.to_bytes(2)


async def decode(packet: Packet) -> Any:
    """CONNECT, SUBSCRIBE or UNSUBSCRIBE as amqtt's packet; it reads from memory, so this never waits."""
    try:
        header = MQTTFixedHeader(packet.kind, packet.flags, len(packet.body))
        return await packet_class(header).from_stream(BufferReader(packet.body), fixed_header=header)
    except Exception as exc:  # amqtt raises five roots and several built-in errors on hostile bytes
        raise ProtocolViolation(f"a packet of kind {packet.kind} that can't be read: {exc}") from exc
