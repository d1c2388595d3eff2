"""``/api/templates``: named configurations (contract, section 7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.errors import RequestError
from cms.handlers.batches import Batches
from cms.handlers.cabinets import Filter
from cms.handlers.orders import OrderRequest
from cms.handlers.templates import NewVersion, Templates
from cms.handlers.wish import Wish
from cms.role import Right
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.batches import WHICH, given, idempotency_key, selection_of
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint
from cms.routes.form import Form, Query, cabinet_id
from cms.routes.smib_config import expected_revision, tag
from cms.routes.template_operations import APPLY, LIST, PUT, READ, REMOVE, STRAYS

PATH = "/api/templates"
MAX_NOTE = 500
MAX_VERSION = 2**31


class TemplateRoutes:
    """Keeps templates, and orders by them."""

    def __init__(self, templates: Templates, batches: Batches) -> None:
        self._templates = templates
        self._batches = batches

    def endpoints(self) -> list[Endpoint]:
        one = f"{PATH}/{{template}}"
        return [
            Endpoint("GET", PATH, self.all, LIST, Right.READ),
            Endpoint("GET", one, self.one, READ, Right.READ),
            Endpoint("PUT", one, self.put, PUT, Right.MANAGE, whole=True),
            Endpoint("DELETE", one, self.remove, REMOVE, Right.MANAGE, whole=True),
            Endpoint("POST", f"{one}/apply", self.apply, APPLY, Right.ORDER, sends=True),
            Endpoint("GET", f"{one}/drift", self.strays, STRAYS, Right.READ),
        ]

    async def all(self, _request: Request) -> Response:
        found = await self._templates.all()
        return answer(data=[template.to_document() for template in found], count=len(found))

    async def one(self, request: Request) -> Response:
        template = await self._templates.one(_name(request))
        versions = [version.to_document() for version in reversed(template.versions)]
        data = {**template.to_document(), "versions": versions}
        return answer(tag(template.latest.number), data=data)

    async def put(self, request: Request) -> Response:
        name = _name(request)
        form = Form(await read_object(request), ("smibConfig", "note"))
        note = form.text("note") if "note" in form else ""
        if len(note) > MAX_NOTE:
            raise RequestError("note", f"at most {MAX_NOTE} characters were wanted")
        new = NewVersion(form.object("smibConfig"), note, expected_revision(request))
        template = await self._templates.put(name, new, actor_of(request))
        return answer(tag(template.latest.number), data=template.to_document())

    async def remove(self, request: Request) -> Response:
        name = _name(request)
        await self._templates.remove(name, actor_of(request))
        return answer(name=name)

    async def apply(self, request: Request) -> Response:
        name = _name(request)
        fields = await read_object(request)
        Form(fields, (*WHICH, "version"))
        number = fields.get("version")
        if "version" in fields and (type(number) is not int or not 1 <= number < MAX_VERSION):
            raise RequestError("version", "a whole number from 1 on was wanted")
        version = await self._templates.version(name, number)
        wish = Wish(selection_of(fields), OrderRequest(), idempotency_key(request), version, name)
        return await given(request, self._batches, wish)

    async def strays(self, request: Request) -> Response:
        query = Query(request, ("version", "q", "location"))
        wanted = Filter(query.optional_text("q"), query.optional_text("location"))
        name, number = _name(request), query.number("version", 1, MAX_VERSION)
        version = await self._templates.version(name, number)
        found = await self._templates.strays(name, number, wanted)
        out = [stray.to_document() for stray in found if stray.in_step is False]
        known = sum(stray.in_step is True for stray in found)
        counts = {"inStep": known, "outOfStep": len(out), "unknown": len(found) - known - len(out)}
        return answer(data=out, count=len(out), version=version.number, counts=counts)


def _name(request: Request) -> str:
    return cabinet_id(request.path_params["template"], "template")
