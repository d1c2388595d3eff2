"""The operator's client."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from features.harness.errors import Missing
from features.harness.evidence.timeline import Timeline
from features.harness.web import Web

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@dataclass
class Endless:
    """Answers one request with a stream of heartbeats that only its client ends."""

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    left: threading.Event = field(default_factory=threading.Event)

    def serve(self, server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            client.recv(4096)
            client.sendall(HEAD)
            try:
                while not self.left.wait(0.01):
                    client.sendall(b"data: {}\n\n")
            except ConnectionError:
                self.left.set()


@pytest.fixture
def endless() -> Iterator[Endless]:
    subject = Endless()
    with socket.create_server(("127.0.0.1", 0)) as server:
        subject.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        serving = threading.Thread(target=subject.serve, args=[server])
        serving.start()
        yield subject
        subject.left.set()
        serving.join()


def test_an_answer_that_never_ends_is_none(endless: Endless) -> None:
    web = Web(endless, Timeline(pace=0.05))
    with pytest.raises(Missing, match="200, and no end of what follows"):
        web.get("/api/mqtt/config/subscribe?relayId=%23")
    assert endless.left.wait(8), "the client has left"
