"""What works behind the HTTP interface: built and joined here, each part once (design, rule 7).

A part that is added is a field of ``Service`` and a line in ``service_of``; one that has a task gives it to
``work`` as well, and health looks after it from then on.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from limits.aio.storage import Storage

from cms.confirmation import Confirmations
from cms.database import counters_of, file_of, store_at
from cms.disk import disk_problem
from cms.dispatch import Intake, Origins, Outgoing
from cms.feed import Feed
from cms.floor import Floor
from cms.handlers.access import Access, Terms
from cms.handlers.analytics import Analytics
from cms.handlers.batches import Batches
from cms.handlers.broker_check import BrokerLink
from cms.handlers.cabinets import Cabinets
from cms.handlers.firmware import Directory
from cms.handlers.health import Ailment, BrokerState, Health
from cms.handlers.installs import Installs
from cms.handlers.live_config import ConfigLink
from cms.handlers.meters import Meters
from cms.handlers.monitoring import Monitoring
from cms.handlers.orders import Orders
from cms.handlers.records import Records
from cms.handlers.selection import Selector
from cms.handlers.templates import Templates
from cms.hub import Hub
from cms.monitor import Monitor
from cms.mqtt_service import MqttService
from cms.outbox import Outbox, Publisher
from cms.presence import Presence
from cms.reported import Reports
from cms.resync import ResyncOnConnect
from cms.retention import Retention
from cms.settings import Settings
from cms.sse import Streams
from cms.standing import Standing
from cms.store.entry import OutboxEntry
from cms.store.fenced import fenced
from cms.store.store import Store
from cms.tasks import Tasks
from cms.watchdog import Watchdog

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
ClockMs = Callable[[], int]
Work = dict[str, Callable[[], Coroutine[Any, Any, None]]]
"""The tasks that the service lives by, by name."""


class Link(ConfigLink, BrokerLink, BrokerState, Publisher, Protocol):
    """What joins the service to its broker: the MQTT service, or what stands in its place in a test."""

    def start(self) -> None: ...

    def alive(self) -> bool: ...

    @property
    def connects(self) -> int: ...

    async def first_attempt(self) -> None: ...

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]: ...

    async def disconnect(self) -> None: ...


@dataclass(frozen=True)
class Service:
    """All parts, joined and not yet running: the handlers and routes are given what they need of it.

    ``store`` is as requests see it, within the scope of each; outside of requests that is everything.
    """

    settings: Settings
    clock_ms: ClockMs
    store: Store
    link: Link
    hub: Hub
    reports: Reports
    monitor: Monitor
    cabinets: Cabinets
    outgoing: Outgoing
    outbox: Outbox
    orders: Orders
    batches: Batches
    templates: Templates
    directory: Directory
    analytics: Analytics
    meters: Meters
    records: Records
    streams: Streams
    access: Access
    counters: Storage
    monitoring: Monitoring
    health: Health
    tasks: Tasks
    work: Work


def service_of(settings: Settings, clock_ms: ClockMs, link_to: Callable[[Hub], Link] | None) -> Service:
    """The parts that ``settings`` describe. Nothing is opened, connected or started yet."""
    presence = Presence(clock_ms=clock_ms)
    own = store_at(settings.database, clock_ms=clock_ms, keys=settings.keys)
    store = fenced(own)
    reports = Reports(own, clock_ms=clock_ms)
    monitor = _monitor(own, presence, clock_ms)
    confirmations = _confirmations(own, presence, reports, monitor, clock_ms)
    observers = [monitor.note, confirmations.note, reports.note]
    hub = Hub(settings.mqtt.topics, clock_ms=clock_ms, observers=observers)
    _announce_standing(reports, monitor, hub)
    cabinets = Cabinets(store, presence, reports, settings.mqtt.topics, clock_ms)
    link = _link(settings, hub, cabinets, clock_ms) if link_to is None else link_to(hub)
    origins = Origins()
    outgoing = Outgoing(link, monitor, origins)
    outbox = Outbox(own, outgoing, clock_ms=clock_ms, confirmations=confirmations)
    orders = Orders(store, Intake(outbox, monitor, origins), clock_ms)
    analytics = Analytics(monitor.floor, clock_ms)
    installs = _installs(own, outgoing, hub, clock_ms)
    batches = _batches(own, cabinets, orders, installs, monitor, clock_ms)
    records = Records(store, clock_ms)
    streams = Streams(hub, clock_ms=clock_ms, max_streams=settings.max_streams)
    counters = counters_of(own)
    access = _access(settings, own, records, counters, clock_ms)
    access.on_end(streams.end_where, monitor.floor.sees)
    watchdog = _watchdog(settings, own, link, clock_ms)
    work: Work = {
        "outbox": outbox.run,
        "confirmations": confirmations.run,
        "reports": reports.run,
        "batches": batches.run,
        "analytics": analytics.run,
        "monitor": monitor.run,
        "watchdog": watchdog.run,
        "access": access.run,
        "retention": Retention(own, kept=settings.history_kept).run,
    }
    if settings.resync_on_connect:
        work["resync"] = _resync(own, outgoing, orders, hub, reports).run
    tasks = Tasks()
    return Service(
        settings=settings,
        clock_ms=clock_ms,
        store=store,
        link=link,
        hub=hub,
        reports=reports,
        monitor=monitor,
        cabinets=cabinets,
        outgoing=outgoing,
        outbox=outbox,
        orders=orders,
        batches=batches,
        templates=Templates(own, cabinets, clock_ms),
        directory=Directory(own, cabinets, clock_ms),
        analytics=analytics,
        meters=_meters(cabinets, outgoing, hub, clock_ms),
        records=records,
        streams=streams,
        access=access,
        counters=counters,
        monitoring=Monitoring(monitor, watchdog, hub, link, streams, batches, clock_ms),
        health=_health(store, link, watchdog, tasks, work),
        tasks=tasks,
        work=work,
    )


def _monitor(store: Store, presence: Presence, clock_ms: ClockMs) -> Monitor:
    feed = Feed(epoch=secrets.token_hex(4))
    return Monitor(Floor(presence, now_s=time.monotonic()), feed, store, clock_ms=clock_ms)


def _confirmations(
    store: Store, presence: Presence, reports: Reports, monitor: Monitor, clock_ms: ClockMs
) -> Confirmations:
    def last_seen(relay_id: str) -> int:
        seen = presence.of(relay_id)
        return 0 if seen is None else seen.last_seen_ms

    def settled(entry: OutboxEntry) -> None:
        """An order ended without its device having done what it says."""
        reports.look_at(entry.relay_id)
        monitor.given_up(entry.relay_id, entry.what)

    return Confirmations(store, clock_ms=clock_ms, last_seen=last_seen, on_settled=settled)


def _announce_standing(reports: Reports, monitor: Monitor, hub: Hub) -> None:
    """Those who read the whole floor are told when a cabinet leaves step, or is back."""

    def drift(standing: Standing, drifting: bool) -> None:
        cabinet = standing.cabinet
        event = {"typ": "DRIFT", "rly": cabinet.relay_id, "cabinetId": cabinet.id, "drift": drifting}
        hub.announce(cabinet.relay_id, {**event, "fields": [str(one) for one in standing.differences()]})

    reports.on_judged(lambda standing: monitor.judged(standing.cabinet.relay_id, standing.in_step))
    reports.on_drift(drift)


def _link(settings: Settings, hub: Hub, cabinets: Cabinets, clock_ms: ClockMs) -> Link:
    return MqttService(settings.mqtt, hub, relay_of=cabinets.relay_of, clock_ms=clock_ms)


def _installs(store: Store, outgoing: Outgoing, hub: Hub, clock_ms: ClockMs) -> Installs:
    installs = Installs(store, outgoing, clock_ms)
    hub.observe(installs.note)
    return installs


def _batches(
    store: Store,
    cabinets: Cabinets,
    orders: Orders,
    installs: Installs,
    monitor: Monitor,
    clock_ms: ClockMs,
) -> Batches:
    def state_of(relay_id: str) -> str | None:
        place = monitor.floor.place(relay_id)
        return None if place is None else place.shown.state

    def announce(batch: Mapping[str, Any]) -> None:
        monitor.announce({"type": "batch", "batch": batch})

    return Batches(store, Selector(cabinets, state_of), orders, installs, announce, clock_ms)


def _meters(cabinets: Cabinets, outgoing: Outgoing, hub: Hub, clock_ms: ClockMs) -> Meters:
    meters = Meters(cabinets, outgoing, hub, clock_ms)
    hub.observe(meters.note)
    return meters


def _access(
    settings: Settings,
    store: Store,
    records: Records,
    counters: Storage,
    clock_ms: ClockMs,
) -> Access:
    terms = Terms(
        settings.local or settings.allow_open,
        settings.session_hours * HOUR_MS,
        settings.idle_minutes * MINUTE_MS,
    )
    return Access(store, records, terms, clock_ms, counters)


def _watchdog(settings: Settings, store: Store, link: Link, clock_ms: ClockMs) -> Watchdog:
    file = file_of(settings.database)
    folder = None if file is None else file.absolute().parent
    disk = partial(disk_problem, folder, settings.min_free_mb)
    return Watchdog(store, disk, link.is_connected, stuck_s=settings.outbox_stuck_s, clock_ms=clock_ms)


def _resync(store: Store, outgoing: Outgoing, orders: Orders, hub: Hub, reports: Reports) -> ResyncOnConnect:
    resync = ResyncOnConnect(store, outgoing, orders.deliver)
    hub.observe(resync.note)
    reports.on_judged(resync.judged)
    return resync


def _health(store: Store, link: Link, watchdog: Watchdog, tasks: Tasks, work: Work) -> Health:
    """``vitals`` are what the service lives by; ``work`` is looked at when it is asked for."""
    vitals: dict[str, Ailment] = {
        "connection": lambda: None if link.alive() else "its task ended",
        **{name: partial(tasks.death_of, name) for name in work},
    }
    return Health(vitals, {"disk": watchdog.disk, "backlog": watchdog.outbox}, link, store)
