"""A reader of the Server-Sent Events stream: frames in an inbox, in order, with the time of their arrival."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from features.harness.evidence.timeline import Timeline
from features.harness.evidence.wording import readable
from features.harness.inbox import WITHIN, Inbox
from features.harness.web import Web

ACCEPT = {"Accept": "text/event-stream"}
SUBSCRIBE = "/api/mqtt/config/subscribe?relayId="


@dataclass(frozen=True, slots=True)
class Frame:
    """One ``data:`` message; ``fields`` is the JSON object in it."""

    fields: Mapping[str, Any]
    at: float

    @property
    def type(self) -> str:
        return str(self.fields.get("type"))

    @property
    def data(self) -> Mapping[str, Any]:
        """What a ``config_update`` carries; an empty mapping for other frames."""
        data = self.fields.get("data")
        return data if isinstance(data, Mapping) else {}

    def __str__(self) -> str:
        return readable(self.fields)


class Stream:
    """One operator's open stream for one relay."""

    def __init__(self, name: str, web: Web, relay_id: str, timeline: Timeline) -> None:
        self.name = name
        self.relay_id = relay_id
        self.frames: Inbox[Frame] = Inbox(name, timeline)
        self._timeline = timeline
        self._connection = http.client.HTTPConnection(web.host, web.port, timeout=WITHIN * timeline.pace)
        path = SUBSCRIBE + quote(relay_id, safe="")
        told = {**web.headers, **ACCEPT}
        self._exchange = timeline.request(name, "GET", path, told)
        self._connection.request("GET", path, headers=told)
        self.opened_at = time.monotonic()
        self._line = self._connection.sock
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.headers = {key.lower(): value for key, value in self._response.getheaders()}
        timeline.answer(self._exchange, name, self.status, self.headers)
        self._line.settimeout(None)
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)
        self._thread.start()

    def connected(self) -> Frame:
        """Its first frame, after which every message of the relay reaches it (contract, section 6)."""
        return self.frames.first(lambda _: True, "the first frame of the stream")

    def leave(self) -> None:
        """The operator closes the page."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(WITHIN)
        self._response.close()
        self._connection.close()

    def _read(self) -> None:
        try:
            for data in _messages(self._response):
                at = time.monotonic()
                self._timeline.frame(self._exchange, self.name, data)
                fields = json.loads(data)
                self.frames.put(Frame(fields if isinstance(fields, dict) else {}, at))
        except (OSError, ValueError, http.client.HTTPException) as exc:
            self.frames.close(f"the stream broke: {exc!r}")
        self.frames.close("the stream has ended")


def _messages(lines: http.client.HTTPResponse) -> Iterator[str]:
    """The data of each event; comments and other fields are passed over, as a browser does."""
    data: list[str] = []
    while raw := lines.readline():
        line = raw.decode().rstrip("\r\n")
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []
