"""The HTTP server: a listening socket, uvicorn on it, and an end that open streams do not hold up.

The only module that knows uvicorn (design, section 4, "HTTP").
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import sys
import time
from collections.abc import Callable, Iterator

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


def url_of(listener: socket.socket) -> str:
    """Where a client on this machine finds the service."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn with three differences: it says when it is ready, ends streams first, and leaves signals alone.

    ``end_streams`` is called before uvicorn waits for its connections: an open stream would hold it up until
    the reader leaves. Signals belong to the program, which sets ``should_exit``: uvicorn raises them again at
    its end, and a clean stop would have the exit code of a kill. ``proxies`` are the addresses of those whose
    word for a client's address is taken.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], None],
        end_streams: Callable[[], None],
        proxies: str | None = None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=proxies is not None,
                forwarded_allow_ips=proxies or "",
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
                backlog=BACKLOG,
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


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP, but for its answer to what is no HTTP at all, which is the error envelope."""

    def send_400_response(self, msg: str) -> None:
        """``msg`` is the same for everything; what the parser found is in the error under way."""
        error = sys.exception()
        why = str(error) if isinstance(error, HttpParserError) and str(error) else msg
        sentence = f"request: HTTP/1.1 was wanted ({why.strip()[:200]})"
        body = to_bytes(failure(sentence, format_timestamp(int(time.time() * 1000))))
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        self.transport.close()


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
