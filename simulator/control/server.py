"""The control's HTTP server, in the process and the event loop of the fleet."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from simulator.broker.address import reason
from simulator.errors import ControlError

GRACE_S = 0.5
BACKLOG = 128

_log = logging.getLogger("simulator.control")


class ControlServer(uvicorn.Server):
    """uvicorn that leaves signals to the program."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            backlog=BACKLOG,
        )
        super().__init__(config)
        self._serving: asyncio.Task[None] | None = None

    def start(self, listener: socket.socket) -> None:
        """Serve on `listener` until `stop`."""
        self._serving = asyncio.create_task(self.serve([listener]))
        self._serving.add_done_callback(_told)

    async def stop(self) -> None:
        """Let go of everything; who is being answered has half a second."""
        if self._serving is None:
            return
        self.should_exit = True
        done, _ = await asyncio.wait((self._serving,), timeout=GRACE_S)
        if not done:
            self._serving.cancel()
            await asyncio.wait((self._serving,))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; ControlError where that can't be. Made with the protocol's number, for without
    it each answer waits 40 ms (design, section 4).
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise ControlError(f"--control-host {host}: an address of this machine was wanted ({exc}).") from exc
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError as exc:
        listener.close()
        raise ControlError(
            f"--control-port {port}: a free port of {host} was wanted ({reason(exc)}); 0 takes any."
        ) from exc
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("! control state=failed", exc_info=error)
