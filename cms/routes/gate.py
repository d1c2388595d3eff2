"""The one place where a caller is asked who it is and whether it may (issue 4, "Security").

Every endpoint goes through ``Gate.guarded`` where the routes are composed. It names the right that it asks
for, None where anybody may; ``cms/role.py`` says who has which.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from limits.aio.storage import Storage
from starlette.requests import Request
from starlette.responses import Response

from cms.account import OPEN, Caller
from cms.errors import ForeignOrigin, NotAllowed, NotSignedIn, OutOfScope, TooManyRequests
from cms.handlers.access import Access
from cms.handlers.records import Records
from cms.limit import Limit
from cms.role import Right, roles_with
from cms.routes.actor import actor_of
from cms.routes.endpoint import Call, Endpoint, Operation
from cms.scope import NOWHERE, seeing
from cms.setting_values import is_loopback
from cms.sse import EventStream

COOKIE = "cms_session"
UNATTENDED = "x-unattended"
"""Header of a request that the page makes by itself: it keeps no session from ending for being idle."""
READS = ("GET", "HEAD")
REFUSALS = (NotSignedIn, NotAllowed, OutOfScope, ForeignOrigin, TooManyRequests)
"""What is in the audit trail: who did not get in, and why."""
STRANGERS = 600
"""Requests in a minute from one address with something that does not count as a credential."""


class Gate:
    """Guards endpoints. ``orders_per_minute``: what one caller may have sent to SMIBs, 0 without limit.

    ``local``: only this machine reaches the service, so that a request for another host's name comes from a
    page that tricked a browser into calling this machine by that name.
    """

    def __init__(
        self,
        access: Access,
        records: Records,
        counters: Storage,
        *,
        orders_per_minute: int,
        local: bool,
    ) -> None:
        self._access = access
        self._records = records
        self._orders = Limit("orders to SMIBs", orders_per_minute, counters)
        self._strangers = Limit("requests with a credential that does not count", STRANGERS, counters)
        self._local = local

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """``endpoint``, asked first; what it may refuse is in its documentation as well."""
        operation = endpoint.operation
        return replace(
            endpoint,
            call=self._asking(endpoint),
            operation=None if operation is None else _documented(operation, endpoint),
        )

    def _asking(self, endpoint: Endpoint) -> Call:
        name = endpoint.operation.name if endpoint.operation is not None else endpoint.path

        async def asking(request: Request) -> Response:
            try:
                caller = await self._admitted(request, endpoint)
            except REFUSALS as exc:
                await self._records.refused(actor_of(request), name, None, exc)
                raise
            with seeing(NOWHERE if caller is None else caller.scope):
                response = await endpoint.call(request)
            if isinstance(response, EventStream):
                response.holder = caller
            return response

        return asking

    async def _identified(self, request: Request) -> Caller | None:
        """Who shows a session or a token that counts; without one everybody, or None where that is nobody."""
        kind, secret = _shown(request)
        if not secret:
            return OPEN if self._access.open else None
        try:
            caller = await self._access.caller(secret, attended=UNATTENDED not in request.headers)
        except NotSignedIn:
            await self._strangers.take(actor_of(request).address)
            return None
        return caller if caller.kind in (kind, None) else None

    async def _admitted(self, request: Request, endpoint: Endpoint) -> Caller | None:
        """The caller, None where nobody has to be one here; else one of REFUSALS."""
        caller = await self._identified(request)
        if caller is not None:
            request.scope["caller"] = caller
            request.scope["actor_name"] = caller.user
        if request.method not in READS:
            _refuse_foreign(request, caller)
        if endpoint.right is not None:
            self._check(request, caller, endpoint, endpoint.right)
        key = caller.user if caller and caller.key else actor_of(request).address
        request.scope["charge"] = partial(self._orders.take, key)
        if endpoint.sends:
            await self._orders.take(key)
        return caller

    def _check(self, request: Request, caller: Caller | None, endpoint: Endpoint, right: Right) -> None:
        if caller is None:
            raise NotSignedIn(stale=bool(_shown(request)[1]))
        if caller.key is None and self._local:
            _refuse_other_host(request)
        if not caller.may(right):
            raise NotAllowed(caller.role, right, roles_with(right))
        if endpoint.whole and not caller.scope.whole:
            raise OutOfScope("This concerns the whole floor")


def _shown(request: Request) -> tuple[str, str]:
    """What the request has to show, as its kind and its secret."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return "token", token.strip()
    return "session", request.cookies.get(COOKIE, "")


def _refuse_foreign(request: Request, caller: Caller | None) -> None:
    """A browser adds cookies, and reaches this machine, for any page: it must say that it acts for ours."""
    if caller is not None and caller.kind == "token":
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise ForeignOrigin("Sec-Fetch-Site", "same-origin was wanted")
    elif origin is not None:
        if _host(origin.partition("://")[2]) != _host(request.headers.get("host", "")):
            raise ForeignOrigin("Origin", "this service's own was wanted")
    elif caller is not None and caller.kind == "session":
        raise ForeignOrigin("Origin", "it was wanted with a session's cookie; a program sends a token")


def _refuse_other_host(request: Request) -> None:
    host = request.headers.get("host", "localhost")
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if not is_loopback(name):
        wanted = "localhost, or a loopback address, was wanted as long as nobody has to sign in"
        raise ForeignOrigin("Host", wanted)


def _host(text: str) -> str:
    return text.strip().lower()


def _documented(operation: Operation, endpoint: Endpoint) -> Operation:
    """With what the gate itself may answer: 429 and 503 to whoever shows what has to be looked up."""
    asked = () if endpoint.right is None else (401, 403)
    foreign = () if endpoint.method == "GET" else (403,)
    failures = sorted({*operation.failures, *asked, *foreign, 429, 503})
    return replace(operation, failures=tuple(failures))
