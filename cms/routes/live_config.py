"""``/api/mqtt/config/…``: asking a SMIB and publishing to it (specification, endpoints 4 and 5)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms import log
from cms.handlers.live_config import LiveConfig
from cms.role import Right
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint
from cms.routes.form import Form, Query
from cms.routes.operations import PUBLISH, REQUEST
from wire.redaction import redacted
from wire.timestamps import format_timestamp


class LiveConfigRoutes:
    """Asks and publishes."""

    def __init__(self, live: LiveConfig) -> None:
        self._live = live

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", "/api/mqtt/config/request", self.request, REQUEST, Right.READ, sends=True),
            Endpoint("POST", "/api/mqtt/config/publish", self.publish, PUBLISH, Right.ORDER, sends=True),
        ]

    async def request(self, request: Request) -> Response:
        wait_s = Query(request, ("wait",)).seconds("wait")
        form = Form(await read_object(request), ("relayId", "component"))
        asked = await self._live.ask(form.relay_id(), form.component(), wait_s)
        log.event(">", "request accepted", comp=asked.component, relay=asked.relay_id)
        data = {} if asked.answer is None else {"data": redacted(asked.answer)}
        return answer(
            message=f"Config request sent for {asked.component} to relayId: {asked.relay_id}",
            relayId=asked.relay_id,
            component=asked.component,
            timestamp=format_timestamp(asked.at_ms),
            **data,
        )

    async def publish(self, request: Request) -> Response:
        form = Form(await read_object(request), ("relayId", "config"))
        published = await self._live.publish(form.relay_id(), form.object("config"), actor_of(request))
        return answer(
            message=f"Config update published for {published.component} to relayId: {published.relay_id}",
            relayId=published.relay_id,
            config=redacted(published.config),
            timestamp=format_timestamp(published.at_ms),
        )
