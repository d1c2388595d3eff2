"""The plainest clients that can do it, so that what is measured is the service and not the client."""

from __future__ import annotations

import json
import queue
import socket
from http.client import HTTPConnection
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from wire.address import parse_address

WAIT_SECONDS = 10.0


class Api:
    """One HTTP connection that is kept open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(str(parts.hostname), parts.port, timeout=WAIT_SECONDS)

    def get(self, path: str) -> dict[str, Any]:
        return self._answer("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answer("POST", path, json.dumps(body))

    def close(self) -> None:
        self._connection.close()

    def _answer(self, method: str, path: str, body: str | None) -> dict[str, Any]:
        self._connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        payload: dict[str, Any] = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {payload}")
        return payload


class Stream:
    """One SSE stream; ``next_of`` skips to the next frame of a type."""

    def __init__(self, url: str, relay_id: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((str(parts.hostname), parts.port or 80), WAIT_SECONDS)
        path = f"/api/mqtt/config/subscribe?relayId={relay_id}"
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self._lines = self.socket.makefile("rb")
        self.next_of("connected")

    def next_of(self, kind: str) -> dict[str, Any]:
        for line in self._lines:
            if line.startswith(b"data: "):
                frame: dict[str, Any] = json.loads(line[6:])
                if frame["type"] == kind:
                    return frame
        raise RuntimeError(f"the stream ended before a frame of type {kind}")

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


class Mqtt:
    """A bare paho client in its own thread: what a hand-written script would use."""

    def __init__(self, broker_uri: str, topic: str) -> None:
        address = parse_address(broker_uri)
        self.arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        ready: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _c, _u, message: self.arrived.put(bytes(message.payload))
        self.client.on_connect = lambda client, *_: client.subscribe(topic)
        self.client.on_subscribe = lambda *_: ready.put(None)
        self.client.connect(address.host, address.port)
        self.client.loop_start()
        ready.get(timeout=WAIT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.client.disconnect()
        self.client.loop_stop()
