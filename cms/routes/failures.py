"""What each error means in HTTP: the one place, and the one handler (contract, section 6)."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cms import errors, log
from cms.envelope import failure
from cms.routes.answer import json_answer
from cms.routes.form import shown
from wire.errors import WireError
from wire.timestamps import format_timestamp

STATUS: Mapping[type[Exception], int] = {
    errors.RequestError: 400,
    errors.BodyTooSlow: 408,
    errors.BodyTooLarge: 413,
    errors.ContentTypeUnknown: 415,
    errors.NotSignedIn: 401,
    errors.SignInFailed: 401,
    errors.NotPermitted: 403,
    errors.NotAllowed: 403,
    errors.OutOfScope: 403,
    errors.ForeignOrigin: 403,
    errors.UnknownCabinet: 404,
    errors.UnknownRevision: 404,
    errors.UnknownBatch: 404,
    errors.UnknownTemplate: 404,
    errors.UnknownFirmware: 404,
    errors.KeyReused: 409,
    errors.StaleVersion: 409,
    errors.UnknownUser: 404,
    errors.UnknownCredential: 404,
    errors.UserTaken: 409,
    errors.NoGovernor: 409,
    errors.EditConflict: 409,
    errors.TooManyRequests: 429,
    errors.UpgradeWanted: 426,
    errors.TooManyStreams: 503,
    errors.BrokerUnavailable: 503,
    errors.StoreError: 503,
    errors.DeviceSilent: 504,
    errors.MetersRefused: 409,
    WireError: 400,
}
RETRY_AFTER_S = {errors.TooManyStreams: 5, errors.BrokerUnavailable: 5, errors.StoreError: 1}

MAX_LINGER_BYTES = 1024 * 1024
MAX_LINGER_S = 1.0


class Failures:
    """ASGI: turns whatever ``app`` raises into the error envelope, and nothing into more than a sentence."""

    def __init__(self, app: ASGIApp, clock_ms: Callable[[], int]) -> None:
        self._app = app
        self._clock_ms = clock_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False
        scope["app"] = (
            self  # has the router raise what it does not find, in place of answering in its own words
        )

        async def watch(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            log.event("=", "caller left", request=scope.get("request_id"))
        except Exception as exc:
            answer = self._answer(exc, scope)
            if began:
                raise
            if isinstance(exc, errors.BodyTooLarge | errors.BodyTooSlow):
                answer = Lingering(answer)
            await answer(scope, receive, send)

    def _answer(self, exc: Exception, scope: Scope) -> Response:
        timestamp = format_timestamp(self._clock_ms())
        if isinstance(exc, HTTPException):
            return json_answer(exc.status_code, failure(_route_sentence(exc, scope), timestamp), exc.headers)
        status = _of(exc, STATUS)
        if status is None:
            log.event(
                "!", "unexpected", request=scope.get("request_id"), error=type(exc).__name__, at=_place(exc)
            )
            return json_answer(
                500, failure("Something went wrong inside the CMS; its log says what", timestamp)
            )
        problems = exc.problems if isinstance(exc, errors.RequestError) else ()
        return json_answer(status, failure(str(exc), timestamp, problems), _headers(exc))


class Lingering(Response):
    """An answer to a caller who is still sending: given at once, then the rest is thrown away.

    Closing with unread bytes would reset the connection, and the caller would never read the answer.
    """

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.body, answer.status_code)
        self.raw_headers = [*answer.raw_headers, (b"connection", b"close")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        try:
            async with asyncio.timeout(MAX_LINGER_S):
                await _throw_away(receive)
        except TimeoutError:
            log.event("=", "caller goes on sending", request=scope.get("request_id"))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _throw_away(receive: Receive) -> None:
    seen, more = 0, True
    while more and seen < MAX_LINGER_BYTES:
        message = await receive()
        seen += len(message.get("body", b""))
        more = message.get("more_body", False)


def _of(exc: Exception, table: Mapping[type[Exception], int]) -> int | None:
    return next((table[kind] for kind in type(exc).__mro__ if kind in table), None)


def _headers(exc: Exception) -> dict[str, str]:
    if isinstance(exc, errors.NotSignedIn):
        return {"www-authenticate": "Bearer"}
    retry = exc.retry_s if isinstance(exc, errors.TooManyRequests) else _of(exc, RETRY_AFTER_S)
    return {} if retry is None else {"retry-after": str(retry)}


def _route_sentence(exc: HTTPException, scope: Scope) -> str:
    path = shown(scope["path"])
    if exc.status_code == 405:
        allowed = (exc.headers or {}).get("Allow", "")
        return f"method: {allowed} was wanted for {path}, not {scope['method']}"
    if exc.status_code == 404:
        return f"path: nothing is served at {path}; /docs lists what is"
    return exc.detail


def _place(exc: Exception) -> str:
    """Where ``exc`` was raised, innermost first: a log line holds no traceback."""
    frames = traceback.extract_tb(exc.__traceback__)[-4:]
    return " < ".join(f"{Path(frame.filename).stem}:{frame.lineno}" for frame in reversed(frames))
