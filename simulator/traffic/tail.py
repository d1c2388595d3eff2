"""An onlooker at a broker: everything on the floor's topics, for as long as anybody looks."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

import aiomqtt

from simulator.errors import OnlookerError
from wire.address import BrokerAddress

CONNECT_S = 5.0
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 5.0
DEFAULT_PATH = "/mqtt"
"""Where a WebSocket is opened if the URI names no path."""

OnMessage = Callable[[str, bytes, bool], None]
"""Called with topic, payload and whether the broker had kept the message (retained)."""
OnWhole = Callable[[aiomqtt.Message], None]
"""Called with a message as the library has it, for who wants its QoS too."""
OnLink = Callable[[str | None], None]
"""Called with None each time everything is subscribed, and with a sentence each time the broker went away."""


async def follow(
    address: BrokerAddress, filters: tuple[str, ...], on_message: OnMessage, on_link: OnLink
) -> NoReturn:
    """Hand over every message of `filters`, until cancelled.

    A broker that can't be reached at first is an OnlookerError. One that goes away later is tried again for
    ever, after 0.5 s up to 5 s; what is sent meanwhile is not seen.
    """

    def whole(message: aiomqtt.Message) -> None:
        on_message(str(message.topic), message.payload, message.retain)

    await follow_whole(address, filters, whole, on_link, 0)


async def follow_whole(
    address: BrokerAddress, filters: tuple[str, ...], on_message: OnWhole, on_link: OnLink, qos: int
) -> NoReturn:
    """As `follow`, subscribed with this QoS."""
    delay = FIRST_RETRY_S
    seen_once = False
    while True:
        connected = False

        def up() -> None:
            nonlocal connected, seen_once
            connected = seen_once = True
            on_link(None)

        try:
            await _look(address, filters, on_message, up, qos)
        except OnlookerError as exc:
            if not seen_once:
                raise
            if connected:
                delay = FIRST_RETRY_S
                on_link(str(exc))
        await asyncio.sleep(delay * random.uniform(0.8, 1.2))
        delay = min(2 * delay, LAST_RETRY_S)


async def probe(address: BrokerAddress, tls: ssl.SSLContext | None = None) -> None:
    """OnlookerError unless the broker lets us in now."""
    async with look_on(address, tls):
        return


@asynccontextmanager
async def look_on(address: BrokerAddress, tls: ssl.SSLContext | None = None) -> AsyncIterator[aiomqtt.Client]:
    """A client at the broker, which trusts the system's certificates where `tls` is None; OnlookerError if it
    does not let us in, or ends the connection.
    """
    await _answers(address)
    try:
        async with _client(address, tls) as client:
            yield client
    except aiomqtt.MqttError as exc:
        raise OnlookerError(str(address), _why(exc)) from exc


async def _look(
    address: BrokerAddress,
    filters: tuple[str, ...],
    on_message: OnWhole,
    on_up: Callable[[], None],
    qos: int,
) -> NoReturn:
    """One connection, from its start to its loss."""
    async with look_on(address) as client:
        await client.subscribe([(name, qos) for name in filters])
        on_up()
        async for message in client.messages:
            on_message(message)
    raise OnlookerError(str(address), "the broker ended the connection")


async def _answers(address: BrokerAddress) -> None:
    """OnlookerError unless somebody listens there. The library connects in a thread that can't be cancelled,
    so that Ctrl-C would have to wait for an address that never answers; this can be.
    """
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError as exc:
        raise OnlookerError(str(address), f"nothing answered within {CONNECT_S:g} s") from exc
    except OSError as exc:
        raise OnlookerError(str(address), _no_connection(exc)) from exc
    writer.close()


def _client(address: BrokerAddress, tls: ssl.SSLContext | None) -> aiomqtt.Client:
    try:
        return aiomqtt.Client(
            address.host,
            address.port,
            username=address.username,
            password=address.password,
            timeout=CONNECT_S,
            transport="websockets" if address.websocket else "tcp",
            websocket_path=(address.path or DEFAULT_PATH) if address.websocket else None,
            tls_context=(tls or ssl.create_default_context()) if address.tls else None,
        )
    except ssl.SSLError as exc:
        raise OnlookerError(str(address), f"TLS can't be used: {exc}") from exc


def _no_connection(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"its host is not known ({error.strerror})"
    return "no connection" if error.errno is None else os.strerror(error.errno).lower()


def _why(error: aiomqtt.MqttError) -> str:
    """What the library says, without its numbers."""
    text = str(error)
    return text.partition("] ")[2] or text
