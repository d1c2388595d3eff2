"""One client on one connection of the embedded broker: keep-alive, acknowledgements and what is in flight.

It stands in for amqtt's protocol handler, which gives each packet a task of its own, lets a silent client
stay, drops an unacknowledged message after 5 s and loses messages sent right before DISCONNECT.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from amqtt.errors import AMQTTError

from simulator.broker import packet as mqtt
from simulator.broker.packet import Packet, Publish
from simulator.broker.stream import Stream
from simulator.errors import ProtocolViolation

PENDING_LIMIT = 32 * 1024 * 1024
"""Bytes that may wait for a slow reader before messages at QoS 0 to it are dropped and counted."""


class Router(Protocol):
    """What a connection needs of its broker."""

    dropped: int

    def route(self, topic: str, data: bytes, qos: int, retain: bool) -> None: ...

    def subscribe(self, connection: Connection, filters: list[tuple[str, int]]) -> list[int]: ...

    def unsubscribe(self, connection: Connection, filters: list[str]) -> None: ...

    def send_retained(self, connection: Connection, topic_filter: str, qos: int) -> None: ...


class Connection:
    """Packets of one connected client; `session` is amqtt's and may outlive the connection.

    `will` is that of this connection and not of the session, because a second connection of the same client
    brings its own while the first one's has still to be published.
    """

    def __init__(self, session: Any, will: Publish | None, stream: Stream, router: Router) -> None:
        self.session = session
        self.client_id: str = session.client_id
        self.will = will
        self.ended = asyncio.Event()
        self._stream = stream
        self._router = router
        self._outbox: list[bytes] = []
        self._pending = 0
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._silence = session.keep_alive * 1.5
        self._heard = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._receive: dict[int, Callable[[Packet], None]] = {
            mqtt.PUBLISH: self._on_publish,
            mqtt.PUBACK: self._on_puback,
            mqtt.PUBREC: self._on_pubrec,
            mqtt.PUBREL: self._on_pubrel,
            mqtt.PUBCOMP: self._on_puback,
            mqtt.PINGREQ: self._on_pingreq,
        }

    async def run(self) -> None:
        """Serve until the client leaves, falls silent or breaks the protocol; `will` is None after a
        DISCONNECT.
        """
        sender = asyncio.create_task(self._send())
        if self._silence:
            self._timer = self._loop.call_later(self._silence, self._watch_silence)
        try:
            while await self._step():
                pass
            self.will = None
        except (EOFError, OSError, ProtocolViolation):
            self._stream.abort()
        finally:
            if self._timer:
                self._timer.cancel()
            sender.cancel()
            await asyncio.wait([sender])

    def abort(self) -> None:
        """Cut the connection; `run` ends and the will stands."""
        self._stream.abort()

    async def stop(self) -> None:
        """Cut it, under the name by which amqtt stops its handlers."""
        self.abort()

    def post(self, data: bytes) -> None:
        """Send bytes, in order, without waiting."""
        self._outbox.append(data)
        self._pending += len(data)
        self._wake.set()

    def deliver(self, message: Publish) -> None:
        """Send a message at its QoS; above QoS 0 it is in flight until it is acknowledged."""
        if not message.qos:
            self.deliver_encoded(mqtt.encode_publish(message))
            return
        try:
            packet_id = self.session.next_packet_id
        except AMQTTError:  # all 65,535 are in flight
            self._router.dropped += 1
            return
        message = message._replace(packet_id=packet_id)
        self.session.inflight_out[packet_id] = message
        self.post(mqtt.encode_publish(message))

    def deliver_encoded(self, publish: bytes) -> None:
        """Send an encoded message of QoS 0, or drop and count it where the reader is too slow."""
        if self._pending > PENDING_LIMIT:
            self._router.dropped += 1
        else:
            self.post(publish)

    def resume(self) -> None:
        """Send again what was in flight (MQTT-4.4.0-1), then what waited for this session."""
        for packet_id, message in list(self.session.inflight_out.items()):
            if message is None:
                self.post(mqtt.acknowledge(mqtt.PUBREL, packet_id))
            else:
                self.post(mqtt.encode_publish(message, dup=True))
        while not self.session.retained_messages.empty():
            self.deliver(self.session.retained_messages.get_nowait())

    async def _step(self) -> bool:
        """One packet; False after a DISCONNECT."""
        packet = await mqtt.read_packet(self._stream)
        self._heard = self._loop.time()
        if handle := self._receive.get(packet.kind):
            handle(packet)
        elif packet.kind == mqtt.SUBSCRIBE:
            await self._on_subscribe(packet)
        elif packet.kind == mqtt.UNSUBSCRIBE:
            await self._on_unsubscribe(packet)
        elif packet.kind == mqtt.DISCONNECT:
            return False
        else:
            raise ProtocolViolation(f"a packet of kind {packet.kind}, which a connected client does not send")
        return True

    async def _send(self) -> None:
        """The one writer: everything that has gathered goes out in one piece."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                data, self._outbox = b"".join(self._outbox), []
                await self._stream.write(data)
                self._pending -= len(data)
        except (EOFError, OSError):
            self._stream.abort()

    def _watch_silence(self) -> None:
        """Cut a client from which nothing came for 1.5 times its keep-alive (MQTT-3.1.2-24)."""
        idle = self._loop.time() - self._heard
        if idle >= self._silence:
            self.abort()
        else:
            self._timer = self._loop.call_later(self._silence - idle, self._watch_silence)

    def _on_publish(self, packet: Packet) -> None:
        message = mqtt.take_publish(packet)
        if message.qos < 2 or message.packet_id not in self.session.inflight_in:
            self._router.route(message.topic, message.data, message.qos, message.retain)
        if message.qos == 1:
            self.post(mqtt.acknowledge(mqtt.PUBACK, message.packet_id))
        elif message.qos == 2:
            self.session.inflight_in[message.packet_id] = None
            self.post(mqtt.acknowledge(mqtt.PUBREC, message.packet_id))

    def _on_puback(self, packet: Packet) -> None:
        self.session.inflight_out.pop(packet.packet_id, None)

    def _on_pubrec(self, packet: Packet) -> None:
        if packet.packet_id in self.session.inflight_out:
            self.session.inflight_out[packet.packet_id] = (
                None  # from here on the PUBREL is what is sent again
            )
        self.post(mqtt.acknowledge(mqtt.PUBREL, packet.packet_id))

    def _on_pubrel(self, packet: Packet) -> None:
        self.session.inflight_in.pop(packet.packet_id, None)
        self.post(mqtt.acknowledge(mqtt.PUBCOMP, packet.packet_id))

    def _on_pingreq(self, packet: Packet) -> None:
        del packet
        self.post(mqtt.encode(mqtt.PINGRESP, 0, b""))

    async def _on_subscribe(self, packet: Packet) -> None:
        subscribe = await mqtt.decode(packet)
        filters: list[tuple[str, int]] = subscribe.payload.topics
        if packet.flags != 2 or not filters or any(qos > 2 for _, qos in filters):
            raise ProtocolViolation("a SUBSCRIBE with wrong flags, without filters or with a QoS above 2")
        codes = self._router.subscribe(self, filters)
        packet_id = subscribe.variable_header.packet_id
        self.post(mqtt.encode(mqtt.SUBACK, 0, packet_id.to_bytes(2) + bytes(codes)))
        for (topic_filter, _), code in zip(filters, codes, strict=True):
            self._router.send_retained(self, topic_filter, code)

    async def _on_unsubscribe(self, packet: Packet) -> None:
        unsubscribe = await mqtt.decode(packet)
        if packet.flags != 2 or not unsubscribe.payload.topics:
            raise ProtocolViolation("an UNSUBSCRIBE with wrong flags or without filters")
        self._router.unsubscribe(self, unsubscribe.payload.topics)
        self.post(mqtt.acknowledge(mqtt.UNSUBACK, unsubscribe.variable_header.packet_id))
