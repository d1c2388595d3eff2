"""The configuration stream of a relay as Server-Sent Events (specification, endpoint 6; contract, section 6).

Pure ASGI: a stream costs one task, and one more that waits for its client to leave. A message is encoded
once for all streams of its relay, and one timer beats for all streams of the service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cms import frames, log
from cms.errors import TooManyStreams
from cms.hub import Dropped, Hub, Subscription
from wire.relay import canonical_relay_id

HEARTBEAT_S = 5.0
STALLED_S = 30.0
"""How long a client may take nothing of what is sent to it before its stream is ended."""

MAX_STREAMS = 2_000
MAX_CHUNK = 64 * 1024
"""Bytes after which frames that wait are sent in another chunk."""


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

    def response(self, relay_id: str) -> EventStream:
        """The stream of one relay, to be returned from a route.

        RelayIdError for a bad id, TooManyStreams where as many are open as are served.
        """
        if len(self._open) >= self._max_streams:
            raise TooManyStreams(self._max_streams)
        return EventStream(self, self._hub, canonical_relay_id(relay_id), self._clock_ms)

    def close(self) -> None:
        """End all streams: each client sees the regular end of its response."""
        self._closed = True
        self._stop_beating()
        for stream in tuple(self._open):
            stream.end()

    def opened(self, stream: EventStream) -> None:
        """A stream's own word that it serves now; left() takes it back."""
        self._open.add(stream)
        if self._closed:
            stream.end()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time() + self._heartbeat_s
            self._timer = loop.call_at(self._due, self._beat)

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
        beats: dict[str, bytes] = {}
        for stream in self._open:
            relay_id = stream.relay_id
            if relay_id not in beats:
                beats[relay_id] = frames.heartbeat(relay_id, now_ms)
            stream.beat(beats[relay_id], loop.time() - self._stalled_s)

    def _stop_beating(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class EventStream(Response):
    """One stream: an ASGI response, made by Streams.response().

    ``connected`` is sent when messages of the relay are already being queued for it, so that the answer to
    what a client asks after ``connected`` can't be missed.
    """

    media_type = "text/event-stream"

    def __init__(self, streams: Streams, hub: Hub, relay_id: str, clock_ms: Callable[[], int]) -> None:
        # Not Response's own constructor: it would give the response a body, and thereby a length.
        self.status_code = 200
        self.background = None
        self.init_headers(
            {"Content-Type": self.media_type, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        )
        self.relay_id = relay_id
        self._streams = streams
        self._hub = hub
        self._clock_ms = clock_ms
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._heartbeat: bytes | None = None
        self._sending_since: float | None = None
        self._ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Serve until the client leaves or the service ends it; either ends the subscription at once."""
        log.event("<", "sse subscribe", relay=self.relay_id)
        with self._hub.subscribe(self.relay_id) as subscription:
            log.event("=", "callback registered", relay=self.relay_id)
            self._subscription = subscription
            self._task = asyncio.current_task()
            self._streams.opened(self)
            client = asyncio.create_task(self._watch(receive), name="sse-client")
            try:
                await self._serve(subscription, send)
            except asyncio.CancelledError:
                if not self._ended or self._task is None or self._task.uncancel() > 0:
                    raise
            finally:
                self._task = None
                self._streams.left(self)
                client.cancel()
                await asyncio.gather(client, return_exceptions=True)
        log.event("=", "sse ended", relay=self.relay_id)

    def end(self) -> None:
        """End the stream, also while it waits for a client that takes nothing."""
        if self._ended:
            return
        self._ended = True
        if self._subscription is not None:
            self._subscription.end()
        if self._task is not None and self._sending_since is not None:
            self._task.cancel()

    def beat(self, frame: bytes, stalled_before: float) -> None:
        """Send a heartbeat, or end a stream whose client has taken nothing since ``stalled_before``."""
        self._heartbeat = frame
        if self._sending_since is not None and self._sending_since < stalled_before:
            log.event("!", "sse client stalled", relay=self.relay_id)
            self.end()
        elif self._subscription is not None:
            self._subscription.wake()

    async def _serve(self, subscription: Subscription, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        chunk = frames.connected(self.relay_id, self._clock_ms())
        log.event("=", "sse subscribed", relay=self.relay_id)
        while chunk or not self._ended:
            if chunk:
                self._sending_since = asyncio.get_running_loop().time()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self._sending_since = None
            elif subscription.ended:
                break
            else:
                await subscription.wait()
            chunk = b"" if self._ended else self._next_chunk(subscription)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _next_chunk(self, subscription: Subscription) -> bytes:
        """All that is to be sent now: a heartbeat that is due, then the frames that wait."""
        chunk = []
        size = 0
        if self._heartbeat is not None:
            chunk.append(self._heartbeat)
            self._heartbeat = None
        while size < MAX_CHUNK and (item := subscription.take()) is not None:
            frame = self._dropped(item) if isinstance(item, Dropped) else item.frame
            chunk.append(frame)
            size += len(frame)
        return chunk[0] if len(chunk) == 1 else b"".join(chunk)

    def _dropped(self, item: Dropped) -> bytes:
        log.event("!", "sse client too slow", relay=self.relay_id, dropped=item.count)
        return frames.dropped(self.relay_id, item.count, self._clock_ms())

    async def _watch(self, receive: Receive) -> None:
        """End the stream when its client is gone."""
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.end()
