"""One MQTT 3.1.1 connection through gmqtt, from CONNECT to its end; a new one is made for every attempt.

gmqtt would reconnect by itself and send again what waited, a LOCK minutes later; both are switched off. That
a message was acknowledged is learnt from the storage of unacknowledged messages, which may be replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gmqtt

from features.pair.address import Broker
from features.pair.errors import Unreachable

KEEPALIVE_S = 60
CONNECT_S = 30.0
ACKNOWLEDGED_S = 5.0
_NEVER = {"reconnect_retries": -2}

Heard = Callable[[str, bytes], None]


@dataclass(frozen=True)
class Will:
    """What the broker says of a client that vanished."""

    topic: str
    payload: bytes


class _Unacknowledged(gmqtt.client.PersistentStorage):  # type: ignore[misc]
    """What was sent at QoS 1 or 2, each with a future for its acknowledgement."""

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: dict[int, asyncio.Future[None]] = {}

    def push_message(self, mid: int, raw_package: bytes) -> None:
        super().push_message(mid, raw_package)
        self.acknowledged.setdefault(mid, asyncio.get_running_loop().create_future())

    def remove_message_by_mid(self, mid: int) -> None:
        super().remove_message_by_mid(mid)
        future = self.acknowledged.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(None)

    def newest(self) -> asyncio.Future[None]:
        return self.acknowledged[next(reversed(self.acknowledged))]


class Link:
    """``lost`` is set when the connection has ended, for whatever reason."""

    def __init__(self, client_id: str, broker: Broker, heard: Heard, will: Will | None = None) -> None:
        quiet = logging.getLogger("gmqtt")
        quiet.setLevel(logging.CRITICAL)
        message = gmqtt.Message(will.topic, will.payload, qos=1) if will else None
        self.broker = broker
        self.lost = asyncio.Event()
        self._waiting = _Unacknowledged()
        self._subscribed: asyncio.Queue[Sequence[int]] = asyncio.Queue()
        self._client = gmqtt.Client(
            client_id, will_message=message, persistent_storage=self._waiting, logger=quiet
        )
        self._client.set_config(_NEVER)
        self._client.on_message = lambda _client, topic, payload, *_: heard(topic, payload)
        self._client.on_disconnect = lambda *_: self.lost.set()
        self._client.on_subscribe = lambda _client, _mid, granted, *_: self._subscribed.put_nowait(granted)
        if broker.username is not None:
            self._client.set_auth_credentials(broker.username, broker.password)

    async def open(self) -> None:
        """Unreachable where the broker refuses or does not answer within 30 s."""
        tls: Any = ssl.create_default_context() if self.broker.tls else False
        attempt = self._client.connect(
            self.broker.host, self.broker.port, tls, KEEPALIVE_S, gmqtt.constants.MQTTv311
        )
        try:
            await self._unless_lost(attempt, CONNECT_S)
        except (OSError, gmqtt.MQTTConnectError) as exc:
            raise Unreachable(f"{self.broker}: {type(exc).__name__}") from exc

    async def subscribe(self, filters: Sequence[str], qos: int) -> None:
        """Returns when the broker has granted them."""
        self._client.subscribe([gmqtt.Subscription(topic, qos) for topic in filters])
        granted = await self._unless_lost(self._subscribed.get(), ACKNOWLEDGED_S)
        if any(code >= 0x80 for code in granted):
            raise Unreachable(f"{self.broker} grants no {', '.join(filters)}")

    async def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        """Returns when the broker has acknowledged it; at once at QoS 0."""
        if self.lost.is_set():
            raise Unreachable(f"{self.broker} is away")
        self._client.publish(topic, payload, qos=qos, retain=retain)
        if qos > 0:
            await self._unless_lost(self._waiting.newest(), ACKNOWLEDGED_S)

    async def close(self) -> None:
        """Says goodbye, so that the broker sends no will."""
        self.lost.set()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):  # wait_for would lose a cancellation that comes meanwhile
                await self._client.disconnect()

    async def _unless_lost(self, wanted: Any, within: float) -> Any:
        work = asyncio.ensure_future(wanted)
        lost = asyncio.ensure_future(self.lost.wait())
        try:
            done, _ = await asyncio.wait({work, lost}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if work not in done:
                raise Unreachable(f"{self.broker} does not answer")
            return work.result()
        finally:
            work.cancel()
            lost.cancel()
