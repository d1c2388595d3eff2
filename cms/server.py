"""The HTTP server: a listening socket, uvicorn on it, and an end that open streams do not hold up.

The only module that knows uvicorn (design, section 4, "HTTP").
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus

import uvicorn
from httptools import HttpParserError
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cms import log
from cms.envelope import failure
from cms.errors import PortTaken
from wire.jsontext import to_bytes
from wire.timestamps import format_timestamp

GRACE_S = 1
"""How long an answer that is under way may take once the service is told to stop."""

BACKLOG = 2048
HEAD_S = 10.0
"""How long a request's head may take from its first byte, and the first request from the connect."""

MAX_SOCKET_MESSAGE = 16 * 1024
MAX_SOCKET_QUEUE = 8
"""Bytes of a message that is taken from a WebSocket, and how many wait to be heard."""

MAX_HEAD = 32 * 1024
"""Bytes of path, query and headers together."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host`` and ``port`` (0 = any free one); PortTaken where that can't be.

    Made with the protocol's number: without it asyncio leaves TCP_NODELAY off, and each answer waits 40 ms.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as exc:
        raise PortTaken(host, port, exc.strerror or str(exc)) from exc
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as exc:
        listener.close()
        raise PortTaken(host, port, _reason(exc)) from exc
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """Where a client on this machine finds the service."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn with three differences: it says when it is ready, ends streams first, and leaves signals alone.

    ``end_streams`` is called before uvicorn waits for its connections: an open stream would hold it up until
    the reader leaves. Signals belong to the program, which sets ``should_exit``: uvicorn raises them again at
    its end, and a clean stop would have the exit code of a kill. ``proxies`` are the addresses of those whose
    word for a client's address is taken; ``pair`` are the files of a certificate and its key, for https.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], None],
        end_streams: Callable[[], None],
        proxies: str | None = None,
        pair: tuple[str, str | None] | None = None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="websockets-sansio",
                ws_max_size=MAX_SOCKET_MESSAGE,
                ws_max_queue=MAX_SOCKET_QUEUE,
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=proxies is not None,
                forwarded_allow_ips=proxies or "",
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
                backlog=BACKLOG,
                ssl_certfile=None if pair is None else pair[0],
                ssl_keyfile=None if pair is None else pair[1],
            )
        )
        self._ready = ready
        self._end_streams = end_streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HeadRefused(Exception):
    """A request's head that is not taken. Raised in the parser's callbacks, answered by the protocol."""

    def __init__(self, status: HTTPStatus, wanted: str) -> None:
        super().__init__(wanted)
        self.status = status


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP, but with an end to a head that is too long, or too slow, and with the error envelope
    as its answer to that and to what is no HTTP at all."""

    _reading_head = True
    _head_size = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._reading_head:
            self._head_size += len(data)
        super().data_received(data)
        if self._reading_head and self._head_size > MAX_HEAD and not self.transport.is_closing():
            self._refuse(_too_long(self.url, self.headers))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_timer()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        self._reading_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            raise _too_long(self.url, self.headers)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._reading_head, self._head_size = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """``msg`` is the same for everything; what the parser found is in the error under way."""
        error = sys.exception()
        if isinstance(error, HttpParserError) and isinstance(error.__context__, HeadRefused):
            self._refuse(error.__context__)
            return
        why = str(error) if isinstance(error, HttpParserError) and str(error) else msg
        wanted = f"request: HTTP/1.1 was wanted ({why.strip()[:200]})"
        self._refuse(HeadRefused(HTTPStatus.BAD_REQUEST, wanted))

    def _refuse(self, refused: HeadRefused) -> None:
        self._stop_timer()
        body = to_bytes(failure(str(refused), format_timestamp(int(time.time() * 1000))))
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b"
            % (refused.status, refused.status.phrase.encode(), len(body), body)
        )
        self.transport.close()

    def _head_is_late(self) -> None:
        wanted = f"request: the end of its head within {HEAD_S:g} s was wanted"
        self._refuse(HeadRefused(HTTPStatus.REQUEST_TIMEOUT, wanted))

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self._head_is_late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _too_long(url: bytes, headers: Sequence[tuple[bytes, bytes]] | None) -> HeadRefused:
    if len(url) > sum(len(name) + len(value) for name, value in headers or ()):
        wanted = f"request: a path and query of at most {MAX_HEAD} bytes were wanted"
        return HeadRefused(HTTPStatus.REQUEST_URI_TOO_LONG, wanted)
    wanted = f"request: headers of at most {MAX_HEAD} bytes in all were wanted"
    return HeadRefused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, wanted)


class ServerLog(logging.Handler):
    """What uvicorn complains of, as lines of our own log."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        name = None if error is None else type(error).__name__
        log.event("!", "http server", says=record.getMessage().strip(), error=name)


def adopt_server_log() -> None:
    """Send uvicorn's warnings and errors to our log; what else it says nobody needs."""
    logger = logging.getLogger("uvicorn")
    logger.handlers[:] = [ServerLog(logging.WARNING)]
    logger.propagate = False
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def _reason(exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return "another program listens there"
    if exc.errno == errno.EACCES:
        return "this user may not"
    return exc.strerror or str(exc)
