"""``/api/cabinets``, ``/api/cabinets/{id}`` and ``/api/mqtt/config`` (specification, endpoint 3; issue 2)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cms.handlers.cabinets import Cabinets, CabinetState, Filter
from cms.role import Right
from cms.routes.answer import answer
from cms.routes.endpoint import Endpoint
from cms.routes.form import Query, cabinet_id
from cms.routes.operations import LIST_CABINETS, READ_CABINET, SUMMARY
from wire.timestamps import format_timestamp

LISTED = (
    "id",
    "relayId",
    "name",
    "location",
    "assetNumber",
    "serialNumber",
    "game",
    "smibVersion",
    "updatedAt",
)


class CabinetRoutes:
    """Reads cabinets."""

    def __init__(self, cabinets: Cabinets) -> None:
        self._cabinets = cabinets

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/api/cabinets", self.all, LIST_CABINETS, Right.READ),
            Endpoint("GET", "/api/cabinets/{cabinetId}", self.one, READ_CABINET, Right.READ),
            Endpoint("GET", "/api/mqtt/config", self.summary, SUMMARY, Right.READ),
        ]

    async def all(self, request: Request) -> Response:
        query = Query(request, ("q", "location", "online", "drift"))
        wanted = Filter(
            query.optional_text("q"),
            query.optional_text("location"),
            query.boolean("online"),
            query.boolean("drift"),
        )
        found = [_listed(state) for state in await self._cabinets.states(wanted)]
        return answer(data=found, count=len(found))

    async def one(self, request: Request) -> Response:
        state = await self._cabinets.state(cabinet_id(request.path_params["cabinetId"]))
        document = {**state.cabinet.to_document(), **_presence(state)}
        return answer({"etag": f'"{state.cabinet.revision}"'}, data=document)

    async def summary(self, request: Request) -> Response:
        return answer(data=await self._cabinets.summary(Query(request, ("cabinetId",)).cabinet_id()))


def _listed(state: CabinetState) -> dict[str, Any]:
    document = state.cabinet.to_document()
    return {**{name: document[name] for name in LISTED}, **_presence(state), **_drift(state)}


def _drift(state: CabinetState) -> dict[str, Any]:
    if state.standing is None:
        return {}
    differences = [one.to_document() for one in state.standing.differences()]
    return {"inStep": state.standing.in_step, "differences": differences}


def _presence(state: CabinetState) -> dict[str, Any]:
    last_seen = None if state.last_seen_ms is None else format_timestamp(state.last_seen_ms)
    return {"online": state.online, "lastSeen": last_seen, "firmware": state.firmware}
