"""The composition root: the service and its HTTP interface, as one thing that starts and ends.

``service.py`` builds what works, ``interface.py`` what is asked (design, rule 7).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Router, WebSocketRoute
from starlette.types import ASGIApp

from cms import log
from cms.cabinets_file import read_cabinets
from cms.database import held, shown
from cms.errors import SettingError
from cms.hub import Hub
from cms.interface import endpoints
from cms.keys import key_id
from cms.routes.endpoint import Endpoint, routed
from cms.routes.failures import Failures
from cms.routes.request_line import RequestLine
from cms.routes.socket import over_socket
from cms.service import ClockMs, Link, Service, service_of
from cms.settings import Settings

COMPRESSED_FROM = 1024
"""Bytes of an answer that is worth it."""
COMPRESSION = 4
"""zlib's level: a list of 1,000 cabinets becomes a tenth, in 2 ms."""


def wall_clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Application(Service):
    """The service, built and not yet running: entering it starts it, leaving it ends everything it started.

    ``asgi`` answers HTTP; ``endpoints`` is every route, as the documentation and the tests see it.
    """

    asgi: ASGIApp
    endpoints: tuple[Endpoint, ...]
    _exits: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Open the store, add the cabinets of the settings, begin to connect. SettingError, StoreError."""
        cabinets = [] if self.settings.cabinets is None else read_cabinets(self.settings.cabinets)
        async with AsyncExitStack() as exits:
            exits.enter_context(held(self.settings.database))
            exits.push_async_callback(self.store.close)
            await self.store.open()
            exits.push_async_callback(self.records.tell_refusals, all_of_them=True)
            await self._admit()
            added = await self.store.add_cabinets(cabinets)
            await self.monitor.refresh()
            database = shown(self.settings.database)
            log.event("=", "store open", database=database, given=len(cabinets), added=added)
            exits.push_async_callback(self.link.disconnect)
            self.link.on_connected(self.outbox.wake)
            self.link.start()
            exits.push_async_callback(self.tasks.stop)
            for name, run in self.work.items():
                self.tasks.start(name, run())
            exits.callback(self.end_streams)
            self._exits.push_async_exit(exits.pop_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.__aexit__(kind, error, trace)

    async def _admit(self) -> None:
        """Read who may come in. SettingError where that would be everybody, from everywhere."""
        accounts = await self.access.refresh()
        if self.access.open:
            says = "nobody has to sign in: there are no users, smib-cms users add makes one"
            log.event("=", "open access", host=self.settings.host, says=says)
        elif not accounts.users:
            wanted = (
                "a loopback address such as 127.0.0.1, and no CMS_PROXIES, was wanted as long as there are "
                "no users, because whoever reaches this service may lock machines; smib-cms users add makes "
                "one, and CMS_ALLOW_OPEN=1 opens it all the same"
            )
            raise SettingError("CMS_HOST", self.settings.host, wanted)
        self._admit_secrets()

    def _admit_secrets(self) -> None:
        """Say how passwords are stored. SettingError where that is as they are, and nobody wanted that."""
        settings = self.settings
        if settings.keys:
            log.event("=", "secrets sealed", key=key_id(settings.keys[0]), keys=len(settings.keys))
        elif settings.plain or settings.local or settings.allow_open:
            says = "CMS_SECRETS_KEY is not set: passwords of the floor are in the database as they are"
            log.event("=", "secrets plain", says=says)
        else:
            wanted = (
                "a key was wanted: other machines reach this service, and its database holds passwords of "
                "the floor; smib-cms secrets key makes one, plain stores them as they are"
            )
            raise SettingError("CMS_SECRETS_KEY", None, wanted)

    def end_streams(self) -> None:
        """End every event stream, and whoever waits for a device, now and from now on."""
        self.streams.close()
        self.hub.close()


def build(
    settings: Settings,
    *,
    clock_ms: ClockMs = wall_clock_ms,
    link_to: Callable[[Hub], Link] | None = None,
) -> Application:
    """The service that ``settings`` describe. Nothing is opened, connected or started yet.

    ``link_to`` makes what joins it to a broker, by default the MQTT service.
    """
    service = service_of(settings, clock_ms, link_to)
    every = endpoints(service)
    return Application(**vars(service), asgi=_asgi(every, clock_ms), endpoints=every)


def _asgi(every: Sequence[Endpoint], clock_ms: ClockMs) -> ASGIApp:
    sockets = [WebSocketRoute(one.path, over_socket(one)) for one in every if one.socket]
    router = Router([*routed(every), *sockets], redirect_slashes=False)
    failing = Failures(router, clock_ms)
    # Streams are left alone: the library knows them by their type.
    return RequestLine(GZipMiddleware(failing, minimum_size=COMPRESSED_FROM, compresslevel=COMPRESSION))
