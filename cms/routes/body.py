"""The body of a request: one JSON object of at most 64 KiB that says it is one (contract, section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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
    payload = await _payload(request, MAX_PAYLOAD)
    try:
        return parse_object(payload, unique=True)
    except PayloadError as exc:
        raise RequestError("body", str(exc).removeprefix("payload: ")) from exc


async def read_text(request: Request, forms: Mapping[str, str], limit: int) -> tuple[str, str]:
    """The text in the body, at most ``limit`` bytes, and its form: ``forms`` names the type of each."""
    media = _check_type(request, *forms.values())
    payload = await _payload(request, limit)
    try:
        return payload.decode(), next(form for form, one in forms.items() if one == media)
    except UnicodeDecodeError as exc:
        raise RequestError("body", f"UTF-8 was wanted, byte {exc.start} of it is not") from exc


def _check_type(request: Request, *wanted: str) -> str:
    """The media type of the body, one of ``wanted``, by default JSON."""
    known = wanted or ("application/json",)
    seen = request.headers.get("content-type", "")
    media, *parameters = (part.strip().lower() for part in seen.split(";"))
    charsets = {part.replace('"', "") for part in parameters if part}
    if media not in known or not charsets <= {"charset=utf-8", "charset=utf8"}:
        raise ContentTypeUnknown("Content-Type", " or ".join(known), seen)
    coding = request.headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        raise ContentTypeUnknown("Content-Encoding", "none", coding)
    return media


async def _payload(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 9 or int(declared) > limit:
        raise BodyTooLarge(limit)
    body = bytearray()
    if not await _read_part(request, body, limit):
        return bytes(body)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await _read_part(request, body, limit):
                pass
    except TimeoutError as exc:
        raise BodyTooSlow(PATIENCE_S) from exc
    return bytes(body)


async def _read_part(request: Request, body: bytearray, limit: int) -> bool:
    """Add the next part to ``body``; whether more is to come."""
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body += message.get("body", b"")
    if len(body) > limit:
        raise BodyTooLarge(limit)
    return bool(message.get("more_body", False))
