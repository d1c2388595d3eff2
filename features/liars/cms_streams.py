"""A CMS whose streams are wrong (contract, section 6, endpoint 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from features.liars.liar import Liar
from features.pair import payload
from features.pair.cms import Cms
from features.pair.errors import Refused
from features.pair.reader import Frame, Reader


class NoWelcome(Liar, Cms):
    """Begins a stream without its first frame."""

    breaks = "SSE-1"

    def connected_frame(self, relay: str) -> Frame:
        self.lied()
        return self.heartbeat_frame(relay)


class WelcomesNobody(Liar, Cms):
    """Begins a stream without saying of which relay."""

    breaks = "SSE-1"

    def connected_frame(self, relay: str) -> Frame:
        self.lied()
        frame = super().connected_frame(relay)
        del frame["relayId"]
        return frame


class CachedStream(Liar, Cms):
    """Lets caches keep a stream."""

    breaks = "SSE-2"

    def stream_headers(self) -> dict[str, str]:
        self.lied()
        return {**super().stream_headers(), "Cache-Control": "max-age=3600"}


class StreamOfText(Liar, Cms):
    """Serves a stream as plain text."""

    breaks = "SSE-2"

    def stream_headers(self) -> dict[str, str]:
        self.lied()
        return {**super().stream_headers(), "Content-Type": "text/plain"}


class MasksStream(Liar, Cms):
    """Masks the password on the stream, where he who may change it sees it."""

    breaks = "SSE-3"

    def update_frame(self, relay: str, fields: Mapping[str, Any]) -> Frame:
        if "netStaPwd" in fields:
            self.lied()
            fields = {**fields, "netStaPwd": "***"}
        return super().update_frame(relay, fields)


class TextFrame(Liar, Cms):
    """Shows a report as text in the place of an object."""

    breaks = "SSE-3"

    def update_frame(self, relay: str, fields: Mapping[str, Any]) -> Frame:
        self.lied()
        return {**super().update_frame(relay, fields), "data": payload.written(fields).decode()}


class OnlyConfiguration(Liar, Cms):
    """Shows nothing of a relay but its configuration."""

    breaks = "SSE-4"

    def deliver(self, relay: str, fields: Mapping[str, Any]) -> None:
        if fields.get("typ") != "cfg":
            return self.lied()
        return super().deliver(relay, fields)


class NullComponent(Liar, Cms):
    """Shows a component of null where a report has none."""

    breaks = "SSE-4"

    def update_frame(self, relay: str, fields: Mapping[str, Any]) -> Frame:
        if "comp" not in fields:
            self.lied()
        return {**super().update_frame(relay, fields), "component": fields.get("comp")}


class TrimsUnknown(Liar, Cms):
    """Shows of a report the fields that it knows."""

    breaks = "SSE-4"

    def update_frame(self, relay: str, fields: Mapping[str, Any]) -> Frame:
        known = {name: value for name, value in fields.items() if name != "deep"}
        if known != fields:
            self.lied()
        return super().update_frame(relay, known)


class WelcomesTooEarly(Liar, Cms):
    """Says connected before the stream is routed to."""

    breaks = "SSE-5"
    WHILE_S = 1.0

    def join(self, relay: str) -> Reader:
        self.lied()
        reader = Reader(relay)
        late = asyncio.get_running_loop()
        late.call_later(self.WHILE_S, lambda: self.readers.setdefault(relay, []).append(reader))
        return reader

    def leave(self, reader: Reader) -> None:
        if reader in self.readers.get(reader.relay, []):
            super().leave(reader)


class BeatsWhenIdle(Liar, Cms):
    """Sends a heartbeat only after five seconds in which nothing else was sent."""

    breaks = "SSE-6"

    async def beat(self, put: Callable[[Frame], None], relay: str) -> None:
        while True:
            before = self.heard_at.get(relay)
            await asyncio.sleep(self.heartbeat_s())
            if self.heard_at.get(relay) == before:
                put(self.heartbeat_frame(relay))
            else:
                self.lied()


class BeatsTooSlowly(Liar, Cms):
    """Sends a heartbeat every eight seconds."""

    breaks = "SSE-6"

    def heartbeat_s(self) -> float:
        self.lied()
        return 8.0


class BeatsAsComment(Liar, Cms):
    """Sends its heartbeat as a comment, which no page sees."""

    breaks = "SSE-6"

    async def show(self, response: web.StreamResponse, frame: Frame) -> None:
        if frame["type"] == "heartbeat":
            self.lied()
            await response.write(b": " + payload.written(frame) + b"\n\n")
        else:
            await super().show(response, frame)


class StreamForAnyId(Liar, Cms):
    """Opens a stream for an id that addresses other topics, and never ends it."""

    breaks = "ID-3"

    async def get_stream(self, request: web.Request) -> web.StreamResponse:
        try:
            return await super().get_stream(request)
        except Refused:
            self.lied()
            response = web.StreamResponse(headers=self.stream_headers())
            await response.prepare(request)
            while True:
                await self.show(response, self.connected_frame(""))
                await asyncio.sleep(1)


class StreamForNobody(Liar, Cms):
    """Opens a stream for no relay at all."""

    breaks = "SSE-7"

    async def get_stream(self, request: web.Request) -> web.StreamResponse:
        if "relayId" in request.query:
            return await super().get_stream(request)
        self.lied()
        response = web.StreamResponse(headers=self.stream_headers())
        await response.prepare(request)
        await self.show(response, self.connected_frame(""))
        return response
