"""A CMS whose HTTP is wrong, whatever it is asked (contract, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from features.liars.liar import Liar
from features.pair.cms import Cms
from features.pair.errors import Malformed, Refused
from features.pair.identity import is_id
from features.pair.sending import UPDATE
from features.pair.store import Cabinet


class ErrorAsText(Liar, Cms):
    """Answers a failure as plain text."""

    breaks = "HTTP-1"

    def failure(self, status: int, sentence: str) -> web.Response:
        self.lied()
        return web.Response(status=status, text=sentence)


class TimelessError(Liar, Cms):
    """Answers a failure without its time."""

    breaks = "HTTP-1"

    def failure(self, status: int, sentence: str) -> web.Response:
        self.lied()
        return web.json_response({"success": False, "error": sentence}, status=status)


class SuccessfulError(Liar, Cms):
    """Calls a failure a success."""

    breaks = "HTTP-1"

    def failure(self, status: int, sentence: str) -> web.Response:
        self.lied()
        answer = super().failure(status, sentence)
        answer.text = (answer.text or "").replace("false", "true", 1)
        return answer


class AlwaysOkStatus(Liar, Cms):
    """Answers a failure with 200."""

    breaks = "HTTP-1"

    def failure(self, status: int, sentence: str) -> web.Response:
        self.lied()
        return super().failure(200, sentence)


class WordlessError(Liar, Cms):
    """Refuses a value without naming its field."""

    breaks = "HTTP-2"

    def failure(self, status: int, sentence: str) -> web.Response:
        self.lied()
        return super().failure(status, "Bad request")


class TakesUnknownKeys(Liar, Cms):
    """Passes over keys that nobody knows."""

    breaks = "HTTP-2"

    def check_keys(self, body: Mapping[str, Any], known: tuple[str, ...]) -> None:
        if any(name not in known for name in body):
            self.lied()


class TakesAnyComponent(Liar, Cms):
    """Asks for a component that does not exist."""

    breaks = "HTTP-2"

    def component_of(self, value: object, name: str = "component") -> str:
        if name == "component" and isinstance(value, str) and value in ("wifi", "NET"):
            self.lied()
            return value
        return super().component_of(value, name)


class MakesCabinets(Liar, Cms):
    """Makes a cabinet that does not exist."""

    breaks = "HTTP-3"

    def cabinet_of(self, name: str) -> Cabinet:
        if is_id(name) and name not in self.store.cabinets:
            self.lied()
            self.store.cabinets[name] = Cabinet(name, "e831cdfa8384")
        return super().cabinet_of(name)


class FailsOnNoise(Liar, Cms):
    """Answers 500 to a body that is no JSON."""

    breaks = "HTTP-4"

    def parsed_body(self, raw: bytes) -> dict[str, Any]:
        try:
            return super().parsed_body(raw)
        except Malformed as exc:
            self.lied()
            raise Refused(500, "Internal server error") from exc


class ActsOnNoise(Liar, Cms):
    """Takes a body that it can't read for an empty one, and publishes."""

    breaks = "HTTP-4"

    async def body(self, request: web.Request) -> dict[str, Any]:
        try:
            return await super().body(request)
        except Refused:
            for cabinet in self.store.cabinets.values():
                if request.match_info.get("id") == cabinet.id:
                    self.lied()
                    await self.send(cabinet.relay, self.update("coms", {"comsMode": 0}), UPDATE)
            raise


class TakesAnySize(Liar, Cms):
    """Refuses a body over 64 KiB as any bad one, after reading all of it."""

    breaks = "HTTP-5"

    async def bounded(self, request: web.Request) -> bytes:
        try:
            return await super().bounded(request)
        except Refused as exc:
            self.lied()
            await request.content.read()
            raise Refused(400, "The body is no request") from exc


class TakesAnyType(Liar, Cms):
    """Takes a body that does not say it is JSON."""

    breaks = "HTTP-6"

    def check_type(self, request: web.Request) -> None:
        if request.content_type.lower() != "application/json":
            self.lied()


class RefusesCharset(Liar, Cms):
    """Refuses JSON that names its character set."""

    breaks = "HTTP-6"

    def check_type(self, request: web.Request) -> None:
        super().check_type(request)
        if "charset" in request.headers["Content-Type"]:
            self.lied()
            raise Refused(415, "Content-Type: application/json alone was wanted")
