"""``/openapi.json``, generated from the endpoints, and ``/docs``, which needs no other host (INT-52)."""

from __future__ import annotations

import asyncio
import http
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from cms.role import roles_with
from cms.routes.endpoint import Endpoint, Operation, Parameter
from cms.routes.gate import COOKIE
from cms.schemas import reference, schemas
from wire.jsontext import to_bytes

TITLE = "Casino management service"
ABOUT = """\
Stores what each cabinet's SMIB is to be set to, sends it over MQTT, asks devices for their live configuration
and streams what they send.

Every failure is `{"success":false,"error":"a sentence","timestamp":…}`; `problems`, where it is there, names
each refused field. Ids are 1 to 64 characters out of `A-Z a-z 0-9 _ . : -`. Bodies are JSON objects of at
most 64 KiB. Where there are users, `Authorization: Bearer TOKEN` or the cookie of a session is wanted;
`x-roles` names the roles that may. Passwords leave this API on the event stream alone, for those who may
order; elsewhere `***` stands for them, and sent back it means unchanged.
"""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{TITLE}</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/start.js" defer></script>
</head>
<body>
<div id="page">This page needs JavaScript; <a href="/openapi.json">openapi.json</a> does not.</div>
</body>
</html>
"""
START = """\
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
ASSETS: Mapping[str, str] = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}


class ApiDocs:
    """The documentation of ``endpoints``. Nothing is made, or read from disk, before somebody asks."""

    def __init__(self, endpoints: Iterable[Endpoint], version: str) -> None:
        self._endpoints = tuple(endpoints)
        self._version = version
        self._document: bytes | None = None

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/openapi.json", self.document, right=None),
            Endpoint("GET", "/docs", self.page, right=None),
            Endpoint("GET", "/docs/{asset}", self.asset, right=None),
        ]

    async def document(self, _request: Request) -> Response:
        if self._document is None:
            self._document = to_bytes(document(self._endpoints, self._version))
        return Response(self._document, media_type="application/json")

    async def page(self, _request: Request) -> Response:
        return Response(PAGE, headers={"content-security-policy": POLICY}, media_type="text/html")

    async def asset(self, request: Request) -> Response:
        name = request.path_params["asset"]
        if name == "start.js":
            return Response(START, media_type="text/javascript")
        if name not in ASSETS:
            raise HTTPException(404)
        folder = await asyncio.to_thread(_assets)
        return FileResponse(
            folder / name, headers={"cache-control": "max-age=86400"}, media_type=ASSETS[name]
        )


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The OpenAPI 3.0 document: the page of the bundle reads no later one."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        if endpoint.operation is not None:
            described = {**_operation(endpoint.operation), **_security(endpoint)}
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = described
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "version": version, "description": ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas(), "securitySchemes": SCHEMES},
    }


def _security(endpoint: Endpoint) -> dict[str, Any]:
    """Where users exist, a token or a session of one of these roles."""
    if endpoint.right is None:
        return {"security": []}
    roles = [str(role) for role in roles_with(endpoint.right)]
    return {"security": [{}, {"token": []}, {"session": []}], "x-roles": roles}


def _operation(operation: Operation) -> dict[str, Any]:
    body = {} if operation.body is None else {"requestBody": _body(operation)}
    return {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        **body,
        "responses": {
            str(operation.status): _answer(operation),
            **({"304": {"description": "It is what the caller has"}} if operation.conditional else {}),
            **{str(code): _failure(code) for code in operation.failures},
        },
    }


def _body(operation: Operation) -> dict[str, Any]:
    examples = {name: {"value": value} for name, value in operation.examples.items()}
    return {
        "required": True,
        "content": {"application/json": {"schema": operation.body, "examples": examples}},
    }


def _answer(operation: Operation) -> dict[str, Any]:
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in operation.headers.items()
    }
    return {
        "description": "Done",
        "headers": headers,
        "content": {
            media: {"schema": schema}
            for media, schema in {operation.media: operation.answer, **operation.others}.items()
        },
    }


def _failures(operation: Operation) -> dict[str, Any]:
    return {str(code): _failure(code) for code in operation.failures}


def _failure(code: int) -> dict[str, Any]:
    retry = {"Retry-After": {"description": "Seconds", "schema": {"type": "string"}}}
    return {
        "description": http.HTTPStatus(code).phrase,
        "headers": retry if code in (429, 503) else {},
        "content": {"application/json": {"schema": reference("Failure")}},
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    example = {} if parameter.example is None else {"example": parameter.example}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.meaning,
        "schema": parameter.schema,
        **example,
    }


def _assets() -> Path:
    import swagger_ui_bundle  # only when somebody reads the documentation

    return Path(swagger_ui_bundle.swagger_ui_path)
