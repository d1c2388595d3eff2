"""Whatever was asked for and refused is in the audit trail (issue 4): around every endpoint that orders."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from cms.cabinet import is_cabinet_id
from cms.errors import CmsError
from cms.handlers.records import Records
from cms.routes.actor import actor_of
from cms.routes.endpoint import Endpoint
from wire.errors import WireError

READS = ("requestConfig", "readMeters", "graphql")
"""Operations that change nothing, or have the refusals of what does recorded themselves."""


def recorded(endpoint: Endpoint, records: Records) -> Endpoint:
    """``endpoint``, its refusals recorded, where it is one that orders something."""
    operation = endpoint.operation
    if endpoint.method == "GET" or operation is None or operation.name in READS:
        return endpoint
    name, call = operation.name, endpoint.call

    async def watched(request: Request) -> Response:
        try:
            return await call(request)
        except (CmsError, WireError) as exc:
            cabinet_id = request.path_params.get("cabinetId", "")
            known = cabinet_id if is_cabinet_id(cabinet_id) else None
            await records.refused(actor_of(request), name, known, exc)
            raise

    return replace(endpoint, call=watched)
