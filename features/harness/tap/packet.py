"""One MQTT packet as it passed the tap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wire.errors import WireError
from wire.jsontext import parse_object


class Direction(StrEnum):
    """Which way, seen from the subject."""

    TO_BROKER = "to-broker"
    FROM_BROKER = "from-broker"

    @property
    def other(self) -> Direction:
        return Direction.FROM_BROKER if self is Direction.TO_BROKER else Direction.TO_BROKER


@dataclass(frozen=True, slots=True)
class Reading:
    """What the codec made of a packet's bytes.

    ``details`` holds what only one type has, by plain names: CONNECT ``keepalive clean username password``
    (whether there is one) ``will`` (a Reading of a PUBLISH), CONNACK ``code session``, SUBSCRIBE ``filters``
    (filter and QoS), UNSUBSCRIBE ``filters``, SUBACK ``codes``. ``error`` says why it could not be read.
    """

    type: str
    topic: str = ""
    payload: bytes = field(default=b"", repr=False)
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int | None = None
    client_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    error: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object in the payload; an empty one where there is none."""
        try:
            return parse_object(self.payload)
        except WireError:
            return {}


@dataclass(frozen=True, slots=True)
class Packet(Reading):
    """``at`` is the monotonic time at which its last byte reached the tap. ``client_id`` is the one of the
    connection, None before its CONNECT. ``fault`` says what the tap did to it, nothing where it passed."""

    at: float = 0.0
    tap: str = ""
    role: str = ""
    connection: int = 0
    direction: Direction = Direction.TO_BROKER
    size: int = 0
    fault: str = ""

    @property
    def from_subject(self) -> bool:
        return self.direction is Direction.TO_BROKER
