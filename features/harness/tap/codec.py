"""Reads MQTT 3.1.1: framing by hand, the packets themselves through amqtt's codec.

amqtt is lenient (it turns bytes that are not UTF-8 into the text ``b'…'`` and then miscounts the payload), so
a packet counts as read only if the codec writes the same bytes again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from amqtt.adapters import BufferReader
from amqtt.mqtt import packet_dict
from amqtt.mqtt.packet import MQTTFixedHeader

from features.harness.tap.packet import Reading

MAX_PACKET = 16 * 1024 * 1024
"""Bytes; a header may claim 256 MB, and what is longer than this is passed on unread."""

LEVELS = (3, 4)
"""The protocol levels of CONNECT that the codec reads: MQTT 3.1 and 3.1.1."""

_NAMES = (
    *("RESERVED-0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP"),
    *("SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "RESERVED-15"),
)
OPAQUE = "BYTES"


class Framer:
    """Cuts a stream of bytes into packets. Once a length is no length it gives up: what follows is opaque."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.opaque = False

    @property
    def pending(self) -> int:
        """How many bytes wait for the rest of their packet."""
        return len(self._buffer)

    def tail(self, start: int) -> bytes:
        """Those bytes, from ``start`` on."""
        return bytes(self._buffer[start:])

    def feed(self, data: bytes) -> list[bytes]:
        """Every packet that ``data`` completes; ``data`` itself, as one piece, on an opaque stream."""
        if self.opaque:
            return [data]
        self._buffer += data
        packets: list[bytes] = []
        start = 0
        while (size := _size(self._buffer, start)) and start + size <= len(self._buffer):
            packets.append(bytes(self._buffer[start : start + size]))
            start += size
        del self._buffer[:start]
        if size is None:
            self.opaque = True
            packets.append(bytes(self._buffer))
            self._buffer.clear()
        return packets


def _size(buffer: bytes | bytearray, start: int) -> int | None:
    """The size of the packet that begins at ``start``: 0 while that is unknown, None where it can't be."""
    length = 0
    for index in range(4):
        if start + 1 + index >= len(buffer):
            return 0
        byte = buffer[start + 1 + index]
        length |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            size = 2 + index + length
            return size if size <= MAX_PACKET else None
    return None


def read(raw: bytes) -> Reading:
    """The packet in ``raw``; never raises."""
    if not raw or _size(raw, 0) != len(raw):
        return Reading(OPAQUE, error=f"{len(raw)} bytes are not one packet")
    kind = raw[0] >> 4
    body = raw[_head(raw) :]
    try:
        packet = _ran(_decoding(kind, raw[0] & 0x0F, body))
        reading = _READERS.get(kind, _bare)(packet, _NAMES[kind])
    except Exception as exc:  # noqa: BLE001  # amqtt raises five roots and several built-in errors on hostile bytes
        return Reading(_NAMES[kind], error=f"the codec can't read it: {exc!r}")
    return reading if reading.error or _same(packet, raw) else _misread(kind)


async def _decoding(kind: int, flags: int, body: bytes) -> Any:
    header = MQTTFixedHeader(kind, flags, len(body))
    return await packet_dict[kind].from_stream(BufferReader(body), fixed_header=header)


def _ran(reading: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that reads from memory, and therefore never waits."""
    try:
        reading.send(None)
    except StopIteration as done:
        return done.value
    reading.close()
    raise BlockingIOError("it wanted more bytes than the packet has")


def _head(raw: bytes) -> int:
    """The bytes before the body of a packet that is whole."""
    return next(index for index in range(2, 6) if not raw[index - 1] & 0x80)


def _same(packet: Any, raw: bytes) -> bool:
    # CONNECT is not written back as it was: amqtt makes up a client id where it is empty.
    if raw[0] >> 4 == 1:
        return True
    again: bytes = packet.to_bytes()
    return again[_head(again) :] == raw[_head(raw) :]


def _misread(kind: int) -> Reading:
    return Reading(_NAMES[kind], error="its inner lengths or its text are not what they claim")


def _bare(_packet: Any, name: str) -> Reading:
    return Reading(name)


def _numbered(packet: Any, name: str) -> Reading:
    return Reading(name, packet_id=packet.variable_header.packet_id)


def _publish(packet: Any, name: str) -> Reading:
    if packet.qos == 3:
        return Reading(name, error="QoS 3 does not exist")
    return Reading(
        name,
        topic=packet.topic_name,
        payload=packet.data,
        qos=packet.qos,
        retain=packet.retain_flag,
        dup=packet.dup_flag,
        packet_id=packet.packet_id,
    )


def _connect(packet: Any, name: str) -> Reading:
    if packet.proto_level not in LEVELS:
        return Reading(name, error=f"protocol level {packet.proto_level}; the tap reads MQTT 3.1.1")
    will = None
    if packet.will_flag:
        will = Reading(
            "PUBLISH",
            topic=packet.will_topic or "",
            payload=bytes(packet.will_message or b""),
            qos=packet.will_qos,
            retain=packet.will_retain_flag,
        )
    details: Mapping[str, Any] = {
        "keepalive": packet.keep_alive,
        "clean": packet.clean_session_flag,
        "username": packet.username,
        "password": packet.password is not None,
        "will": will,
    }
    client_id = "" if packet.client_id_is_random else packet.client_id
    return Reading(name, client_id=client_id, details=details)


def _connack(packet: Any, name: str) -> Reading:
    return Reading(name, details={"code": packet.return_code, "session": bool(packet.session_parent)})


def _filtered(packet: Any, name: str) -> Reading:
    number = packet.variable_header.packet_id
    return Reading(name, packet_id=number, details={"filters": tuple(packet.payload.topics)})


def _suback(packet: Any, name: str) -> Reading:
    number = packet.variable_header.packet_id
    return Reading(name, packet_id=number, details={"codes": tuple(packet.payload.return_codes)})


_READERS: Mapping[int, Callable[[Any, str], Reading]] = {
    1: _connect,
    2: _connack,
    3: _publish,
    4: _numbered,
    5: _numbered,
    6: _numbered,
    7: _numbered,
    8: _filtered,
    9: _suback,
    10: _filtered,
    11: _numbered,
}
