"""One connection to the broker, from CONNECT to its end: the only module that knows aiomqtt and paho.

A link is opened once and never again. Whatever it had not delivered when it ended is gone with its paho
client, so that nothing is sent behind the back of a caller who was told that it failed (design, section 4).
Errors of the libraries leave this module as BrokerUnavailable.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from cms.errors import BrokerUnavailable
from cms.mqtt_config import MqttConfig
from cms.sockets import close_sockets_in, reset_at_close, send_at_once

MAX_IN_FLIGHT = 100
"""Publishes that wait for their PUBACK at once; further ones wait for a place before paho sees them."""

ANSWER_S = 10.0
"""Within which the broker acknowledges a SUBSCRIBE or an UNSUBSCRIBE."""

FAREWELL_S = 0.5
GIVEN_UP = "it was given up"
READ_BATCH = 64
"""Messages that are read in one turn of the event loop, before others have theirs."""

Receive = Callable[[str, bytes, bool], None]
"""What takes a message: topic, payload, whether the broker had retained it. It must not raise."""

_SILENT = logging.getLogger("cms.link.paho")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_SILENT.setLevel(logging.CRITICAL + 1)


class Link:
    """An open connection. Made by ``open_link``."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._places = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._waiting: set[asyncio.Timeout] = set()
        self._lost = False

    async def subscribe(self, filters: Sequence[str], qos: int) -> None:
        """Return once the broker granted all filters; BrokerUnavailable if it refuses one."""
        try:
            granted = await self._client.subscribe([(name, qos) for name in filters], timeout=ANSWER_S)
        except (aiomqtt.MqttError, ValueError) as exc:
            raise BrokerUnavailable(f"SUBSCRIBE failed, {_reason(exc)}") from exc
        codes = cast("list[ReasonCode]", granted)
        refused = [name for name, code in zip(filters, codes, strict=False) if code.is_failure]
        if refused:
            raise BrokerUnavailable(f"the broker refuses to subscribe us to {', '.join(refused)}")

    async def unsubscribe(self, name: str) -> None:
        try:
            await self._client.unsubscribe(name, timeout=ANSWER_S)
        except (aiomqtt.MqttError, ValueError) as exc:
            raise BrokerUnavailable(f"UNSUBSCRIBE failed, {_reason(exc)}") from exc

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool, timeout_s: float) -> None:
        """Return once the broker acknowledged (QoS 1) or the socket took it (QoS 0).

        BrokerUnavailable if that does not happen in time. Then the link is cut, because a message that is
        in paho's hands already can't be taken back in any other way.
        """
        handed = False
        try:
            async with asyncio.timeout(timeout_s) as scope:
                self._waiting.add(scope)
                try:
                    async with self._places:
                        if self._lost:
                            raise BrokerUnavailable("the connection was lost")
                        handed = True
                        await self._client.publish(topic, payload, qos, retain, timeout=2 * timeout_s)
                finally:
                    self._waiting.discard(scope)
        except TimeoutError as exc:
            if self._lost:
                raise BrokerUnavailable("the connection was lost before the broker acknowledged") from exc
            why = f"the broker did not acknowledge within {timeout_s:g} s"
            if handed:
                self.cut(why)
            raise BrokerUnavailable(why) from exc
        except (aiomqtt.MqttError, ValueError) as exc:
            raise BrokerUnavailable(f"PUBLISH failed, {_reason(exc)}") from exc

    async def ended(self) -> str:
        """Wait until the connection is lost, and say why."""
        try:
            await anext(self._client.messages)
        except aiomqtt.MqttError as exc:
            return _reason(exc.__cause__ or exc)
        finally:
            self._lose()
        raise AssertionError("the inbox keeps no message")

    async def close(self) -> None:
        """Say DISCONNECT, wait for it a moment, then cut the connection if need be."""
        self._lose()
        self._client.timeout = FAREWELL_S
        with contextlib.suppress(aiomqtt.MqttError):  # it says that the broker did not hear the farewell
            await self._client.__aexit__(None, None, None)
        self._client.cut()

    def cut(self, why: str = GIVEN_UP) -> None:
        """Drop the connection at once, and whatever waits to be sent over it; ended() returns ``why``."""
        self._lost = True
        self._client.cut(why)

    def _lose(self) -> None:
        self._lost = True
        now = asyncio.get_running_loop().time()
        for scope in self._waiting:
            if not scope.expired():
                scope.reschedule(now)


async def open_link(
    config: MqttConfig, identifier: str, tls: ssl.SSLContext | None, receive: Receive, timeout_s: float
) -> Link:
    """Connect, and give the link once the broker accepted; BrokerUnavailable if not within ``timeout_s``.

    ``tls`` is the SSL context, None without TLS. Cancelling leaves no connection behind.
    """
    address = config.address
    client = _Client(
        address.host,
        address.port,
        username=address.username,
        password=address.password,
        identifier=identifier,
        logger=_SILENT,
        inbox=_Inbox(receive),
        clean_session=True,
        transport="websockets" if address.websocket else "tcp",
        websocket_path=(address.path or "/") if address.websocket else None,
        timeout=timeout_s,
        keepalive=config.keepalive_s,
        tls_context=tls,
        max_inflight_messages=2 * MAX_IN_FLIGHT,
    )
    client.pending_calls_threshold = 2 * MAX_IN_FLIGHT
    try:
        await client.__aenter__()
    except asyncio.CancelledError:
        client.give_up()
        raise
    except (aiomqtt.MqttError, OSError, ValueError) as exc:
        client.give_up()
        raise BrokerUnavailable(_reason(exc)) from exc
    return Link(client)


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """Where aiomqtt puts messages: it keeps none, each is handed on at once.

    So there is no queue between the socket and the hub that could overflow: while the hub is busy the socket
    is not read, and TCP holds the broker back. It also saves a task for each message.
    """

    def __init__(self, receive: Receive) -> None:
        super().__init__()
        self._receive = receive
        self.count = 0

    def put_nowait(self, item: aiomqtt.Message) -> None:
        self.count += 1
        payload = item.payload
        self._receive(item.topic.value, payload if type(payload) is bytes else bytes(payload), item.retain)


