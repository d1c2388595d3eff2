"""Framing and PUBLISH: every byte string gives a packet or a `ProtocolViolation`."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.broker import packet as mqtt
from simulator.broker.packet import Packet, Publish
from simulator.errors import ProtocolViolation


class Memory:
    """A stream that ends with its bytes."""

    adapter = None

    def __init__(self, data: bytes) -> None:
        self.left = data

    async def read(self, count: int) -> bytes:
        if len(self.left) < count:
            raise EOFError
        data, self.left = self.left[:count], self.left[count:]
        return data

    async def write(self, data: bytes) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    def abort(self) -> None:
        raise NotImplementedError


@given(st.binary(max_size=64))
def test_any_bytes_are_a_packet_or_a_violation_or_too_few(data: bytes) -> None:
    async def read_all() -> None:
        stream = Memory(data)
        while True:
            found = await mqtt.read_packet(stream)
            if found.kind == mqtt.PUBLISH:
                mqtt.take_publish(found)
            elif found.kind in (mqtt.CONNECT, mqtt.SUBSCRIBE, mqtt.UNSUBSCRIBE):
                await mqtt.decode(found)

    with pytest.raises((EOFError, ProtocolViolation)):
        asyncio.run(read_all())


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="+#\0"), min_size=1, max_size=40),
    st.binary(max_size=300),
    st.integers(0, 2),
    st.booleans(),
    st.integers(1, 65_535),
)
def test_a_publish_comes_back_as_it_was(
    topic: str, data: bytes, qos: int, retain: bool, packet_id: int
) -> None:
    message = Publish(topic, data, qos, retain, packet_id if qos else 0)
    found = asyncio.run(mqtt.read_packet(Memory(mqtt.encode_publish(message))))
    assert mqtt.take_publish(found) == message


@pytest.mark.parametrize("length", [0, 127, 128, 16_383, 16_384, 2_097_152])
def test_lengths_at_the_edges_of_their_encoding(length: int) -> None:
    found = asyncio.run(mqtt.read_packet(Memory(mqtt.encode(mqtt.PUBLISH, 0, bytes(length)))))
    assert len(found.body) == length


def test_a_packet_beyond_the_limit_is_not_waited_for() -> None:
    with pytest.raises(ProtocolViolation, match="at most 10"):
        asyncio.run(mqtt.read_packet(Memory(mqtt.encode(mqtt.CONNECT, 0, bytes(11))[:2]), limit=10))


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\0", b"\0\1\2"])
def test_an_acknowledgement_is_two_bytes_above_0(body: bytes) -> None:
    with pytest.raises(ProtocolViolation, match="no packet id"):
        _ = Packet(mqtt.PUBACK, 0, body).packet_id
