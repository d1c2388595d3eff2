"""The composition root: the one place that builds the service and joins its parts (design, rule 7)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from starlette.routing import Router
from starlette.types import ASGIApp

from cms import log
from cms.api_docs import ApiDocs
from cms.cabinets_file import read_cabinets
from cms.confirmation import Confirmations
from cms.database import file_of, shown, store_at
from cms.disk import disk_problem
from cms.dispatch import Intake, Origins, Outgoing
from cms.errors import SettingError
from cms.feed import Feed
from cms.floor import Floor
from cms.handlers.access import Access, Terms
from cms.handlers.broker_check import BrokerCheck, BrokerLink
from cms.handlers.cabinets import Cabinets
from cms.handlers.exchange import Exchange
from cms.handlers.health import Ailment, BrokerState, Health
from cms.handlers.live_config import ConfigLink, LiveConfig
from cms.handlers.monitoring import Monitoring
from cms.handlers.orders import Orders
from cms.handlers.records import Records
from cms.handlers.reorders import Reorders
from cms.hub import Hub
from cms.metrics import Metrics
from cms.monitor import Monitor
from cms.mqtt_service import MqttService
from cms.outbox import Outbox, Publisher
from cms.presence import Presence
from cms.reported import Reports
from cms.resync import ResyncOnConnect
from cms.routes.broker_check import BrokerCheckRoutes
from cms.routes.cabinets import CabinetRoutes
from cms.routes.endpoint import Endpoint, routed
from cms.routes.exchange import ExchangeRoutes
from cms.routes.failures import Failures
from cms.routes.field_rules import FieldRoutes
from cms.routes.floor import FloorRoutes
from cms.routes.gate import Gate
from cms.routes.health import HealthRoutes
from cms.routes.live_config import LiveConfigRoutes
from cms.routes.page import PageRoutes
from cms.routes.records import RecordRoutes
from cms.routes.refusals import recorded
from cms.routes.reorders import ReorderRoutes
from cms.routes.request_line import RequestLine
from cms.routes.session import SessionRoutes
from cms.routes.smib_config import SmibConfigRoutes
from cms.routes.stream import StreamRoutes
from cms.settings import Settings
from cms.sse import Streams
from cms.standing import Standing
from cms.store.entry import OutboxEntry
from cms.store.store import Store
from cms.tasks import Tasks
from cms.watchdog import Watchdog

VERSION = "0.1.0"
OUTBOX = "outbox"
HOUR_MS = 3_600_000


def wall_clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Link(ConfigLink, BrokerLink, BrokerState, Publisher, Protocol):
    """What joins the service to its broker: the MQTT service, or what stands in its place in a test."""

    def start(self) -> None: ...

    def alive(self) -> bool: ...

    async def first_attempt(self) -> None: ...

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]: ...

    async def disconnect(self) -> None: ...


@dataclass(frozen=True)
class Application:
    """The service, built and not yet running: entering it starts it, leaving it ends everything it started.

    ``asgi`` answers HTTP; ``endpoints`` is every route, as the documentation and the tests see it.
    """

    settings: Settings
    asgi: ASGIApp
    endpoints: tuple[Endpoint, ...]
    store: Store
    link: Link
    hub: Hub
    outbox: Outbox
    work: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
    streams: Streams
    tasks: Tasks
    monitor: Monitor
    access: Access
    _exits: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Open the store, add the cabinets of the settings, begin to connect. SettingError, StoreError."""
        cabinets = [] if self.settings.cabinets is None else read_cabinets(self.settings.cabinets)
        async with AsyncExitStack() as exits:
            exits.push_async_callback(self.store.close)
            await self.store.open()
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

    def end_streams(self) -> None:
        """End every event stream, and whoever waits for a device, now and from now on."""
        self.streams.close()
        self.hub.close()


