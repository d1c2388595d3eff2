"""``/api/fields``: what each configuration field may hold, from the one table that says so (section 3).

A form learns from it what to offer, and asks it, while somebody types, what a device would refuse. Nothing is
stored or sent.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cms.errors import RequestError
from cms.role import Right
from cms.routes.answer import answer
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint, Operation
from cms.routes.form import Form
from cms.schemas import COMPONENT, FLAG, TEXT, listed, record, success
from wire.components import COMPONENTS
from wire.fields import Field

_NUMBER = {"type": "integer", "nullable": True}
_RULE = record(
    {
        "name": TEXT,
        "type": {"type": "string", "enum": ["number", "text"]},
        "meaning": TEXT,
        "wanted": TEXT,
        "low": _NUMBER,
        "high": _NUMBER,
        **dict.fromkeys(("secret", "readOnly", "optional"), FLAG),
    }
)
_PROBLEM = record({"field": TEXT, "wanted": TEXT})

FIELDS = Operation(
    "listFields",
    "fields",
    "What each configuration field may hold",
    "By component, in the order in which a device answers them. `low` and `high` are the smallest and the "
    "largest number, or the fewest and the most bytes of UTF-8, where a field is that simple.",
    success({"data": {"type": "object", "additionalProperties": listed(_RULE)}}),
)
CHECK = Operation(
    "checkFields",
    "fields",
    "Judge values as a SMIB would",
    "Tells every field that would be refused. Nothing is stored, and nothing is sent.",
    success({"component": COMPONENT, "problems": listed(_PROBLEM)}),
    body=record({"component": COMPONENT, "values": {"type": "object", "minProperties": 1}}),
    examples={"channel": {"component": "net", "values": {"netStaChan": 15}}},
    failures=(400, 408, 413, 415),
)


class FieldRoutes:
    """Tells the rules, and applies them."""

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/api/fields", self.rules, FIELDS, Right.READ),
            Endpoint("POST", "/api/fields/check", self.check, CHECK, Right.READ),
        ]

    async def rules(self, _request: Request) -> Response:
        return answer(data={name: [_rule(field) for field in part] for name, part in COMPONENTS.items()})

    async def check(self, request: Request) -> Response:
        form = Form(await read_object(request), ("component", "values"))
        name, values = form.component(), form.object("values")
        if not values:
            raise RequestError("values", "at least one field was wanted")
        problems = COMPONENTS[name].problems(values)
        told = [{"field": p.field.removeprefix(f"{name}."), "wanted": p.wanted} for p in problems]
        return answer(component=name, problems=told)


def _rule(field: Field) -> dict[str, Any]:
    low, high = field.bounds or (None, None)
    return {
        "name": field.name,
        "type": "number" if field.type is int else "text",
        "meaning": field.meaning,
        "wanted": field.wanted.rstrip(","),
        "low": low,
        "high": high,
        "secret": field.secret,
        "readOnly": field.read_only,
        "optional": field.optional,
    }
