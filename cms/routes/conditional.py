"""Answers that a reader need not be sent again: ``ETag`` and ``If-None-Match`` (contract, section 7).

A reader keeps what it got, and asks each time whether it still holds: it never shows what is old.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from cms.routes.endpoint import Endpoint, Parameter

TAGS = ("cabinets", "batches", "templates", "firmware")
"""What is read again and again, and often unchanged."""

KEPT = {"cache-control": "private, no-cache", "vary": "authorization, cookie"}
IF_NONE_MATCH = Parameter(
    "If-None-Match", "header", {"type": "string"}, "An ETag that was read: 304 where the answer is the same"
)


def conditional(endpoint: Endpoint) -> Endpoint:
    """``endpoint``, with an ETag of what it answers, where it reads something that is worth it."""
    operation = endpoint.operation
    reads = endpoint.method == "GET" and operation is not None and operation.media == "application/json"
    if operation is None or not reads or operation.tag not in TAGS:
        return endpoint
    call = endpoint.call

    async def answered(request: Request) -> Response:
        response = await call(request)
        if response.status_code != 200:
            return response
        tag = tag_of(response.headers.get("etag"), bytes(response.body))
        headers = {**KEPT, "etag": tag}
        if _matches(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return response

    about = replace(operation, parameters=(*operation.parameters, IF_NONE_MATCH), conditional=True)
    return replace(endpoint, call=answered, operation=about)


def tag_of(revision: str | None, body: bytes) -> str:
    """The tag of an answer: its revision, which an edit names with If-Match, and what it says besides."""
    digest = hashlib.blake2b(body, digest_size=9).hexdigest()
    return f'"{digest}"' if revision is None else f'{revision.rstrip(chr(34))}-{digest}"'


def _matches(asked: str, tag: str) -> bool:
    known = [one.strip().removeprefix("W/") for one in asked.split(",")]
    return tag in known or known == ["*"]
