"""What a query may name: what the documentation says of the endpoint, and nothing else.

A filter with a slip of the pen would else be no filter, and show, or order, everything.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from cms.errors import RequestError
from cms.routes.endpoint import Endpoint
from cms.routes.form import bare
from wire.errors import Problem

MAX_TOLD = 10


def strict(endpoint: Endpoint) -> Endpoint:
    """``endpoint``, which refuses a query that names what it does not know."""
    operation, call = endpoint.operation, endpoint.call
    if operation is None:
        return endpoint
    known = [parameter.name for parameter in operation.parameters if parameter.place == "query"]
    wanted = f"unknown, {', '.join(known)} can be given" if known else "unknown, nothing can be given here"

    async def checked(request: Request) -> Response:
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise RequestError.of([Problem(bare(name), wanted) for name in unknown[:MAX_TOLD]])
        return await call(request)

    failures = tuple(sorted({*operation.failures, 400}))
    return replace(endpoint, call=checked, operation=replace(operation, failures=failures))
