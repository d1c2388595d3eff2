"""``/api/events``, ``/api/monitoring`` and ``/metrics``: the floor and the service, as they are now."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.feed import Wanted
from cms.floor_stream import FloorSource
from cms.handlers.monitoring import Monitoring
from cms.metrics import MEDIA, Metrics
from cms.role import Right
from cms.routes.answer import answer
from cms.routes.endpoint import Endpoint
from cms.routes.floor_operations import EVENTS, METRICS, MONITORING
from cms.routes.form import Query
from cms.scope import scope
from cms.smib_state import STATES
from cms.sse import Streams
from wire.timestamps import format_timestamp


class FloorRoutes:
    """Watches, and orders nothing."""

    def __init__(self, monitoring: Monitoring, metrics: Metrics, streams: Streams) -> None:
        self._monitoring = monitoring
        self._metrics = metrics
        self._streams = streams

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/api/events", self.events, EVENTS, Right.READ),
            Endpoint("GET", "/api/monitoring", self.monitoring, MONITORING, Right.READ),
            Endpoint("GET", "/metrics", self.metrics, METRICS, Right.READ, whole=True),
        ]

    async def events(self, request: Request) -> Response:
        wanted = await self._wanted(Query(request, ("location", "cabinet")))
        last_id = request.headers.get("last-event-id")
        monitoring = self._monitoring
        stream = self._streams.of(FloorSource(monitoring.monitor, wanted, last_id, monitoring.clock_ms))
        if request.method == "HEAD":
            return Response(headers=dict(stream.headers))  # a stream without a body would never end
        return stream

    async def monitoring(self, request: Request) -> Response:
        query = Query(request, ("location", "cabinet", "state"))
        state = query.one_of("state", STATES) if "state" in query else None
        wanted = await self._wanted(query)
        return answer(
            timestamp=format_timestamp(self._monitoring.clock_ms()),
            floor=self._monitoring.floor(),
            service=self._monitoring.service(),
            cabinets=self._monitoring.cabinets(wanted, state),
        )

    async def metrics(self, _request: Request) -> Response:
        return Response(self._metrics.text(), headers={"cache-control": "no-store", "content-type": MEDIA})

    async def _wanted(self, query: Query) -> Wanted:
        cabinet_id = query.cabinet_id("cabinet") if "cabinet" in query else None
        await self._monitoring.require(cabinet_id)
        return Wanted(query.optional_text("location"), cabinet_id, scope())