class _Client(aiomqtt.Client):
    """aiomqtt's client, made to let go: of a connect that hangs, and of a socket that takes nothing more."""

    def __init__(self, *args: Any, inbox: _Inbox, **kwargs: Any) -> None:
        queue_type = cast("type[asyncio.Queue[aiomqtt.Message]]", lambda maxsize: inbox)  # noqa: ARG005
        super().__init__(*args, queue_type=queue_type, **kwargs)
        self._inbox = inbox
        self._settled = threading.Event()
        self._given_up = False
        self._failure: BaseException | None = None

    def _client_connect(self) -> None:
        # aiomqtt runs this in the loop's executor, whose threads the interpreter waits for at exit, while
        # paho's connect() may block for 15 s. So a thread that nobody waits for does it in its place.
        threading.Thread(target=self._connect_apart, name="mqtt-connect", daemon=True).start()
        self._settled.wait()
        if self._failure is not None:
            raise self._failure

    def _connect_apart(self) -> None:
        try:
            super()._client_connect()
        except BaseException as exc:  # noqa: BLE001 - raised again by _client_connect, in the thread that waits
            close_sockets_in(exc)  # paho leaves it open when a handshake of TLS or WebSocket fails
            self._failure = exc
        self._settled.set()
        if self._given_up:
            self.cut()

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:  # noqa: ARG002
        send_at_once(sock)
        # In place of aiomqtt's reader, which takes one message in each turn of the loop: while HTTP keeps the
        # loop busy for milliseconds at a time, that is a few hundred a second, and the broker drops the rest.
        # Not even for a turn beside it: it would take the end of a line that was never connected for nothing.
        self._loop.call_soon_threadsafe(self._watch_readable, sock)

    def _watch_readable(self, sock: Any) -> None:
        if self._client.socket() == sock:
            self._misc_task = self._loop.create_task(self._misc_loop())
            self._loop.add_reader(sock.fileno(), self._read)

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:  # noqa: ARG002
        # aiomqtt would register the number of a socket that may be closed, or somebody else's, by its turn.
        self._loop.call_soon_threadsafe(self._watch_writable, sock)

    def _watch_writable(self, sock: Any) -> None:
        if self._client.socket() == sock:
            self._loop.add_writer(sock.fileno(), self._guarded, self._client.loop_write)

    def _read(self) -> None:
        self._guarded(self._read_batch)
        pending = getattr(self._client.socket(), "pending", None)
        if pending is not None and pending() > 0:
            self._loop.call_soon(self._read)  # what TLS holds already, the loop can't see on the socket

    def _read_batch(self) -> None:
        for _ in range(READ_BATCH):
            count = self._inbox.count
            self._client.loop_read()
            if self._inbox.count == count:
                return

    def _guarded(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as exc:  # noqa: BLE001 - whatever it is, this connection is of no use any more
            self._end(exc)

    def _on_disconnect(self, *args: Any, **kwargs: Any) -> None:
        # aiomqtt would go on waiting for the CONNACK of a connection that the broker has closed.
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError("the connection was lost before CONNACK"))
            self._connected.exception()  # seen, also where nobody waits for it
        super()._on_disconnect(*args, **kwargs)

    def _end(self, exc: Exception) -> None:
        if self._connected.done() and not self._disconnected.done():
            self._disconnected.set_exception(exc)
            self._disconnected.exception()  # seen, also where nobody waits for it

    def give_up(self) -> None:
        """End a connect that has not succeeded, and whatever it may still open."""
        self._given_up = True
        self._settled.set()
        self.cut()

    def cut(self, why: str = GIVEN_UP) -> None:
        """Reset the connection: what waits to be sent is not, and a reader of messages is told."""
        # In its turn, behind an add_reader that aiomqtt may have scheduled for this socket. Where the loop is
        # closed, the process is at its end, and the socket with it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._cut_now, why)

    def _cut_now(self, why: str) -> None:
        sock = self._client.socket()
        if sock is not None and sock.fileno() >= 0:
            reset_at_close(sock)
        self._client._sock_close()
        self._end(aiomqtt.MqttError(why))


def _reason(exc: BaseException) -> str:
    """What a library says, without its codes, as the end of a sentence."""
    text = _CODE.sub("", str(exc))
    if not text or text == "Unspecified error":
        text = "the connection was lost" if isinstance(exc, aiomqtt.MqttCodeError) else type(exc).__name__
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


_CODE = re.compile(r"^\[(code:|Errno )-?\d+\] ")
