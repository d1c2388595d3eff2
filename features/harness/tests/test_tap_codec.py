"""The tap's framing and its reading of packets, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.harness.tap.codec import OPAQUE, Framer, read

CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04smib"
PUBLISH = b"\x3b\x12\x00\x0bsmib/config\x00\x07{} "
PUBACK = b"\x40\x02\x00\x07"
PINGREQ = b"\xc0\x00"


def test_a_stream_is_cut_into_its_packets_wherever_the_network_cuts_it() -> None:
    stream = CONNECT + PUBLISH + PUBACK + PINGREQ
    for cut in range(len(stream) + 1):
        framer = Framer()
        packets = framer.feed(stream[:cut]) + framer.feed(stream[cut:])
        assert packets == [CONNECT, PUBLISH, PUBACK, PINGREQ]
        assert framer.pending == 0


def test_what_is_not_complete_waits() -> None:
    framer = Framer()
    assert framer.feed(PUBLISH[:5]) == []
    assert framer.pending == 5
    assert framer.tail(3) == PUBLISH[3:5]


def test_a_length_of_five_bytes_makes_the_rest_of_the_stream_opaque() -> None:
    framer = Framer()
    assert framer.feed(PINGREQ + b"\x30\xff\xff\xff\xff\x01") == [PINGREQ, b"\x30\xff\xff\xff\xff\x01"]
    assert framer.opaque
    assert framer.feed(b"more") == [b"more"]


def test_a_publish_is_read_with_all_its_marks() -> None:
    packet = read(PUBLISH)
    assert (packet.type, packet.topic, packet.payload) == ("PUBLISH", "smib/config", b"{} ")
    assert (packet.qos, packet.retain, packet.dup, packet.packet_id) == (1, True, True, 7)
    assert packet.error == ""


def test_a_connect_tells_who_it_is_and_whether_there_is_a_password_but_not_which() -> None:
    body = b"\x00\x04MQTT\x04\xee\x00\x3c\x00\x00\x00\x01t\x00\x02{}\x00\x04anna\x00\x09Rumpel123"
    packet = read(bytes((0x10, len(body))) + body)
    assert packet.client_id == ""
    assert packet.details["keepalive"] == 60
    assert packet.details["clean"] is True
    assert (packet.details["username"], packet.details["password"]) == ("anna", True)
    will = packet.details["will"]
    assert (will.topic, will.payload, will.qos, will.retain) == ("t", b"{}", 1, True)
    assert "Rumpel" not in repr(packet)


@pytest.mark.parametrize(
    ("raw", "type_", "number", "details"),
    [
        (b"\x20\x02\x01\x00", "CONNACK", None, {"code": 0, "session": True}),
        (PUBACK, "PUBACK", 7, {}),
        (b"\x62\x02\x00\x07", "PUBREL", 7, {}),
        (b"\x82\x08\x00\x02\x00\x03a/+\x01", "SUBSCRIBE", 2, {"filters": (("a/+", 1),)}),
        (b"\x90\x04\x00\x02\x01\x80", "SUBACK", 2, {"codes": (1, 128)}),
        (b"\xa2\x05\x00\x02\x00\x01a", "UNSUBSCRIBE", 2, {"filters": ("a",)}),
        (b"\xb0\x02\x00\x02", "UNSUBACK", 2, {}),
        (PINGREQ, "PINGREQ", None, {}),
        (b"\xd0\x00", "PINGRESP", None, {}),
        (b"\xe0\x00", "DISCONNECT", None, {}),
    ],
)
def test_every_other_packet_is_read(
    raw: bytes, type_: str, number: int | None, details: dict[str, object]
) -> None:
    packet = read(raw)
    assert (packet.type, packet.packet_id, dict(packet.details), packet.error) == (type_, number, details, "")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x30",
        b"\x00\x00",
        b"\xf0\x00",
        b"\x30\x02\x00\x09",
        b"\x30\x04\x00\x02\xff\xfe",
        b"\x36\x07\x00\x01a\x00\x07{}",
        b"\x30\x03\x00\x01+",
        b"\x40\x03\x00\x07\x00",
        b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00",
    ],
)
def test_what_can_not_be_read_says_so(raw: bytes) -> None:
    assert read(raw).error
    assert not read(raw).payload


@given(st.binary(max_size=64))
def test_no_bytes_make_the_codec_raise(raw: bytes) -> None:
    packet = read(raw)
    assert packet.type == OPAQUE or raw[0] >> 4 < 16
