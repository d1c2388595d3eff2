"""The running program: settings in, one event loop, one application, one server, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

import uvloop

from cms import log
from cms.app import Application, build
from cms.errors import OutputFailed
from cms.server import Server, adopt_server_log, listen, url_of
from cms.settings import Settings

SETTLE_S = 1.0
"""How long the start waits for a broker that neither accepts nor refuses."""


class StopSignal(Protocol):
    """Told by the signal handlers: ``asked`` already, or ``act`` when it happens."""

    asked: bool
    act: Callable[[], None] | None


def run(settings: Settings, stop: StopSignal, unknown: Sequence[str] = ()) -> None:
    """Serve until ``stop``. PortTaken, SettingError, StoreError or OutputFailed where it can't start.

    ``unknown`` are variables that look like settings and are none; the log names them.
    """
    log.configure(settings.log, form=settings.log_format)
    if unknown:
        log.event("!", "settings not known", names=",".join(unknown), says="smib-cms serve --help has all")
    adopt_server_log()
    _allow_open_files(2 * settings.max_streams)
    with (
        listen(settings.host, settings.port) as listener,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(settings, listener, stop))


async def _serve(settings: Settings, listener: socket.socket, stop: StopSignal) -> None:
    pair = None if settings.tls_cert is None else (settings.tls_cert, settings.tls_key)
    url = url_of(listener, "http" if pair is None else "https")
    async with build(settings) as application:
        server = Server(
            application.asgi, lambda: _say_ready(url), application.end_streams, settings.proxies, pair
        )
        stop.act = lambda: setattr(server, "should_exit", True)
        await _settle(application)
        if not stop.asked:
            await server.serve(sockets=[listener])
    log.event("=", "stopped", url=url)


def _allow_open_files(wanted: int) -> None:
    """Each stream is an open file, and a process is often given 1,024 of them until it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _settle(application: Application) -> None:
    """Give the broker a moment, so that what is asked right after "ready" is not refused for being early."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            await application.link.first_attempt()


def _say_ready(url: str) -> None:
    # What was made until here lives as long as the program: the collector need not look at it again.
    gc.freeze()
    try:
        sys.stdout.write(f"ready cms url={url}\n")
        sys.stdout.flush()
    except OSError as exc:
        with open(os.devnull, "w") as nowhere:  # else the interpreter tries again at its end, and complains
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise OutputFailed(exc.strerror or str(exc)) from exc
