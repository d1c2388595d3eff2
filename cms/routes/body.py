"""The body of a request: one JSON object of at most 64 KiB that says it is one (contract, section 6)."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request

from cms.errors import BodyTooLarge, BodyTooSlow, ContentTypeUnknown, RequestError
from wire.errors import PayloadError
from wire.jsontext import MAX_PAYLOAD, parse_object

PATIENCE_S = 10.0
"""How long the rest of a body may take to arrive, once its head is here."""


async def read_object(request: Request) -> dict[str, Any]:
    """The object in the body, key order kept; a RequestError says what is wrong with any other body.

    Nothing is read of a body that is of another type or too long by its own account, and no further than to
    the limit of one that does not say how long it is.
    """
    _check_type(request)
    payload = await _payload(request)
    try:
        return parse_object(payload)
    except PayloadError as exc:
        raise RequestError("body", str(exc).removeprefix("payload: ")) from exc


def _check_type(request: Request) -> None:
    seen = request.headers.get("content-type", "")
    media, *parameters = (part.strip().lower() for part in seen.split(";"))
    charsets = {part.replace('"', "") for part in parameters if part}
    if media != "application/json" or not charsets <= {"charset=utf-8", "charset=utf8"}:
        raise ContentTypeUnknown("Content-Type", "application/json", seen)
    coding = request.headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        raise ContentTypeUnknown("Content-Encoding", "none", coding)


async def _payload(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 9 or int(declared) > MAX_PAYLOAD:
        raise BodyTooLarge(MAX_PAYLOAD)
    body = bytearray()
    if not await _read_part(request, body):
        return bytes(body)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await _read_part(request, body):
                pass
    except TimeoutError as exc:
        raise BodyTooSlow(PATIENCE_S) from exc
    return bytes(body)


async def _read_part(request: Request, body: bytearray) -> bool:
    """Add the next part to ``body``; whether more is to come."""
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body += message.get("body", b"")
    if len(body) > MAX_PAYLOAD:
        raise BodyTooLarge(MAX_PAYLOAD)
    return bool(message.get("more_body", False))
