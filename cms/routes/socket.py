"""``/api/ws``: the event streams over one WebSocket, both ways (contract, section 7).

The gate asks who comes as it does for any request, and looks at its Origin: a browser opens a socket for any
page, cookies included. What a client says is one JSON object a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from cms import log
from cms.account import Caller
from cms.errors import CmsError, RequestError, UpgradeWanted
from cms.feed import Wanted
from cms.floor_stream import FloorSource
from cms.handlers.live_config import LiveConfig
from cms.handlers.monitoring import Monitoring
from cms.handlers.reach import Reach
from cms.role import Right
from cms.routes.actor import caller_of, charge
from cms.routes.endpoint import Endpoint, Operation
from cms.routes.form import Form
from cms.schemas import TEXT
from cms.scope import scope
from cms.socket_channel import Channel
from cms.sse import EventStream, Streams
from wire.errors import PayloadError, WireError
from wire.jsontext import parse_object, to_bytes

PATH = "/api/ws"
FLOOR = "floor"
MAX_CHANNELS = 16
MAX_MESSAGE = 4096
"""Bytes of what a client says at a time."""

POLICY_VIOLATION = 1008
NOBODY = "nobody is signed in by this any more"

SOCKET = Operation(
    "openSocket",
    "floor",
    "The event streams over a WebSocket",
    'A client says `{"subscribe": "floor"}` (with `location`, `cabinet`, `lastEventId`), `{"subscribe": '
    'RELAY_ID}`, `{"unsubscribe": …}`, or `{"request": COMPONENT, "relayId": …}`, and is sent '
    '`{"channel": …, "frame": …}` with the frames of `GET /api/events` and `GET /api/mqtt/config/subscribe`, '
    f'or `{{"channel": …, "error": …}}`. {MAX_CHANNELS} channels at most; a browser\'s Origin must be this '
    "service. 426 for what is no WebSocket.",
    TEXT,
    failures=(400, 426, 503),
    status=101,
    media="text/plain",
)


class SocketEnded(Response):
    """A socket that was served: there is nothing more to answer."""


class SocketRoutes:
    """Serves sockets; ``stands`` tells whether a caller still is who it was."""

    def __init__(
        self,
        streams: Streams,
        monitoring: Monitoring,
        live: LiveConfig,
        reach: Reach,
        stands: Callable[[Caller], bool],
    ) -> None:
        self._streams = streams
        self._monitoring = monitoring
        self._live = live
        self._reach = reach
        self._stands = stands

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("GET", PATH, self.serve, SOCKET, Right.READ, sends=True, socket=True)]

    async def serve(self, request: Request) -> Response:
        socket = request.scope.get("websocket")
        if not isinstance(socket, WebSocket):
            raise UpgradeWanted(PATH)
        await socket.accept()
        caller = caller_of(request)
        log.event("=", "socket open", user=caller.user)
        session = _Session(self, request, socket, caller)
        await session.run()
        log.event("=", "socket ended", user=caller.user)
        return SocketEnded()

    async def stream(self, name: str, form: Form, caller: Caller) -> EventStream:
        """What the channel ``name`` sends. RequestError, OutOfScope, UnknownCabinet, TooManyStreams."""
        if name == FLOOR:
            cabinet = form.cabinet_id("cabinet") if "cabinet" in form else None
            await self._monitoring.require(cabinet)
            wanted = Wanted(form.optional_text("location"), cabinet, scope())
            last_id, clock_ms = form.optional_text("lastEventId"), self._monitoring.clock_ms
            stream = self._streams.of(FloorSource(self._monitoring.monitor, wanted, last_id, clock_ms))
        else:
            relay_id = Form({"subscribe": name}, ("subscribe",)).relay_id("subscribe")
            await self._reach.check(relay_id)
            stream = self._streams.response(relay_id, masked=not caller.may(Right.ORDER))
        stream.holder = caller
        return stream

    async def ask(self, request: Request, form: Form) -> dict[str, Any]:
        """Ask a SMIB for a component: its answer comes on its channel."""
        relay_id, component = form.relay_id(), form.component("request")
        await charge(request, 2)
        await self._live.ask(relay_id, component)
        return {"channel": relay_id, "requested": component}

    def stands(self, caller: Caller) -> bool:
        return self._stands(caller)


class _Session:
    """One socket, and the channels that its client opened."""

    def __init__(self, routes: SocketRoutes, request: Request, socket: WebSocket, caller: Caller) -> None:
        self._routes = routes
        self._request = request
        self._socket = socket
        self._caller = caller
        self._channels: dict[str, tuple[Channel, asyncio.Task[None]]] = {}
        self._one = asyncio.Lock()

    async def run(self) -> None:
        """Until either side ends it."""
        try:
            while (message := await self._socket.receive())["type"] != "websocket.disconnect":
                if not self._routes.stands(self._caller):
                    await self._socket.close(POLICY_VIOLATION, NOBODY)
                    return
                await self._hear(message.get("text"))
        except WebSocketDisconnect:
            log.detail("=", "socket gone")
        finally:
            await self._leave_all()

    async def _hear(self, said: str | None) -> None:
        channel: dict[str, Any] = {}
        try:
            fields = _object(said)
            verb = next((one for one in VERBS if one in fields), None)
            if verb is None:
                raise RequestError("message", f"one of {', '.join(VERBS)} was wanted")
            form = Form(fields, VERBS[verb])
            named = form.text(verb if verb != "request" else "relayId")
            channel = {"channel": named[:64]}
            await self._do(verb, named, form)
        except (CmsError, WireError) as exc:
            await self._tell({**channel, "error": str(exc)})

    async def _do(self, verb: str, named: str, form: Form) -> None:
        if verb == "request":
            await self._tell(await self._routes.ask(self._request, form))
        elif verb == "unsubscribe":
            known = self._channels.get(named)
            if known is None:
                raise RequestError("unsubscribe", "a channel that is open was wanted")
            known[0].leave()
        else:
            await self._open(named, form)

    async def _open(self, named: str, form: Form) -> None:
        if named in self._channels:
            raise RequestError("subscribe", "a channel that is not open was wanted")
        if len(self._channels) >= MAX_CHANNELS:
            raise RequestError("subscribe", f"at most {MAX_CHANNELS} channels were wanted")
        stream = await self._routes.stream(named, form, self._caller)
        channel = Channel(named, stream, self._say)
        task = asyncio.create_task(self._follow(channel), name=f"socket-{named}")
        self._channels[named] = channel, task

    async def _follow(self, channel: Channel) -> None:
        """Run a channel to its end, and say that it ended; a client that is gone need not be told."""
        try:
            await channel.run()
            await self._tell({"channel": channel.name, "ended": True})
            if not self._routes.stands(self._caller):
                await self._socket.close(POLICY_VIOLATION, NOBODY)
        except (WebSocketDisconnect, RuntimeError):
            log.detail("=", "socket gone", channel=channel.name)
        finally:
            self._channels.pop(channel.name, None)

    async def _leave_all(self) -> None:
        open_now = [*self._channels.values()]
        for channel, _ in open_now:
            channel.leave()
        await asyncio.gather(*(task for _, task in open_now), return_exceptions=True)

    async def _tell(self, fields: Mapping[str, Any]) -> None:
        await self._say(to_bytes(fields).decode())

    async def _say(self, text: str) -> None:
        async with self._one:
            await self._socket.send_text(text)


VERBS = {
    "subscribe": ("subscribe", "location", "cabinet", "lastEventId"),
    "unsubscribe": ("unsubscribe",),
    "request": ("request", "relayId"),
}
"""What a client may say, and what with it."""


def _object(said: str | None) -> dict[str, Any]:
    if said is None:
        raise RequestError("message", "text was wanted, not bytes")
    payload = said.encode("utf-8", "surrogatepass")
    if len(payload) > MAX_MESSAGE:
        raise RequestError("message", f"at most {MAX_MESSAGE} bytes were wanted")
    try:
        return parse_object(payload, unique=True)
    except PayloadError as exc:
        raise RequestError("message", str(exc).removeprefix("payload: ")) from exc


def over_socket(endpoint: Endpoint) -> Callable[[WebSocket], Awaitable[None]]:
    """What serves a WebSocket at ``endpoint``: asked by the gate as any request that is no mere reading."""

    async def served(websocket: WebSocket) -> None:
        scope = {**websocket.scope, "type": "http", "method": "CONNECT", "websocket": websocket}
        response = await endpoint.call(Request(scope))
        if not isinstance(response, SocketEnded):
            await websocket.send_denial_response(response)

    return served
