"""``/openapi.json`` of the control, generated from its operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.control.body import BodyField
from simulator.control.operations import OPERATIONS, Operation

VERSION = "0.1.0"
ABOUT = """\
Looks inside the devices of a running fleet and interferes with them. Every request needs the token, as
`Authorization: Bearer …`. Whom a request is for: `relayId`, `group`, `location`, or `all`; several narrow it
down.
Every failure is `{"success":false,"error":"a sentence","timestamp":…}`."""


def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {
        "/metrics": {
            "get": {
                "summary": "the fleet in figures, for Prometheus",
                "responses": {"200": {"description": "text", "content": {"text/plain": {}}}},
            }
        }
    }
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Fleet control", "version": VERSION, "description": ABOUT},
        "security": [{"token": []}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": operation.carry.__name__,
        "responses": {
            "200": {"description": "done", "content": _json({"type": "object"})},
            **{status: {"description": says} for status, says in _FAILURES.items()},
        },
    }
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    if operation.method == "POST":
        described["requestBody"] = {"required": True, "content": _json(_body(operation.fields))}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.method == "POST":
        return []
    return [
        {
            "name": name,
            "in": "path" if name in operation.in_path else "query",
            "required": field.required,
            "description": field.meaning,
            "schema": dict(field.schema),
        }
        for name, field in operation.fields.items()
    ]


def _body(fields: Mapping[str, BodyField]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {n: {"description": f.meaning, **f.schema} for n, f in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
    }


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": dict(schema)}}


_FAILURES = {
    "400": "the request is wrong; the error names every field",
    "401": "the token is wrong or missing",
    "404": "no such device",
}
