"""``/api/session``: signing in, who am I, signing out (issue 4, "Security")."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.account import Caller, checked_password, user_name
from cms.errors import NotSignedIn, RequestError
from cms.handlers.access import Access
from cms.role import RIGHTS, Right, Role
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint, Operation, Parameter
from cms.routes.form import Form, Query
from cms.routes.gate import COOKIE
from cms.routes.operations import BODY_FAILURES
from cms.schemas import FLAG, TEXT, listed, record, success
from wire.timestamps import format_timestamp

PATH = "/api/session"
MAX_PASSWORD = 1024

_WHO = success(
    {
        "signInNeeded": FLAG,
        "user": {**TEXT, "nullable": True},
        "role": {"type": "string", "enum": list(Role), "nullable": True},
        "may": listed({"type": "string", "enum": list(Right)}),
        "locations": {"type": "array", "items": TEXT, "nullable": True},
        "expires": {"type": "string", "format": "date-time", "nullable": True},
    }
)
SIGN_IN = Operation(
    "signIn",
    "session",
    "Sign in with a password",
    "Begins a session, whose cookie is for browsers: HttpOnly, SameSite=Strict, Secure over https. Programs "
    "send a token instead, `Authorization: Bearer TOKEN`, made with `smib-cms users token`.",
    _WHO,
    body=record({"user": TEXT, "password": {**TEXT, "format": "password"}}),
    failures=(*BODY_FAILURES, 401, 429, 503),
)
WHO_AM_I = Operation(
    "readSession",
    "session",
    "Who am I, and what may I do",
    "`user` is null where nobody is signed in. Where there are no users, `signInNeeded` is false. "
    "`locations` are what the caller is limited to, null where it is not.",
    _WHO,
)
SIGN_OUT = Operation(
    "signOut",
    "session",
    "Sign out",
    "Ends the session and its event streams, with `everywhere=true` all sessions of this user. Without a "
    "session it does nothing.",
    success({}),
    parameters=(
        Parameter("everywhere", "query", {"type": "string", "enum": ["true", "false"]}, "All of them"),
    ),
    failures=(400, 503),
)
CHANGE_PASSWORD = Operation(
    "changePassword",
    "session",
    "Change one's own password",
    "Ends all sessions of this user and begins another one; tokens stay.",
    _WHO,
    body=record(
        {
            "old": {**TEXT, "format": "password"},
            "new": {"type": "string", "format": "password", "minLength": 12, "maxLength": 256},
        }
    ),
    failures=(*BODY_FAILURES, 401, 429, 503),
)


class SessionRoutes:
    """Begins and ends sessions."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", PATH, self.sign_in, SIGN_IN, right=None),
            Endpoint("GET", PATH, self.who_am_i, WHO_AM_I, right=None),
            Endpoint("DELETE", PATH, self.sign_out, SIGN_OUT, right=None),
            Endpoint("POST", f"{PATH}/password", self.change_password, CHANGE_PASSWORD, right=None),
        ]

    async def sign_in(self, request: Request) -> Response:
        form = Form(await read_object(request), ("user", "password"))
        try:
            name = user_name(form.text("user"))
        except ValueError as exc:
            raise RequestError("user", str(exc)) from exc
        password = _password(form, "password")
        caller, secret = await self._access.sign_in(name, password, actor_of(request))
        response = self._who(caller)
        _set_cookie(response, request, secret)
        return response

    async def who_am_i(self, request: Request) -> Response:
        return self._who(request.scope.get("caller"))

    async def change_password(self, request: Request) -> Response:
        caller: Caller | None = request.scope.get("caller")
        form = Form(await read_object(request), ("old", "new"))
        if caller is None or caller.kind != "session":
            raise NotSignedIn(stale=False)
        old = _password(form, "old")
        try:
            new = checked_password(form.text("new"))
        except ValueError as exc:
            raise RequestError("new", str(exc)) from exc
        caller, secret = await self._access.change_password(caller, old, new, actor_of(request))
        response = self._who(caller)
        _set_cookie(response, request, secret)
        return response

    async def sign_out(self, request: Request) -> Response:
        everywhere = Query(request, ("everywhere",)).boolean("everywhere") is True
        caller: Caller | None = request.scope.get("caller")
        if caller is not None and caller.kind == "session":
            await self._access.sign_out(caller, actor_of(request), everywhere=everywhere)
        response = answer()
        _set_cookie(response, request, "")
        return response

    def _who(self, caller: Caller | None) -> Response:
        expires_ms = None if caller is None else caller.expires_ms
        return answer(
            signInNeeded=not self._access.open,
            user=None if caller is None or caller.key is None else caller.user,
            role=None if caller is None else str(caller.role),
            may=[] if caller is None else [str(right) for right in Right if right in RIGHTS[caller.role]],
            locations=None
            if caller is None or caller.scope.locations is None
            else sorted(caller.scope.locations),
            expires=None if expires_ms is None else format_timestamp(expires_ms),
        )


def _password(form: Form, name: str) -> str:
    password = form.text(name)
    if not 0 < len(password) <= MAX_PASSWORD:
        raise RequestError(name, f"1 to {MAX_PASSWORD} characters were wanted")
    return password


def _set_cookie(response: Response, request: Request, secret: str) -> None:
    """A cookie that ends with the browser, at once where ``secret`` is empty; the service knows its end."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=None if secret else 0,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
