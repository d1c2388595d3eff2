"""``/api/cabinets/{id}/meters``: what a machine has counted (contract, section 7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.handlers.meters import CabinetMeters, Meters
from cms.role import Right
from cms.routes.answer import answer
from cms.routes.endpoint import Endpoint, Operation, Parameter
from cms.routes.form import Query, cabinet_id
from cms.routes.operations import CABINET
from cms.schemas import CABINET_ID, RELAY_ID, TEXT, TIMESTAMP, listed, record, success

PATH = "/api/cabinets/{cabinetId}/meters"
WAIT_S = 5.0

_COUNT = {"type": "integer", "minimum": 0}
_METER = record(
    {"code": TEXT, "name": TEXT, "value": _COUNT, "unit": {"type": "string", "enum": ["credits", "games"]}}
)
_DATA = {
    "cabinetId": CABINET_ID,
    "relayId": RELAY_ID,
    "at": {**TIMESTAMP, "nullable": True},
    "meters": listed(_METER),
}
READ_METERS = Operation(
    "readMeters",
    "cabinets",
    "Ask a machine for its meters",
    "Sends the contract's SAS long poll 6F to the SMIB and gives what the machine answers, ten meters by "
    "name; credits are the machine's. 504 where nothing came within `wait`, 409 where the SMIB says that its "
    "machine answers no poll (in non-SAS mode, or at another `comsAddr`). Everybody who reads the floor "
    "stream gets them too, as a frame `meters`.",
    success({"data": record(_DATA)}),
    parameters=(
        CABINET,
        Parameter(
            "wait",
            "query",
            {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 30},
            f"Seconds to wait for the machine's answer, {WAIT_S:g} by default",
        ),
    ),
    failures=(400, 404, 409, 503, 504),
)
LAST_METERS = Operation(
    "readLastMeters",
    "cabinets",
    "The meters that a machine told last",
    "Asked for or pushed, with the time; nothing is sent. `at` is null and `meters` empty where nothing was "
    "heard of them since the service started.",
    success({"data": record(_DATA)}),
    parameters=(CABINET,),
    failures=(400, 404, 503),
)


class MeterRoutes:
    """Asks machines, and tells what they said."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", PATH, self.read, READ_METERS, Right.READ, sends=True),
            Endpoint("GET", PATH, self.last, LAST_METERS, Right.READ),
        ]

    async def read(self, request: Request) -> Response:
        cabinet = cabinet_id(request.path_params["cabinetId"])
        wait_s = Query(request, ("wait",)).seconds("wait") or WAIT_S
        return _answer(await self._meters.read(cabinet, wait_s))

    async def last(self, request: Request) -> Response:
        return _answer(await self._meters.last(cabinet_id(request.path_params["cabinetId"])))


def _answer(found: CabinetMeters) -> Response:
    told = {"at": None, "meters": []} if found.reading is None else found.reading.to_document()
    return answer(data={"cabinetId": found.cabinet_id, "relayId": found.relay_id, **told})
