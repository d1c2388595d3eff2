"""``/api/users``: who may sign in, and what as (issue 4, "Security")."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cms.account import Credential, TokenWish, checked_locations, checked_password, user_name
from cms.errors import RequestError
from cms.handlers.people import Change, People, Person
from cms.role import Right, Role
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint
from cms.routes.form import Form
from cms.routes.people_operations import (
    ADD_USER,
    CHANGE_USER,
    GIVE_TOKEN,
    LIST_USERS,
    READ_USER,
    REMOVE_USER,
    REVOKE,
)
from wire.timestamps import format_timestamp

PATH = "/api/users"
ROLES = tuple(map(str, Role))
MAX_DAYS = 3650
MAX_LABEL = 64
FIELDS = ("role", "locations", "disabled", "password")


class PeopleRoutes:
    """Administers users, for administrators without limits."""

    def __init__(self, people: People) -> None:
        self._people = people

    def endpoints(self) -> list[Endpoint]:
        one = f"{PATH}/{{userName}}"
        rows = (
            ("GET", PATH, self.all, LIST_USERS),
            ("POST", PATH, self.add, ADD_USER),
            ("GET", one, self.one, READ_USER),
            ("PATCH", one, self.change, CHANGE_USER),
            ("DELETE", one, self.remove, REMOVE_USER),
            ("POST", f"{one}/tokens", self.give_token, GIVE_TOKEN),
            ("DELETE", f"{one}/credentials/{{credentialId}}", self.revoke, REVOKE),
        )
        return [
            Endpoint(method, path, call, operation, Right.ADMINISTER, whole=True)
            for method, path, call, operation in rows
        ]

    async def all(self, _request: Request) -> Response:
        found = await self._people.all()
        return answer(data=[_shown(person) for person in found], count=len(found))

    async def one(self, request: Request) -> Response:
        return answer(data=_shown(await self._people.one(_name(request))))

    async def add(self, request: Request) -> Response:
        form = Form(await read_object(request), ("name", *FIELDS))
        name = _checked_name(form.text("name"), "name")
        form.text("password")
        return answer(data=_shown(await self._people.add(name, _change(form), actor_of(request))))

    async def change(self, request: Request) -> Response:
        name = _name(request)
        form = Form(await read_object(request), FIELDS)
        if not any(field in form for field in FIELDS):
            raise RequestError("body", f"at least one of {', '.join(FIELDS)} was wanted")
        return answer(data=_shown(await self._people.change(name, _change(form), actor_of(request))))

    async def remove(self, request: Request) -> Response:
        await self._people.remove(_name(request), actor_of(request))
        return answer()

    async def give_token(self, request: Request) -> Response:
        name = _name(request)
        form = Form(await read_object(request), ("role", "label", "days", "locations"))
        token, secret = await self._people.give_token(name, _wish(form), actor_of(request))
        return answer(token=secret, data=_credential(token))

    async def revoke(self, request: Request) -> Response:
        await self._people.revoke(_name(request), request.path_params["credentialId"], actor_of(request))
        return answer()


def _name(request: Request) -> str:
    return _checked_name(request.path_params["userName"], "userName")


def _checked_name(text: str, field: str) -> str:
    try:
        return user_name(text)
    except ValueError as exc:
        raise RequestError(field, str(exc)) from exc


def _change(form: Form) -> Change:
    return Change(
        role=_role(form),
        locations=_locations(form) if "locations" in form else None,
        disabled=form.flag("disabled") if "disabled" in form else None,
        password=_password(form) if "password" in form else None,
    )


def _wish(form: Form) -> TokenWish:
    label = form.text("label") if "label" in form else ""
    if len(label) > MAX_LABEL or not label.isprintable():
        raise RequestError("label", f"at most {MAX_LABEL} characters that can be printed were wanted")
    days = form.whole("days", 1, MAX_DAYS) if "days" in form else None
    return TokenWish(_role(form), label, days, _locations(form) if "locations" in form else ())


def _role(form: Form) -> Role | None:
    return Role(form.one_of("role", ROLES)) if "role" in form else None


def _locations(form: Form) -> tuple[str, ...]:
    try:
        return checked_locations(form.list("locations"))
    except ValueError as exc:
        raise RequestError("locations", str(exc)) from exc


def _password(form: Form) -> str:
    try:
        return checked_password(form.text("password"))
    except ValueError as exc:
        raise RequestError("password", str(exc)) from exc


def _shown(person: Person) -> dict[str, Any]:
    user = person.user
    return {
        "name": user.name,
        "role": str(user.role),
        "locations": list(user.locations),
        "disabled": user.disabled,
        "credentials": [_credential(one) for one in person.credentials],
    }


def _credential(one: Credential) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "role": str(one.role),
        "label": one.label,
        "locations": list(one.locations),
        "created": format_timestamp(one.created_ms),
        "used": None if one.used_ms is None else format_timestamp(one.used_ms),
        "expires": None if one.expires_ms is None else format_timestamp(one.expires_ms),
    }
