"""``/api/cabinets/{id}/smib-config``: what is ordered of a SMIB (specification, endpoints 1 and 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cms.errors import RequestError
from cms.handlers.cabinets import Cabinets
from cms.handlers.orders import OrderRequest, Orders
from cms.role import Right
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint
from cms.routes.form import Form, cabinet_id, shown
from cms.routes.operations import ORDER, READ_CONFIG
from wire.commands import COMMANDS

PATH = "/api/cabinets/{cabinetId}/smib-config"
PARTS = ("smibConfig", "smibVersion", "machineControl")

_TAG = re.compile(r'(?:W/)?"?([0-9]{1,15})(?:-[0-9a-f]{1,64})?"?')
"""A revision, and what ``conditional.py`` adds to it."""


class SmibConfigRoutes:
    """Reads and writes the stored configuration."""

    def __init__(self, cabinets: Cabinets, orders: Orders) -> None:
        self._cabinets = cabinets
        self._orders = orders

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", PATH, self.order, ORDER, Right.ORDER, sends=True),
            Endpoint("GET", PATH, self.read, READ_CONFIG, Right.READ),
        ]

    async def order(self, request: Request) -> Response:
        cabinet = cabinet_id(request.path_params["cabinetId"])
        order = order_of(await read_object(request), expected_revision(request))
        outcome = await self._orders.give(cabinet, order, actor_of(request))
        queued = {"queued": True} if outcome.queued else {}
        return answer(
            tag(outcome.cabinet.revision),
            data=outcome.cabinet.to_document(),
            mqttSent=outcome.sent,
            **queued,
        )

    async def read(self, request: Request) -> Response:
        standing = await self._cabinets.standing(cabinet_id(request.path_params["cabinetId"]))
        document = standing.cabinet.to_document()
        data = {name: document[name] for name in ("smibConfig", "smibVersion", "relayId")}
        reported = {
            "reported": standing.reported_document(),
            "inStep": standing.in_step,
            "differences": [one.to_document() for one in standing.differences()],
        }
        return answer(tag(standing.cabinet.revision), data={**data, **reported})


def order_of(body: Mapping[str, Any], expected_revision: int | None = None) -> OrderRequest:
    """The order that a body asks for; RequestError for what is no part of one."""
    form = Form(body, PARTS)
    return OrderRequest(
        config=form.object("smibConfig") if "smibConfig" in form else None,
        version=form.object("smibVersion") if "smibVersion" in form else None,
        command=form.one_of("machineControl", COMMANDS) if "machineControl" in form else None,
        expected_revision=expected_revision,
    )


def expected_revision(request: Request) -> int | None:
    """The revision in ``If-Match``: the ``ETag`` of an earlier answer, whatever a proxy did to its quotes
    (INT-51)."""
    seen = request.headers.get("if-match")
    if seen is None or seen.strip() == "*":
        return None
    found = _TAG.fullmatch(seen.strip())
    if found is None:
        raise RequestError(
            "If-Match", f'the ETag of an earlier answer, such as "7", was wanted, not {shown(seen)}'
        )
    return int(found[1])


def tag(revision: int) -> dict[str, str]:
    """The header with which a later edit names this revision."""
    return {"etag": f'"{revision}"'}
