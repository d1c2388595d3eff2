"""One operation of the API: where it is, what answers it, and what the documentation says of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cms.role import Right

Call = Callable[[Request], Awaitable[Response]]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the path, the query or a header."""

    name: str
    place: str
    schema: Schema
    meaning: str
    required: bool = False
    example: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """What ``/openapi.json`` says of an endpoint. ``failures`` are the statuses that it may fail with,
    ``status`` the one of its ``answer``; ``conditional``: 304 says that it is what the caller has."""

    name: str
    tag: str
    summary: str
    description: str
    answer: Schema
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[int, ...] = ()
    media: str = "application/json"
    others: Mapping[str, Schema] = field(default_factory=dict)
    """The media types of the answer beside ``media``, and their schemas."""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``method`` and ``path`` as in ``POST /api/mqtt/test``; undocumented without an ``operation``.

    ``right`` is what a caller must have, None where anybody may; ``sends``: it makes the service publish, so
    that its use is limited; ``whole``: it concerns the whole floor, and a caller who is limited to some
    locations may not; ``socket``: it serves WebSockets. What says nothing is for administrators.
    """

    method: str
    path: str
    call: Call
    operation: Operation | None = None
    right: Right | None = Right.ADMINISTER
    sends: bool = False
    whole: bool = False
    socket: bool = False


def routed(endpoints: Iterable[Endpoint]) -> list[Route]:
    """One route for each path, so that a wrong method is told every right one."""
    paths: dict[str, dict[str, Call]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint.call
    return [Route(path, _by_method(calls), methods=list(calls)) for path, calls in paths.items()]


def _by_method(calls: Mapping[str, Call]) -> Call:
    if len(calls) == 1:
        return next(iter(calls.values()))

    async def call(request: Request) -> Response:
        return await calls["GET" if request.method == "HEAD" else request.method](request)

    return call
