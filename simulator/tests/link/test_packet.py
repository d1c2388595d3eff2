"""The codec of the fleet's client, held against two others: amqtt's, and that of the tests of brokers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from amqtt.adapters import BufferReader
from amqtt.mqtt import packet_class
from amqtt.mqtt.packet import MQTTFixedHeader
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import MalformedPacket
from simulator.link import packet
from simulator.link.packet import Message, Span
from simulator.tests.broker import raw_client
from simulator.tests.broker.raw_client import Will

NUMBERS = st.integers(1, packet.LAST_NUMBER)
QOS = st.integers(0, 2)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=40)
PAYLOADS = st.binary(max_size=300) | st.integers(100, 40_000).map(bytes)


def amqtt_reads(data: bytes) -> Any:
    """The packet that amqtt makes of these bytes."""

    async def read() -> Any:
        reader = BufferReader(data)
        header = await MQTTFixedHeader.from_stream(reader)
        assert header is not None
        return await packet_class(header).from_stream(reader, fixed_header=header)

    return asyncio.run(read())


class TestSaid:
    def test_a_connect_is_that_of_the_specification(self) -> None:
        said = packet.connect("c", 10, "w", b"bye", 1, ("u", "p"))
        assert said.hex(" ") == (
            "10 1b 00 04 4d 51 54 54 04 ce 00 0a 00 01 63 00 01 77 00 03 62 79 65 00 01 75 00 01 70"
        )

    @given(WORDS, st.integers(0, 65_535), WORDS, PAYLOADS, QOS, st.none() | st.tuples(WORDS, WORDS))
    def test_a_connect_is_what_another_client_would_say(
        self, client_id: str, keepalive: int, topic: str, data: bytes, qos: int, login: tuple[str, str] | None
    ) -> None:
        wanted = raw_client.connect_packet(
            client_id, keepalive=keepalive, will=Will(topic, data, qos), login=login
        )
        assert packet.connect(client_id, keepalive, topic, data, qos, login) == wanted

    def test_a_user_without_a_password_is_named_alone(self) -> None:
        variable = amqtt_reads(packet.connect("c", 10, "w", b"", 0, ("u", None))).variable_header
        assert (variable.username_flag, variable.password_flag) == (True, False)

    def test_what_no_field_can_hold_is_refused(self) -> None:
        with pytest.raises(ValueError, match="65535 bytes"):
            packet.connect("c" * 65_536, 10, "w", b"", 0)
        with pytest.raises(ValueError, match="surrogates"):
            packet.connect("\ud800", 10, "w", b"", 0)

    @given(NUMBERS, st.lists(WORDS, min_size=1, max_size=4), QOS)
    @settings(deadline=None)  # each reading takes an event loop
    def test_a_subscribe_is_read_by_another_broker(self, number: int, topics: list[str], qos: int) -> None:
        read = amqtt_reads(packet.subscribe(number, tuple(topics), qos))
        assert read.variable_header.packet_id == number
        assert read.payload.topics == [(topic, qos) for topic in topics]

    @given(WORDS, PAYLOADS, QOS, st.booleans(), NUMBERS)
    @settings(deadline=None)  # each reading takes an event loop
    def test_a_publish_is_read_by_another_broker_and_by_us(
        self, topic: str, data: bytes, qos: int, retain: bool, number: int
    ) -> None:
        said = packet.publish(topic, data, qos, retain, number)
        read = amqtt_reads(said)
        assert (read.topic_name, bytes(read.data or b""), read.qos) == (topic, data, qos)
        assert (bool(read.retain_flag), bool(read.dup_flag)) == (retain, False)
        span = packet.next_packet(said, 0)
        assert span is not None
        assert span.end == len(said)
        assert packet.message(said, span) == Message(topic, data, qos, number if qos else 0)

    @given(st.sampled_from([packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP]), NUMBERS)
    def test_an_acknowledgement_is_read_by_us(self, first: int, number: int) -> None:
        said = packet.acknowledgement(first, number)
        assert said == raw_client.packet(first, number.to_bytes(2))
        assert packet.acknowledged(said, Span(first, 2, 4)) == number


class TestHeard:
    @given(st.binary(max_size=64), st.integers(0, 8))
    def test_whatever_comes_is_a_packet_or_incomplete_or_malformed(self, data: bytes, at: int) -> None:
        try:
            span = packet.next_packet(data, at)
        except MalformedPacket:
            return
        assert span is None or at < span.start <= span.end <= len(data)

    @given(st.binary(max_size=64), st.sampled_from([0x30, 0x32, 0x34, 0x36, 0x3D]))
    def test_the_body_of_a_publish_is_read_or_refused(self, body: bytes, first: int) -> None:
        try:
            read = packet.message(body, Span(first, 0, len(body)))
        except MalformedPacket:
            return
        assert read.topic
        assert 0 <= read.qos <= 2
        assert bool(read.number) == bool(read.qos)

    @given(WORDS, PAYLOADS)
    def test_an_incomplete_packet_is_waited_for(self, topic: str, data: bytes) -> None:
        whole = packet.publish(topic, data, 1, False, 7)
        for size in (0, 1, 2, 3, len(whole) - 1):
            assert packet.next_packet(whole[:size], 0) is None

    @pytest.mark.parametrize(
        "data",
        [
            b"\x00\x00",  # no kind of packet
            b"\x10\x00",  # a client's CONNECT
            b"\x82\x05",  # a client's SUBSCRIBE
            b"\xc0\x00",  # a client's PINGREQ
            b"\xf0\x00",  # reserved
            b"\x21\x02",  # CONNACK with a flag
            b"\x20\x03",  # CONNACK with a wrong length
            b"\x60\x02",  # PUBREL without its flag
            b"\x30\xff\xff\xff\xff",  # a length that does not end
            b"\x30\xff\xff\xff\x7f",  # 256 MB
        ],
    )
    def test_what_no_broker_sends_is_refused_by_its_head(self, data: bytes) -> None:
        with pytest.raises(MalformedPacket):
            packet.next_packet(data, 0)

    @pytest.mark.parametrize(
        ("first", "body"),
        [
            (0x30, b""),  # no topic
            (0x30, b"\x00"),
            (0x30, b"\x00\x00"),  # an empty one
            (0x30, b"\x00\x05in"),  # a topic that is longer than the packet
            (0x30, b"\x00\x02\xff\xfe"),  # one that is not UTF-8
            (0x30, b"\x00\x03\xed\xa0\x80"),  # half a surrogate pair
            (0x30, b"\x00\x03a/+"),  # a wildcard
            (0x30, b"\x00\x02a\x00"),  # NUL
            (0x32, b"\x00\x02in"),  # QoS 1 without a number
            (0x32, b"\x00\x02in\x00\x00"),  # number 0
            (0x36, b"\x00\x02in\x00\x01"),  # QoS 3
        ],
    )
    def test_a_publish_that_is_wrong_inside_is_refused(self, first: int, body: bytes) -> None:
        with pytest.raises(MalformedPacket):
            packet.message(body, Span(first, 0, len(body)))

    def test_a_suback_has_a_known_return_code_for_each_topic(self) -> None:
        assert packet.granted(b"\x00\x01\x00\x80", Span(packet.SUBACK, 0, 4)) == (1, b"\x00\x80")
        for body in (b"", b"\x00", b"\x00\x01", b"\x00\x01\x03", b"\x00\x00\x01"):
            with pytest.raises(MalformedPacket):
                packet.granted(body, Span(packet.SUBACK, 0, len(body)))

    def test_a_connack_has_a_known_flag(self) -> None:
        assert packet.connected(b"\x01\x00", Span(packet.CONNACK, 0, 2)) == 0
        with pytest.raises(MalformedPacket):
            packet.connected(b"\x02\x00", Span(packet.CONNACK, 0, 2))
