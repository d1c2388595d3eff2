"""``GET /api/mqtt/config/subscribe`` (specification, endpoint 6)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.handlers.reach import Reach
from cms.role import Right
from cms.routes.actor import caller_of
from cms.routes.endpoint import Endpoint
from cms.routes.form import Query
from cms.routes.operations import SUBSCRIBE
from cms.sse import Streams


class StreamRoutes:
    """Opens event streams; what is wrong with a request is answered before anything is streamed."""

    def __init__(self, streams: Streams, reach: Reach) -> None:
        self._streams = streams
        self._reach = reach

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("GET", "/api/mqtt/config/subscribe", self.subscribe, SUBSCRIBE, Right.READ)]

    async def subscribe(self, request: Request) -> Response:
        relay_id = Query(request, ("relayId",)).relay_id()
        await self._reach.check(relay_id)
        stream = self._streams.response(relay_id, masked=not caller_of(request).may(Right.ORDER))
        if request.method == "HEAD":
            return Response(headers=dict(stream.headers))  # a stream without a body would never end
        return stream
