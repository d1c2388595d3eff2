"""Clients and servers for the tap's tests."""

from __future__ import annotations

import socket
import threading

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from features.harness.inbox import Inbox
from features.harness.tap.packet import Direction, Packet
from features.harness.tap.tap import Tap
from wire.address import BrokerAddress


class Client:
    """A paho client that waits for what it does."""

    def __init__(self, address: BrokerAddress, client_id: str, *, keepalive: int = 60) -> None:
        self.id = client_id
        self.came: Inbox[paho.MQTTMessage] = Inbox(client_id)
        self.changes: Inbox[str] = Inbox(f"{client_id}'s state")
        self.acknowledged: Inbox[int] = Inbox(f"{client_id}'s PUBACKs")
        self.paho = paho.Client(CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False)
        self.paho.on_connect = lambda *_: self.changes.put("connected")
        self.paho.on_disconnect = lambda *_: self.changes.put("disconnected")
        self.paho.on_subscribe = lambda *_: self.changes.put("subscribed")
        self.paho.on_publish = lambda _client, _data, mid, *_: self.acknowledged.put(mid)
        self.paho.on_message = lambda _client, _data, message: self.came.put(message)
        self.paho.connect(address.host, address.port, keepalive)
        self.paho.loop_start()

    def is_told(self, change: str) -> Client:
        self.changes.first(lambda one: one == change, change)
        return self

    def listen(self, topic: str) -> Client:
        self.paho.subscribe(topic, 1)
        return self.is_told("subscribed")

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> int:
        return self.paho.publish(topic, payload, qos, retain).mid

    def hears(self, payload: bytes) -> paho.MQTTMessage:
        return self.came.first(lambda one: one.payload == payload, repr(payload[:40]))

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


class Echo:
    """A server that sends back what it gets, whatever it is, and notes when a connection ends."""

    def __init__(self) -> None:
        self.ends: Inbox[str] = Inbox("ends")
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = BrokerAddress("mqtt", *self._socket.getsockname())
        self._threads = [threading.Thread(target=self._accept, name="echo", daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Waits for every connection to end; the taps before it must be closed by then."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._echo, args=(line,), name="echo line", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _echo(self, line: socket.socket) -> None:
        with line:
            try:
                while data := line.recv(65536):
                    line.sendall(data)
            except OSError as exc:
                self.ends.put(f"broken: {exc}")
                return
        self.ends.put("closed")


def line_to(tap: Tap) -> socket.socket:
    """A connection through the tap, for bytes by hand."""
    return socket.create_connection((tap.address.host, tap.address.port), timeout=5)


def seen(tap: Tap, type_: str, direction: Direction = Direction.TO_BROKER) -> Packet:
    return tap.packets.first(lambda one: one.type == type_ and one.direction is direction, type_)


def read_exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += line.recv(count - len(data))
    return data


def at_end(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
