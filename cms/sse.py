"""Server-Sent Events: how a stream is opened, kept alive and ended, whatever it sends (contract, section 6).

Pure ASGI: a stream costs one task, and one more that waits for its client to leave. What it sends comes from
its source, and is encoded once for all streams that send it; one timer beats for all streams of the service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import Context
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cms import log
from cms.errors import TooManyStreams
from cms.hub import Hub
from cms.relay_stream import RelaySource

HEARTBEAT_S = 5.0
STALLED_S = 30.0
"""How long a client may take nothing of what is sent to it before its stream is ended."""

MAX_STREAMS = 2_000


class Source(Protocol):
    """What one stream sends."""

    @property
    def relay_id(self) -> str | None:
        """The relay that it is about, None for the floor. Streams of one relay share their heartbeats."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What it is called in the log."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come; what is there can still be taken."""

    def opened(self) -> AbstractContextManager[None]:
        """Inside, nothing is missed."""

    def greeting(self) -> bytes:
        """The first frame; called inside ``opened``."""

    def heartbeat(self, now_ms: int) -> bytes: ...

    def take(self) -> bytes:
        """The next chunk of whole frames, empty where nothing waits."""

    async def wait(self) -> None:
        """Return once something may be there to take, the source ended, or somebody called wake()."""

    def wake(self) -> None: ...

    def end(self) -> None: ...


class Streams:
    """All streams of the service. close() ends those that are open, and each later one at once."""

    def __init__(
        self,
        hub: Hub,
        *,
        clock_ms: Callable[[], int],
        heartbeat_s: float = HEARTBEAT_S,
        stalled_s: float = STALLED_S,
        max_streams: int = MAX_STREAMS,
    ) -> None:
        self._hub = hub
        self._clock_ms = clock_ms
        self._heartbeat_s = heartbeat_s
        self._stalled_s = stalled_s
        self._max_streams = max_streams
        self._open: set[EventStream] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def limit(self) -> int:
        """How many may be open."""
        return self._max_streams

    def counts(self) -> dict[str, int]:
        """How many are open: of one relay each, and of the floor."""
        relay = sum(stream.source.relay_id is not None for stream in self._open)
        return {"relay": relay, "floor": len(self._open) - relay}

    def response(self, relay_id: str, *, masked: bool = False) -> EventStream:
        """The stream of one relay, to be returned from a route; ``masked``, no frame of it holds a secret.

        RelayIdError for a bad id, TooManyStreams where as many are open as are served.
        """
        return self.of(RelaySource(self._hub, relay_id, self._clock_ms, masked=masked))

    def of(self, source: Source) -> EventStream:
        """The stream of any source; TooManyStreams."""
        if len(self._open) >= self._max_streams:
            raise TooManyStreams(self._max_streams)
        return EventStream(self, source)

    def close(self) -> None:
        """End all streams: each client sees the regular end of its response."""
        self._closed = True
        self._stop_beating()
        for stream in tuple(self._open):
            stream.end()

    def end_where(self, fits: Callable[[object, str | None], bool]) -> None:
        """End the streams whose ``holder`` and relay fit; the relay of the floor's streams is None."""
        for stream in tuple(self._open):
            if fits(stream.holder, stream.source.relay_id):
                stream.end()

    def opened(self, stream: EventStream) -> None:
        """A stream's own word that it serves now; left() takes it back."""
        self._open.add(stream)
        if self._closed:
            stream.end()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time() + self._heartbeat_s
            # A context of its own: the beat of all streams is not of the request that opened the first one.
            self._timer = loop.call_at(self._due, self._beat, context=Context())

    def left(self, stream: EventStream) -> None:
        self._open.discard(stream)
        if not self._open:
            self._stop_beating()

    def _beat(self) -> None:
        # On a grid of due times, so that beats do not drift; what a busy loop missed is not made up for. A
        # loop may call a little early, and uvloop's handle for a time that has come already has no when().
        loop = asyncio.get_running_loop()
        late = max(0.0, (loop.time() - self._due) // self._heartbeat_s)
        self._due += (late + 1) * self._heartbeat_s
        self._timer = loop.call_at(self._due, self._beat)
        now_ms = self._clock_ms()
        beats: dict[str | None, bytes] = {}
        for stream in self._open:
            source = stream.source
            if source.relay_id not in beats:
                beats[source.relay_id] = source.heartbeat(now_ms)
            stream.beat(beats[source.relay_id], loop.time() - self._stalled_s)

    def _stop_beating(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class EventStream(Response):
    """One stream: an ASGI response, made by Streams.

    Its greeting is sent when nothing of its source can be missed any more, so that the answer to what a
    client asks after ``connected`` is not.
    """

    media_type = "text/event-stream"

    def __init__(self, streams: Streams, source: Source) -> None:
        # Not Response's own constructor: it would give the response a body, and thereby a length.
        self.status_code = 200
        self.background = None
        self.init_headers(
            {"Content-Type": self.media_type, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        )
        self.source = source
        self.holder: object = None
        self._streams = streams
        self._task: asyncio.Task[None] | None = None
        self._heartbeat: bytes | None = None
        self._sending_since: float | None = None
        self._ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Serve until the client leaves or the service ends it; either ends the source at once."""
        log.event("<", "sse subscribe", **self.source.facts)
        with self.source.opened():
            self._task = asyncio.current_task()
            self._streams.opened(self)
            client = asyncio.create_task(self._watch(receive), name="sse-client")
            try:
                await self._serve(send)
            except asyncio.CancelledError:
                if not self._ended or self._task is None or self._task.uncancel() > 0:
                    raise
            finally:
                self._task = None
                self._streams.left(self)
                client.cancel()
                await asyncio.gather(client, return_exceptions=True)
        log.event("=", "sse ended", **self.source.facts)

    def end(self) -> None:
        """End the stream, also while it waits for a client that takes nothing."""
        if self._ended:
            return
        self._ended = True
        self.source.end()
        if self._task is not None and self._sending_since is not None:
            self._task.cancel()

    def beat(self, frame: bytes, stalled_before: float) -> None:
        """Send a heartbeat, or end a stream whose client has taken nothing since ``stalled_before``."""
        self._heartbeat = frame
        if self._sending_since is not None and self._sending_since < stalled_before:
            log.event("!", "sse client stalled", **self.source.facts)
            self.end()
        else:
            self.source.wake()

    async def _serve(self, send: Send) -> None:
        source = self.source
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        chunk = source.greeting()
        log.event("=", "sse subscribed", **source.facts)
        while chunk or not self._ended:
            if chunk:
                self._sending_since = asyncio.get_running_loop().time()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self._sending_since = None
            elif source.ended:
                break
            else:
                await source.wait()
            chunk = b"" if self._ended else self._next_chunk()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _next_chunk(self) -> bytes:
        """All that is to be sent now: a heartbeat that is due, then what the source has."""
        heartbeat, self._heartbeat = self._heartbeat, None
        chunk = self.source.take()
        return chunk if heartbeat is None else heartbeat + chunk

    async def _watch(self, receive: Receive) -> None:
        """End the stream when its client is gone."""
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.end()