def build(
    settings: Settings,
    *,
    clock_ms: Callable[[], int] = wall_clock_ms,
    link_to: Callable[[Hub], Link] | None = None,
) -> Application:
    """The service that ``settings`` describe. Nothing is opened, connected or started yet.

    ``link_to`` makes what joins it to a broker, by default the MQTT service.
    """
    presence = Presence(clock_ms=clock_ms)
    store = store_at(settings.database, clock_ms=clock_ms)
    reports = Reports(store, clock_ms=clock_ms)
    confirmations = Confirmations(
        store,
        clock_ms=clock_ms,
        last_seen=lambda relay_id: seen.last_seen_ms if (seen := presence.of(relay_id)) else 0,
        on_settled=lambda entry: _settled(entry, reports, monitor),
    )
    feed = Feed(epoch=secrets.token_hex(4))
    monitor = Monitor(Floor(presence, now_s=time.monotonic()), feed, store, clock_ms=clock_ms)
    observers = [monitor.note, confirmations.note, reports.note]
    hub = Hub(settings.mqtt.topics, clock_ms=clock_ms, observers=observers)
    reports.on_judged(lambda standing: monitor.judged(standing.cabinet.relay_id, standing.in_step))
    reports.on_drift(lambda standing, drifting: hub.announce(*_drift(standing, drifting)))
    cabinets = Cabinets(store, presence, reports, settings.mqtt.topics, clock_ms)
    if link_to is None:
        link: Link = MqttService(settings.mqtt, hub, relay_of=cabinets.relay_of, clock_ms=clock_ms)
    else:
        link = link_to(hub)
    origins = Origins()
    outgoing = Outgoing(link, monitor, origins)
    outbox = Outbox(store, outgoing, clock_ms=clock_ms, confirmations=confirmations)
    orders = Orders(store, Intake(outbox, monitor, origins), clock_ms)
    watchdog = _watchdog(settings, store, link, clock_ms)
    work = {OUTBOX: outbox.run, "confirmations": confirmations.run, "reports": reports.run}
    work |= {"monitor": monitor.run, "watchdog": watchdog.run}
    if settings.resync_on_connect:
        resync = ResyncOnConnect(store, outgoing, orders.deliver)
        hub.observe(resync.note)
        reports.on_judged(resync.judged)
        work["resync"] = resync.run
    streams = Streams(hub, clock_ms=clock_ms, max_streams=settings.max_streams)
    tasks = Tasks()
    records = Records(store)
    access = _access(settings, store, records, clock_ms)
    access.on_end(streams.end_where)
    work["access"] = access.run
    supplies = {"disk": watchdog.disk, "backlog": watchdog.outbox}
    health = Health(_vitals(link, tasks, work), supplies, link, store)
    monitoring = Monitoring(monitor, watchdog, hub, link, streams, clock_ms)
    endpoints = (
        *SmibConfigRoutes(cabinets, orders).endpoints(),
        *ReorderRoutes(Reorders(store, orders, reports)).endpoints(),
        *ExchangeRoutes(Exchange(store, records)).endpoints(),
        *CabinetRoutes(cabinets).endpoints(),
        *RecordRoutes(records).endpoints(),
        *LiveConfigRoutes(LiveConfig(outgoing, hub, clock_ms, records)).endpoints(),
        *StreamRoutes(streams).endpoints(),
        *_broker_check(settings, link, clock_ms, records).endpoints(),
        *FieldRoutes().endpoints(),
        *FloorRoutes(monitoring, Metrics(monitoring, health), streams).endpoints(),
        *HealthRoutes(health, clock_ms).endpoints(),
    )
    gate = Gate(access, records, orders_per_minute=settings.orders_per_minute, local=settings.local)
    watched = (*(recorded(endpoint, records) for endpoint in endpoints), *SessionRoutes(access).endpoints())
    guarded = tuple(map(gate.guarded, watched))
    pages = (*ApiDocs(guarded, VERSION).endpoints(), *PageRoutes().endpoints())
    every = (*guarded, *map(gate.guarded, pages))
    asgi = _asgi(every, clock_ms)
    return Application(settings, asgi, every, store, link, hub, outbox, work, streams, tasks, monitor, access)


def _access(settings: Settings, store: Store, records: Records, clock_ms: Callable[[], int]) -> Access:
    terms = Terms(settings.local or settings.allow_open, settings.session_hours * HOUR_MS)
    return Access(store, records, terms, clock_ms)


def _drift(standing: Standing, drifting: bool) -> tuple[str, dict[str, Any]]:
    """What those who read the whole floor are told when a cabinet leaves step, or is back."""
    cabinet = standing.cabinet
    fields = [str(one) for one in standing.differences()]
    event = {"typ": "DRIFT", "rly": cabinet.relay_id, "cabinetId": cabinet.id, "drift": drifting}
    return cabinet.relay_id, {**event, "fields": fields}


def _settled(entry: OutboxEntry, reports: Reports, monitor: Monitor) -> None:
    """An order ended without its device having done what it says."""
    reports.look_at(entry.relay_id)
    monitor.given_up(entry.relay_id, entry.what)


def _watchdog(settings: Settings, store: Store, link: Link, clock_ms: Callable[[], int]) -> Watchdog:
    file = file_of(settings.database)
    folder = None if file is None else file.absolute().parent
    disk = partial(disk_problem, folder, settings.min_free_mb)
    return Watchdog(store, disk, link.is_connected, stuck_s=settings.outbox_stuck_s, clock_ms=clock_ms)


def _broker_check(
    settings: Settings, link: Link, clock_ms: Callable[[], int], records: Records
) -> BrokerCheckRoutes:
    check = BrokerCheck(link, settings.mqtt.topics, clock_ms, records)
    return BrokerCheckRoutes(check, allowed=settings.test_endpoint)


def _vitals(link: Link, tasks: Tasks, work: Iterable[str]) -> dict[str, Ailment]:
    """What the service lives by."""
    return {
        "connection": lambda: None if link.alive() else "its task ended",
        **{name: partial(tasks.death_of, name) for name in work},
    }


def _asgi(endpoints: Iterable[Endpoint], clock_ms: Callable[[], int]) -> ASGIApp:
    router = Router(routed(endpoints), redirect_slashes=False)
    return RequestLine(Failures(router, clock_ms))
