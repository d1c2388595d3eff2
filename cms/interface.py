"""Every endpoint of the service, guarded: what a caller may ask for (design, rule 11).

A group of routes that is added is one line in ``_operations``.
"""

from __future__ import annotations

from cms.api_docs import ApiDocs
from cms.handlers.broker_check import BrokerCheck
from cms.handlers.exchange import Exchange
from cms.handlers.graph import Graph
from cms.handlers.live_config import LiveConfig
from cms.handlers.people import People
from cms.handlers.reach import Reach
from cms.handlers.reorders import Reorders
from cms.metrics import Metrics
from cms.routes.analytics import AnalyticsRoutes
from cms.routes.batches import BatchRoutes
from cms.routes.broker_check import BrokerCheckRoutes
from cms.routes.cabinets import CabinetRoutes
from cms.routes.conditional import conditional
from cms.routes.endpoint import Endpoint
from cms.routes.exchange import ExchangeRoutes
from cms.routes.field_rules import FieldRoutes
from cms.routes.firmware import FirmwareRoutes
from cms.routes.floor import FloorRoutes
from cms.routes.gate import Gate
from cms.routes.graphql import GraphRoutes
from cms.routes.health import HealthRoutes
from cms.routes.live_config import LiveConfigRoutes
from cms.routes.meters import MeterRoutes
from cms.routes.page import PageRoutes
from cms.routes.people import PeopleRoutes
from cms.routes.records import RecordRoutes
from cms.routes.refusals import recorded
from cms.routes.reorders import ReorderRoutes
from cms.routes.session import SessionRoutes
from cms.routes.smib_config import SmibConfigRoutes
from cms.routes.socket import SocketRoutes
from cms.routes.stream import StreamRoutes
from cms.routes.strict import strict
from cms.routes.templates import TemplateRoutes
from cms.service import Service

VERSION = "0.1.0"


def endpoints(service: Service) -> tuple[Endpoint, ...]:
    """All of them, each through the gate."""
    gate = _gate(service)
    watched = (conditional(recorded(strict(endpoint), service.records)) for endpoint in _operations(service))
    guarded = tuple(map(gate.guarded, (*watched, *map(strict, SessionRoutes(service.access).endpoints()))))
    pages = (*ApiDocs(guarded, VERSION).endpoints(), *PageRoutes().endpoints())
    return (*guarded, *map(gate.guarded, pages))


def _operations(service: Service) -> tuple[Endpoint, ...]:
    clock_ms, records, store = service.clock_ms, service.records, service.store
    reach = Reach(store)
    live_config = LiveConfig(service.outgoing, service.hub, clock_ms, records, reach)
    metrics = Metrics(service.monitoring, service.health)
    return (
        *SmibConfigRoutes(service.cabinets, service.orders).endpoints(),
        *ReorderRoutes(Reorders(store, service.orders, service.reports)).endpoints(),
        *ExchangeRoutes(Exchange(store, records)).endpoints(),
        *CabinetRoutes(service.cabinets).endpoints(),
        *AnalyticsRoutes(service.analytics).endpoints(),
        *BatchRoutes(service.batches).endpoints(),
        *TemplateRoutes(service.templates, service.batches).endpoints(),
        *GraphRoutes(_graph(service)).endpoints(),
        *FirmwareRoutes(service.directory, service.batches).endpoints(),
        *MeterRoutes(service.meters).endpoints(),
        *RecordRoutes(records).endpoints(),
        *LiveConfigRoutes(live_config).endpoints(),
        *_sockets(service, live_config, reach).endpoints(),
        *StreamRoutes(service.streams, reach).endpoints(),
        *_broker_check(service, reach).endpoints(),
        *FieldRoutes().endpoints(),
        *PeopleRoutes(People(store, service.access, clock_ms)).endpoints(),
        *FloorRoutes(service.monitoring, metrics, service.streams).endpoints(),
        *HealthRoutes(service.health, clock_ms).endpoints(),
    )


def _gate(service: Service) -> Gate:
    settings = service.settings
    return Gate(
        service.access,
        service.records,
        service.counters,
        orders_per_minute=settings.orders_per_minute,
        local=settings.local,
    )


def _graph(service: Service) -> Graph:
    return Graph(
        service.cabinets,
        service.orders,
        service.batches,
        service.templates,
        service.monitoring,
        service.records,
    )


def _sockets(service: Service, live_config: LiveConfig, reach: Reach) -> SocketRoutes:
    return SocketRoutes(service.streams, service.monitoring, live_config, reach, service.access.stands)


def _broker_check(service: Service, reach: Reach) -> BrokerCheckRoutes:
    settings = service.settings
    check = BrokerCheck(service.link, settings.mqtt.topics, service.clock_ms, service.records, reach)
    return BrokerCheckRoutes(check, allowed=settings.test_endpoint)
