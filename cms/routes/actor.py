"""Who sent a request: the one place that says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from cms.account import Caller
from cms.actor import ANONYMOUS, Actor


def actor_of(request: Request) -> Actor:
    """The user of ``request``, the address it came from and its id."""
    user = request.scope.get("actor_name", ANONYMOUS)
    return Actor(user, request.client.host if request.client else "", request.scope.get("request_id", ""))


def caller_of(request: Request) -> Caller:
    """Whoever passed the gate, which is there for every endpoint that asks for a right."""
    caller: Caller = request.scope["caller"]
    return caller


async def charge_all(request: Request, count: int) -> None:
    """Count what a request has sent: TooManyRequests where its caller may not."""
    take: Callable[..., Awaitable[None]] = request.scope["charge"]
    await take(count=count)


async def charge(request: Request, count: int) -> None:
    """The same for endpoints that send, of which the gate has counted the first."""
    if count > 1:
        await charge_all(request, count - 1)
