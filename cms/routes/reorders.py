"""``…/smib-config/resync`` and ``…/smib-config/rollback`` (contract, section 7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.errors import RequestError
from cms.handlers.reorders import Reordered, Reorders
from cms.role import Right
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint
from cms.routes.form import Form, Query, cabinet_id
from cms.routes.record_operations import RESYNC, ROLLBACK
from cms.routes.smib_config import PATH, expected_revision, tag


class ReorderRoutes:
    """Orders again what was ordered before."""

    def __init__(self, reorders: Reorders) -> None:
        self._reorders = reorders

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", f"{PATH}/resync", self.resync, RESYNC, Right.ORDER, sends=True),
            Endpoint("POST", f"{PATH}/rollback", self.rollback, ROLLBACK, Right.ORDER, sends=True),
        ]

    async def resync(self, request: Request) -> Response:
        cabinet = cabinet_id(request.path_params["cabinetId"])
        everything = Query(request, ("all",)).boolean("all") is True
        return _answer(await self._reorders.resync(cabinet, actor_of(request), everything=everything))

    async def rollback(self, request: Request) -> Response:
        cabinet = cabinet_id(request.path_params["cabinetId"])
        fields = await read_object(request)
        Form(fields, ("revision",))
        number = fields.get("revision")
        if type(number) is not int or not 1 <= number < 2**53:
            raise RequestError("revision", "a whole number from 1 on was wanted, as the history has them")
        done = await self._reorders.rollback(cabinet, number, actor_of(request), expected_revision(request))
        return _answer(done, kept=list(done.kept))


def _answer(done: Reordered, **more: object) -> Response:
    queued = {"queued": True} if done.outcome.queued else {}
    return answer(
        tag(done.outcome.cabinet.revision),
        data=done.outcome.cabinet.to_document(),
        components=list(done.components),
        **more,
        mqttSent=done.outcome.sent,
        **queued,
    )
