"""An event stream over a WebSocket: the same frames, each in an envelope that names its channel.

A channel is an ``EventStream`` whose ASGI messages go another way: so heartbeats, slow readers, limits and
the end of a right are what they are for any stream.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from starlette.types import Message

from cms.sse import EventStream

Say = Callable[[str], Awaitable[None]]


class Channel:
    """``stream`` as the channel called ``name``. ``say`` sends one text to the client."""

    def __init__(self, name: str, stream: EventStream, say: Say) -> None:
        self.name = name
        self._stream = stream
        self._say = say
        self._left = asyncio.Event()
        self._head = f'{{"channel":{json.dumps(name)},"frame":'

    async def run(self) -> None:
        """Send what the stream sends, until it ends."""
        await self._stream({"type": "http"}, self._receive, self._send)

    def leave(self) -> None:
        """The client wants no more of it."""
        self._left.set()

    async def _receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        for event in message.get("body", b"").decode().split("\n\n"):
            frame_id, data = _parts(event)
            if data:
                known = f',"id":{json.dumps(frame_id)}' if frame_id else ""
                await self._say(f"{self._head}{data}{known}}}")


def _parts(event: str) -> tuple[str, str]:
    """The id and the data of one server-sent event, as this service writes them."""
    fields = dict(line.split(": ", 1) for line in event.split("\n") if ": " in line)
    return fields.get("id", ""), fields.get("data", "")
