"""``/api/batches``: one order to many cabinets (contract, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cms.cabinet import is_cabinet_id
from cms.envelope import success
from cms.errors import RequestError
from cms.handlers.batches import Batches
from cms.handlers.cabinets import Filter
from cms.handlers.selection import MAX_CABINETS, Selection
from cms.handlers.wish import Wish
from cms.progress import Progress
from cms.role import Right
from cms.routes.actor import actor_of, charge
from cms.routes.answer import answer, json_answer
from cms.routes.batch_operations import GIVE, LIST, READ
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint
from cms.routes.form import Form, Query, cabinet_id
from cms.routes.smib_config import PARTS, order_of
from cms.smib_state import STATES
from wire.jsontext import json_type

PATH = "/api/batches"
MAX_WORD = 256
LISTED = 20
MAX_LISTED = 200
WHICH = ("cabinets", "selection")
DESCRIPTION = ("location", "state", "firmware", "q", "online", "drift", "all")


class BatchRoutes:
    """Orders at many cabinets, and tells how far that is."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", PATH, self.give, GIVE, Right.ORDER, sends=True),
            Endpoint("GET", PATH, self.all, LIST, Right.READ),
            Endpoint("GET", f"{PATH}/{{batchId}}", self.one, READ, Right.READ),
        ]

    async def give(self, request: Request) -> Response:
        fields = await read_object(request)
        Form(fields, (*WHICH, *PARTS))
        wish = Wish(
            selection_of(fields),
            order_of({name: value for name, value in fields.items() if name in PARTS}),
            idempotency_key(request),
        )
        return await given(request, self._batches, wish)

    async def all(self, request: Request) -> Response:
        limit = Query(request, ("limit",)).number("limit", 1, MAX_LISTED) or LISTED
        found = await self._batches.last(limit)
        return answer(data=[batch.summary() for batch in found], count=len(found))

    async def one(self, request: Request) -> Response:
        batch_id = cabinet_id(request.path_params["batchId"], "batchId")
        query = Query(request, ("state",))
        progress = Progress(query.one_of("state", tuple(Progress))) if "state" in query else None
        return answer(data=(await self._batches.one(batch_id)).shown(progress))


async def given(request: Request, batches: Batches, wish: Wish) -> Response:
    """202: it is stored, and on its way; with ``dryRun`` who it would be given to."""
    if Query(request, ("dryRun",)).boolean("dryRun"):
        cabinets = await batches.preview(wish)
        return answer(dryRun=True, cabinets=[one.id for one in cabinets], count=len(cabinets))
    batch = await batches.give(wish, actor_of(request), partial(charge, request))
    return json_answer(202, success(data=batch.shown()), {"location": f"{PATH}/{batch.id}"})


def idempotency_key(request: Request) -> str | None:
    """The caller's own name for a request."""
    key = request.headers.get("idempotency-key")
    return None if key is None else cabinet_id(key, "Idempotency-Key")


def selection_of(fields: Mapping[str, Any]) -> Selection:
    """The cabinets that a body names; RequestError."""
    if ("cabinets" in fields) == ("selection" in fields):
        raise RequestError("cabinets", "either cabinets, a list of ids, or a selection was wanted")
    if "cabinets" in fields:
        return Selection(_ids(fields["cabinets"]))
    described = Form(fields, fields).object("selection")
    form = Form(described, DESCRIPTION)
    if not described or described.get("all", True) is not True:
        wanted = f"an object with at least one of {', '.join(DESCRIPTION)} was wanted; all may be true"
        raise RequestError("selection", wanted)
    if "all" in described and len(described) > 1:
        raise RequestError("selection.all", "it was wanted alone, or not at all")
    text, location = _word(form, "q"), _word(form, "location")
    found = Filter(text, location, _flag(described, "online"), _flag(described, "drift"))
    state = form.one_of("state", STATES) if "state" in form else None
    return Selection(None, found, state, _word(form, "firmware"))


def _flag(described: Mapping[str, Any], name: str) -> bool | None:
    flag = described.get(name)
    if name in described and not isinstance(flag, bool):
        raise RequestError(f"selection.{name}", "true or false was wanted")
    return flag


def _word(form: Form, name: str) -> str | None:
    if name not in form:
        return None
    text = form.text(name)
    if not 1 <= len(text) <= MAX_WORD:
        raise RequestError(f"selection.{name}", f"1 to {MAX_WORD} characters were wanted")
    return text


def _ids(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise RequestError("cabinets", f"a list of ids was wanted, not {json_type(value)}")
    if not 1 <= len(value) <= MAX_CABINETS:
        raise RequestError("cabinets", f"1 to {MAX_CABINETS} ids were wanted, not {len(value)}")
    for place, one in enumerate(value):
        if not isinstance(one, str) or not is_cabinet_id(one):
            raise RequestError(f"cabinets[{place}]", "the id of a cabinet was wanted")
    if len(set(value)) != len(value):
        raise RequestError("cabinets", "each id was wanted once")
    return tuple(value)
