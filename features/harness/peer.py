"""A client of the harness's own on the broker: everything it sends and receives is on the timeline."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from features.harness.errors import Missing
from features.harness.evidence.timeline import Timeline
from features.harness.evidence.wording import shown
from features.harness.inbox import WITHIN, Inbox
from wire.address import BrokerAddress
from wire.errors import WireError
from wire.jsontext import parse_object

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Received:
    """One PUBLISH as it reached the harness. Its QoS is the broker's business: that of a subject is seen on
    the tap alone."""

    topic: str
    payload: bytes
    retain: bool
    at: float

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object in the payload; an empty one where there is none."""
        try:
            return parse_object(self.payload)
        except WireError:
            return {}

    def __str__(self) -> str:
        return f"{self.topic}{' (retained)' if self.retain else ''} {shown(self.payload)}"


class Peer:
    """One MQTT 3.1.1 connection. ``connect`` returns after CONNACK, ``subscribe`` after SUBACK, ``publish``
    after PUBACK (at QoS 1), so that what a step has done is done when the next step begins."""

    def __init__(
        self, name: str, address: BrokerAddress, timeline: Timeline, will: tuple[str, bytes] | None = None
    ) -> None:
        self.name = name
        self.inbox: Inbox[Received] = Inbox(name, timeline)
        self.address = address
        self._timeline = timeline
        self._answers: dict[int, threading.Event] = {}
        self._connack: Inbox[ReasonCode] = Inbox(f"{name}'s CONNACK")
        client_id = f"harness-{os.getpid()}-{next(_NUMBERS)}"
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False)
        if address.username is not None:
            self._client.username_pw_set(address.username, address.password)
        if will is not None:
            self._client.will_set(*will, qos=1)
        self._client.on_socket_open = _at_once
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._received
        self._client.on_subscribe = self._acknowledged
        self._client.on_publish = self._acknowledged

    def connect(self) -> None:
        """Missing where the broker refuses or does not answer."""
        self._client.connect(self.address.host, self.address.port, keepalive=60)
        self._client.loop_start()
        code = self._connack.first(lambda _: True, "a CONNACK")
        if code.is_failure:
            raise Missing(f"{self.name}: a connection to {self.address}", 0, [str(code)])
        self._timeline.note(self.name, "=", f"connected to {self.address}")

    def subscribe(self, *filters: str) -> None:
        _, mid = self._client.subscribe([(topic, 1) for topic in filters])
        self._await(mid, f"a SUBACK for {', '.join(filters)}")
        self._timeline.note(self.name, "=", f"subscribed to {', '.join(filters)}")

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._timeline.note(self.name, ">", f"{topic}{' (retained)' if retain else ''} {shown(payload)}")
        mid = self._client.publish(topic, payload, qos=1, retain=retain).mid
        self._await(mid, f"a PUBACK for {topic}")

    def vanish(self) -> None:
        """The line is cut: the connection ends without DISCONNECT, so the broker sends the last will."""
        self._timeline.note(self.name, "=", "vanishes without a word")
        line = self._client.socket()
        assert isinstance(line, socket.socket), "it vanishes once, while it is connected"
        line.shutdown(socket.SHUT_RDWR)
        self.inbox.closed("the end of the connection")

    def close(self) -> None:
        """Leaves, and gives back its files: pytest-bdd keeps what a step gave until the run ends, and paho
        can't wait for a connection beyond 1,024 open files."""
        client = self._client
        client.disconnect()
        client.loop_stop()
        client.on_connect = client.on_disconnect = client.on_message = client.on_socket_open = None
        client.on_subscribe = client.on_publish = None
        del self._client

    def _await(self, mid: int | None, wanted: str) -> None:
        done = self._answers.setdefault(mid or 0, threading.Event())
        if not done.wait(WITHIN * self._timeline.pace):
            raise Missing(f"{self.name}: {wanted}", WITHIN, [])

    def _connected(self, _client: object, _user: object, _flags: object, code: ReasonCode, _: object) -> None:
        self._connack.put(code)

    def _disconnected(
        self, _client: object, _user: object, _flags: object, code: ReasonCode, _: object
    ) -> None:
        self._timeline.note(self.name, "=", f"disconnected ({code})")
        self.inbox.close(f"disconnected ({code})")
        self._connack.close(f"disconnected ({code})")

    def _received(self, _client: object, _user: object, message: paho.MQTTMessage) -> None:
        came = Received(message.topic, bytes(message.payload), message.retain, time.monotonic())
        self._timeline.note(self.name, "<", str(came))
        self.inbox.put(came)

    def _acknowledged(self, _client: object, _user: object, mid: int, *_: object) -> None:
        self._answers.setdefault(mid, threading.Event()).set()


def _at_once(_client: object, _user: object, line: paho.SocketLike) -> None:
    """No packet waits until the one before is acknowledged: 40 ms each otherwise."""
    assert isinstance(line, socket.socket)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@contextlib.contextmanager
def connected(
    name: str,
    address: BrokerAddress,
    timeline: Timeline,
    *filters: str,
    will: tuple[str, bytes] | None = None,
) -> Iterator[Peer]:
    """A peer that is connected and subscribed to ``filters``, and leaves at the end."""
    peer = Peer(name, address, timeline, will)
    try:
        peer.connect()
        if filters:
            peer.subscribe(*filters)
        yield peer
    finally:
        peer.close()
