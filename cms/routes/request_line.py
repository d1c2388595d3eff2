"""Every request has an id and two log lines, every answer the headers that make a browser careful.

The id is on every log line that the request causes (see cms/log.py).
"""

from __future__ import annotations

import itertools
import re
import secrets
import time
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cms import log

CAUTION = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
ONLY_HTTPS = (b"strict-transport-security", b"max-age=31536000")
"""Said over https alone: a browser does not come over http again for a year."""
API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")

STARTS = ("http.response.start", "websocket.http.response.start")
WATCHED = ("/healthz", "/readyz", "/metrics")

_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")
_ENCODED_SLASH = re.compile(rb"%2f", re.IGNORECASE)


class RequestLine:
    """ASGI: numbers, logs and dresses every exchange. Outermost, so that nothing is answered without it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._prefix = secrets.token_hex(3)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        request_id = _own_id(scope) or f"{self._prefix}-{next(self._numbers)}"
        scope["request_id"] = request_id
        scope["path"] = _path(scope)
        began = time.perf_counter()
        # Whoever watches the service asks every second: that is not what an operator follows.
        tell = log.detail if scope["path"] in WATCHED else log.event

        async def dressed(message: Message) -> None:
            if message["type"] in STARTS:
                _dress(message, request_id, scope.get("scheme", "http"))
                spent = round((time.perf_counter() - began) * 1000, 1)
                tell(">", "answer", status=message["status"], ms=spent)
            await send(message)

        with log.caused_by(request_id):
            tell("<", "request", method=scope.get("method", "WEBSOCKET"), path=scope["path"])
            return await self._app(scope, receive, dressed)


def _dress(message: Message, request_id: str, scheme: str) -> None:
    headers = list(message.get("headers", ()))
    names = {name for name, _ in headers}
    if API_POLICY[0] not in names:
        headers.append(API_POLICY)
    if scheme in ("https", "wss"):
        headers.append(ONLY_HTTPS)
    message["headers"] = [*headers, *CAUTION, (b"x-request-id", request_id.encode())]


def _own_id(scope: Scope) -> str | None:
    """The id that the caller gave the request, where it can stand in a log line and in a header."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode() if _ID.fullmatch(given) else None


def _path(scope: Scope) -> str:
    """The path with each escape resolved but ``%2F``, which is no separator (RFC 3986, section 2.2).

    So an id with a slash in it is refused as an id, and does not lead to another route.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return unquote(_ENCODED_SLASH.sub(b"%252F", raw).decode("ascii", "replace"))
