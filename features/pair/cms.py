"""The CMS of the pair: ``python -m features.pair.cms``, told by its environment.

MQTT_URI, MQTT_USERNAME, MQTT_PASSWORD, PORT, HOST, CABINETS (``id=relay,id=relay``), the four topics, and
MQTT_RETAIN_CONFIG as in the contract; STATE is a file that outlives the process, TEST_ENDPOINT=0 or 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from features.pair import clock, payload
from features.pair.console import log, say
from features.pair.desk import Desk
from features.pair.errors import Malformed, Refused, SettingError, Unreachable
from features.pair.reader import Frame
from features.pair.settings import settings_of

HEARTBEAT_S = 5.0
STREAM_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Cms(Desk):
    """HTTP around the desk: parses, calls, and puts what came into the contract's envelopes."""

    def app(self) -> web.Application:
        @web.middleware
        async def enveloped(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self.enveloped(request, handler)

        app = web.Application(middlewares=[enveloped])
        app.add_routes(
            [
                web.post("/api/cabinets/{id}/smib-config", self.post_save),
                web.get("/api/cabinets/{id}/smib-config", self.get_saved),
                web.get("/api/mqtt/config", self.get_form),
                web.post("/api/mqtt/config/request", self.post_ask),
                web.post("/api/mqtt/config/publish", self.post_tell),
                web.get("/api/mqtt/config/subscribe", self.get_stream),
                web.post("/api/mqtt/test", self.post_probe),
                web.get("/api/cabinets", self.get_floor),
                web.get("/healthz", self.get_health),
                web.get("/readyz", self.get_readiness),
            ]
        )
        return app

    async def enveloped(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every failure in one envelope (section 6)."""
        try:
            return await handler(request)
        except Refused as exc:
            return self.failure(exc.status, exc.sentence)
        except Unreachable as exc:
            return self.failure(503, f"The broker is unreachable: {exc}")
        except web.HTTPException as exc:
            return self.failure(exc.status, f"{request.method} {request.path[:200]}: {exc.reason}")

    def failure(self, status: int, sentence: str) -> web.Response:
        log("!", "refused", status=status)
        body = {"success": False, "error": sentence, "timestamp": clock.stamp()}
        return web.json_response(body, status=status)

    def success(self, fields: dict[str, Any], headers: dict[str, str] | None = None) -> web.Response:
        return web.json_response({"success": True, **fields}, headers=headers)

    # Bodies

    async def body(self, request: web.Request) -> dict[str, Any]:
        self.check_type(request)
        raw = await self.bounded(request)
        try:
            return self.parsed_body(raw)
        except Malformed as exc:
            raise Refused(400, f"The body is no request: {exc}") from exc

    def check_type(self, request: web.Request) -> None:
        if request.content_type.lower() != "application/json":
            raise Refused(415, "Content-Type: application/json was wanted")

    async def bounded(self, request: web.Request) -> bytes:
        raw = bytearray()
        async for chunk in request.content.iter_chunked(payload.MOST):
            raw += chunk
            if len(raw) > payload.MOST:
                raise Refused(413, f"The body: at most {payload.MOST} bytes were wanted")
        return bytes(raw)

    def parsed_body(self, raw: bytes) -> dict[str, Any]:
        return payload.parsed(raw)

    # Endpoints

    async def post_save(self, request: web.Request) -> web.Response:
        body = await self.body(request)
        cabinet = self.cabinet_of(request.match_info["id"])
        tag = request.headers.get("If-Match")
        answer = await self.save(cabinet, body, tag.strip('"') if tag else None)
        return self.success(answer, {"ETag": f'"{cabinet.revision}"'})

    async def get_saved(self, request: web.Request) -> web.Response:
        cabinet = self.cabinet_of(request.match_info["id"])
        return self.success(self.read(cabinet), {"ETag": f'"{cabinet.revision}"'})

    async def get_form(self, request: web.Request) -> web.Response:
        return self.success(self.form(self.cabinet_of(request.query.get("cabinetId", ""))))

    async def post_ask(self, request: web.Request) -> web.Response:
        return self.success(await self.ask(await self.body(request)))

    async def post_tell(self, request: web.Request) -> web.Response:
        return self.success(await self.tell(await self.body(request)))

    async def post_probe(self, request: web.Request) -> web.Response:
        return self.success(await self.probe(await self.body(request)))

    async def get_floor(self, _request: web.Request) -> web.Response:
        return self.success(self.floor())

    async def get_health(self, _request: web.Request) -> web.Response:
        return self.success({"mqttConnected": self.link is not None})

    async def get_readiness(self, _request: web.Request) -> web.Response:
        if self.link is None:
            raise Unreachable("not connected")
        return self.success({})

    # The stream

    async def get_stream(self, request: web.Request) -> web.StreamResponse:
        relay = self.relay_of(request.query.get("relayId"))
        response = web.StreamResponse(headers=self.stream_headers())
        reader = self.join(relay)
        beats = asyncio.create_task(self.beat(reader.put, relay))
        try:
            await response.prepare(request)
            await self.show(response, self.connected_frame(relay))
            while True:
                await self.show(response, await reader.next())
        except ConnectionError:
            return response
        finally:
            beats.cancel()
            self.leave(reader)

    def stream_headers(self) -> dict[str, str]:
        return STREAM_HEADERS

    async def show(self, response: web.StreamResponse, frame: Frame) -> None:
        await response.write(b"data: " + payload.written(frame) + b"\n\n")

    async def beat(self, put: Callable[[Frame], None], relay: str) -> None:
        clockwork = asyncio.get_running_loop()
        due = clockwork.time()
        while True:
            due += self.heartbeat_s()
            await asyncio.sleep(due - clockwork.time())
            put(self.heartbeat_frame(relay))

    def heartbeat_s(self) -> float:
        return HEARTBEAT_S

    # The program

    async def serve(self, stopped: asyncio.Event) -> None:
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, self.settings.host, self.settings.port)
        await site.start()
        connection = asyncio.create_task(self.keep_connected())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.attempted.wait(), 5)
        host, port = runner.addresses[0][:2]
        say(f"ready cms url=http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}")
        await stopped.wait()
        connection.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await connection
        await runner.cleanup()


async def run(cms: type[Cms]) -> None:
    """Serves until SIGINT or SIGTERM. SettingError where the environment can't be."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await cms(settings_of(os.environ)).serve(stopped)


def main(cms: type[Cms] = Cms) -> int:
    try:
        asyncio.run(run(cms))
    except SettingError as exc:
        log("!", "setting", why=exc)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
