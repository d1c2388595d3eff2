"""The HTTP side of the control: parse, check the token, call a handler, answer (design, rule 11)."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.control.body import read_body
from simulator.control.handlers import Handlers
from simulator.control.metrics import CONTENT_TYPE, metrics_text
from simulator.control.openapi import document
from simulator.control.operations import OPERATIONS, Operation
from simulator.deadlines import Clock
from simulator.errors import ControlRequestError, FleetPlanError, NoSuchDevice
from simulator.fleet.fleet import Fleet
from simulator.fleet.reading import Reading
from wire.errors import PayloadError
from wire.jsontext import MAX_PAYLOAD, parse_object, to_bytes
from wire.timestamps import format_timestamp

Look = Callable[[], Reading]

UNAUTHORIZED = "Authorization: the token of this fleet was wanted, as Bearer and the token."


def control_app(fleet: Fleet, handlers: Handlers, look: Look, token: str, clock: Clock) -> ASGIApp:
    """The whole interface. Nothing of it is answered without the token. `look` gives the fleet's figures."""

    def failed(status: int, error: str) -> Response:
        timestamp = format_timestamp(clock())
        return _json({"success": False, "error": error, "timestamp": timestamp}, status)

    async def on_error(_: Request, exc: Exception) -> Response:
        return failed(*_failure(exc))

    async def metrics(_: Request) -> Response:
        return Response(metrics_text(fleet, look()), media_type=CONTENT_TYPE)

    async def openapi(_: Request) -> Response:
        return _json(document())

    routes = [_route(operation, handlers) for operation in OPERATIONS]
    routes += [Route("/metrics", metrics), Route("/openapi.json", openapi)]
    handled = (ControlRequestError, FleetPlanError, NoSuchDevice, PayloadError, HTTPException)
    app = Starlette(routes=routes, exception_handlers=dict.fromkeys(handled, on_error))
    return _Guarded(app, token, failed(401, UNAUTHORIZED))


class _Guarded:
    """Lets a request through that has the token."""

    def __init__(self, app: ASGIApp, token: str, refusal: Response) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()
        self._refusal = refusal
        self._refusal.headers["WWW-Authenticate"] = "Bearer"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        allowed = hmac.compare_digest(given, self._wanted)
        await (self._app if allowed else self._refusal)(scope, receive, send)


def _route(operation: Operation, handlers: Handlers) -> Route:
    async def endpoint(request: Request) -> Response:
        given = await _given(operation, request)
        answer = await operation.carry(handlers, read_body(operation.fields, given))
        return _json({"success": True, **answer})

    named: Callable[[Request], Awaitable[Response]] = endpoint
    return Route(operation.path, named, methods=[operation.method], name=operation.carry.__name__)


async def _given(operation: Operation, request: Request) -> dict[str, Any]:
    if operation.method != "POST":
        return {**request.query_params, **request.path_params}
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_PAYLOAD:
            raise HTTPException(413, f"body: at most {MAX_PAYLOAD} bytes were wanted.")
    return parse_object(bytes(received))


def _failure(exc: Exception) -> tuple[int, str]:
    match exc:
        case HTTPException():
            return exc.status_code, exc.detail
        case NoSuchDevice():
            return 404, str(exc)
        case FleetPlanError():
            return 409, str(exc)
        case _:
            return 400, str(exc)


def _json(fields: dict[str, Any], status: int = 200) -> Response:
    return Response(to_bytes(fields), status, media_type="application/json")
