"""MQTT 3.1.1 packets as a client writes and reads them: bytes made of values, and values made of bytes.

Reading is total: whatever a broker sends is a packet that a broker may send, or a `MalformedPacket`. Numbers
in brackets are sections of MQTT 3.1.1.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from simulator.errors import MalformedPacket

CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
PUBREC: Final = 0x50
PUBREL: Final = 0x62
PUBCOMP: Final = 0x70
SUBACK: Final = 0x90
PINGRESP: Final = 0xD0
"""First bytes: the kind of packet and its flags, which are fixed for all but PUBLISH (2.2.2)."""

PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"

MAX_PACKET = 16 * 1024 * 1024
"""Bytes of a packet's body. A floor's largest message is 64 KiB (contract, section 3), and a length may claim
256 MB.
"""
LAST_NUMBER = 65_535
REFUSED = 0x80
"""The return code of a subscription that the broker does not grant (3.9.3)."""

_MAX_TEXT = 65_535
_CLEAN_SESSION, _WILL, _PASSWORD, _USERNAME = 0x02, 0x04, 0x40, 0x80
_QOS_SHIFT = 1
_WILL_QOS_SHIFT = 3
_FIXED_LENGTHS = {CONNACK: 2, PUBACK: 2, PUBREC: 2, PUBREL: 2, PUBCOMP: 2, PINGRESP: 0}


class Span(NamedTuple):
    """Where a packet is in a row of bytes: its first byte, and where its body begins and ends."""

    first: int
    start: int
    end: int


class Message(NamedTuple):
    """A PUBLISH taken apart; `number` is its packet identifier, 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int
    number: int


def connect(
    client_id: str,
    keepalive_s: int,
    will_topic: str,
    will_payload: bytes,
    will_qos: int,
    login: tuple[str, str | None] | None = None,
) -> bytes:
    """CONNECT to a clean session with a will that is not retained; `login` is a user and a password (3.1)."""
    flags = _CLEAN_SESSION | _WILL | will_qos << _WILL_QOS_SHIFT
    fields = [_text(client_id), _text(will_topic), _field(will_payload)]
    if login is not None:
        username, password = login
        flags |= _USERNAME
        fields.append(_text(username))
        if password is not None:
            flags |= _PASSWORD
            fields.append(_text(password))
    head = b"\x00\x04MQTT\x04" + bytes((flags,)) + keepalive_s.to_bytes(2, "big")
    return _packet(0x10, head + b"".join(fields))


def subscribe(number: int, topics: tuple[str, ...], qos: int) -> bytes:
    """SUBSCRIBE to one or more topics (3.8)."""
    wanted = b"".join(_text(topic) + bytes((qos,)) for topic in topics)
    return _packet(0x82, number.to_bytes(2, "big") + wanted)


def publish(topic: str, payload: bytes, qos: int, retain: bool, number: int) -> bytes:
    """PUBLISH; `number` is not looked at where the QoS is 0 (3.3)."""
    name = topic.encode()
    first = PUBLISH | qos << _QOS_SHIFT | retain
    if qos:
        body = b"%c%c%b%c%c%b" % (len(name) >> 8, len(name) & 255, name, number >> 8, number & 255, payload)
    else:
        body = b"%c%c%b%b" % (len(name) >> 8, len(name) & 255, name, payload)
    return _packet(first, body)


def acknowledgement(first: int, number: int) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP (3.4 to 3.7)."""
    return bytes((first, 2, number >> 8, number & 255))


def next_packet(data: bytes | bytearray, at: int) -> Span | None:
    """The packet that begins at `at`, None while it has not come whole; what a broker never sends is refused
    as soon as its head shows it.
    """
    if at + 2 > len(data):
        return None
    first, length, start = data[at], data[at + 1], at + 2
    if length > 127:
        length &= 127
        for shift in (7, 14, 21):
            if start == len(data):
                return None
            digit = data[start]
            start += 1
            length |= (digit & 127) << shift
            if digit < 128:
                break
        else:
            raise MalformedPacket("a length of more than four bytes")
    if first & 0xF0 != PUBLISH and first != SUBACK and _FIXED_LENGTHS.get(first) != length:
        raise MalformedPacket(f"first byte {first:#04x} with a length of {length}")
    if length > MAX_PACKET:
        raise MalformedPacket(f"a length of {length}, beyond {MAX_PACKET}")
    end = start + length
    return None if end > len(data) else Span(first, start, end)


def message(data: bytes | bytearray, span: Span) -> Message:
    """What a PUBLISH says (3.3)."""
    first, start, end = span
    qos = first >> _QOS_SHIFT & 3
    after = start + 2 + int.from_bytes(data[start : start + 2], "big")
    payload_at = after + 2 if qos else after
    if qos == 3 or payload_at > end or end - start < 2:
        raise MalformedPacket("PUBLISH: a topic, and a number at QoS 1 and 2, were wanted")
    try:
        topic = data[start + 2 : after].decode()
    except UnicodeDecodeError as exc:
        raise MalformedPacket("PUBLISH: a topic in UTF-8 was wanted") from exc
    if not topic or "\0" in topic or "+" in topic or "#" in topic:
        raise MalformedPacket("PUBLISH: a topic of at least one character without wildcards was wanted")
    return Message(topic, bytes(data[payload_at:end]), qos, _number(data, after) if qos else 0)


def connected(data: bytes | bytearray, span: Span) -> int:
    """The return code of a CONNACK; 0 means accepted (3.2)."""
    if data[span.start] > 1:
        raise MalformedPacket("CONNACK: flags of 0 or 1 were wanted")
    return data[span.start + 1]


def acknowledged(data: bytes | bytearray, span: Span) -> int:
    """The packet identifier of an acknowledgement."""
    return _number(data, span.start)


def granted(data: bytes | bytearray, span: Span) -> tuple[int, bytes]:
    """Packet identifier and return codes of a SUBACK, one for each topic (3.9)."""
    codes = bytes(data[span.start + 2 : span.end])
    if not codes or not all(code in (0, 1, 2, REFUSED) for code in codes):
        raise MalformedPacket("SUBACK: a number, and return codes of 0, 1, 2 or 128, were wanted")
    return _number(data, span.start), codes


def _number(data: bytes | bytearray, at: int) -> int:
    number = data[at] << 8 | data[at + 1]
    if not number:
        raise MalformedPacket("a packet identifier from 1 was wanted")
    return number


def _packet(first: int, body: bytes) -> bytes:
    length = len(body)
    if length < 128:
        return b"%c%c%b" % (first, length, body)
    if length < 16_384:
        return b"%c%c%c%b" % (first, length & 127 | 128, length >> 7, body)
    digits = bytearray()
    while length > 127:
        digits.append(length & 127 | 128)
        length >>= 7
    return b"%c%b%c%b" % (first, bytes(digits), length, body)


def _text(text: str) -> bytes:
    return _field(text.encode())


def _field(data: bytes) -> bytes:
    if len(data) > _MAX_TEXT:
        raise ValueError(f"a field of at most {_MAX_TEXT} bytes was wanted, not {len(data)}")
    return len(data).to_bytes(2, "big") + data
