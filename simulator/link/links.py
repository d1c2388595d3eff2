"""The links of a fleet over paho: one per device, and what they share."""

from __future__ import annotations

import asyncio
import logging
import ssl
from weakref import WeakValueDictionary

from simulator.device.link import LinkSettings, Refusal
from simulator.errors import LinkError
from simulator.link.channel import open_channel
from simulator.link.connection import Connection
from simulator.link.link import LinkListener
from wire.address import BrokerAddress

CONNECTS_UNDER_WAY = 100
"""To one broker at a time: a longer queue stalls in its backlog (design, section 4)."""
CONNECT_TIMEOUT_S = 10.0
SWEEP_S = 1.0

_log = logging.getLogger("simulator.links")


class PahoLinks:
    """Makes links over paho. They share the limit of connects under way, the TLS context and the sweep."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        connects: int = CONNECTS_UNDER_WAY,
        timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        self._tls = tls
        self._connects = connects
        self.timeout_s = timeout_s
        self._gates: WeakValueDictionary[tuple[str, int], asyncio.Semaphore] = WeakValueDictionary()
        self._connections: set[Connection] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    def link(self) -> PahoLink:
        return PahoLink(self)

    @property
    def tls(self) -> ssl.SSLContext:
        """The context for brokers over TLS, made when the first device needs it."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def gate(self, address: BrokerAddress) -> asyncio.Semaphore:
        """What bounds the connects to one broker; a broker that does not answer holds up no other's."""
        place = (address.host, address.port)
        gate = self._gates.get(place)
        if gate is None:
            gate = self._gates[place] = asyncio.Semaphore(self._connects)
        return gate

    def tend(self, connection: Connection) -> None:
        """Keep `connection` alive from now on."""
        self._connections.add(connection)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections and self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    def _sweep(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        for connection in tuple(self._connections):
            connection.keep_alive()


class PahoLink:
    """One device's link; see `simulator.link.link.Link`."""

    def __init__(self, links: PahoLinks) -> None:
        self._links = links
        self._attempt: asyncio.Task[None] | None = None
        self._current: Connection | None = None
        self._leaving: Connection | None = None

    def open(self, settings: LinkSettings, listener: LinkListener) -> None:
        """Begin to connect, in a task that ends when that is decided; `close` cancels it."""
        self.close(clean=True)
        self._attempt = asyncio.get_running_loop().create_task(self._connect(settings, listener))

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool:
        return self._current is not None and self._current.publish(topic, payload, qos, retain)

    def close(self, *, clean: bool) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()
        current, self._current = self._current, None
        if current is not None:
            self._leaving = current
            current.leave(clean=clean)

    def freeze(self, frozen: bool) -> None:
        if self._current is not None:
            self._current.freeze(frozen)

    async def closed(self) -> None:
        if self._leaving is not None:
            await self._leaving.closed.wait()

    async def _connect(self, settings: LinkSettings, listener: LinkListener) -> None:
        await self.closed()
        try:
            async with self._links.gate(settings.address), asyncio.timeout(self._links.timeout_s):
                connection = await self._established(settings)
        except LinkError as exc:
            refusal, why = Refusal(exc.reason), str(exc)
        except TimeoutError:
            refusal, why = Refusal.TIMED_OUT, f"{settings.address}: no answer in {self._links.timeout_s:g} s"
        except Exception as exc:  # noqa: BLE001  a defect here must not leave its device waiting for ever
            _log.exception("! %s link=broken", settings.client_id)
            refusal, why = Refusal.UNREACHABLE, str(exc)
        else:
            self._attempt, self._current = None, connection
            connection.begin(listener)
            return
        _log.debug("! %s refused=%r why=%r", settings.client_id, str(refusal), why)
        self._attempt = None
        listener.link_refused(refusal)

    async def _established(self, settings: LinkSettings) -> Connection:
        address = settings.address
        channel = await open_channel(address, self._links.tls if address.tls else None)
        connection = Connection(channel, settings, self._links)
        try:
            await connection.established
        except BaseException:
            # Clean, because a connection of which nobody was told must not leave a will either.
            self._leaving = connection
            connection.leave(clean=True)
            raise
        return connection
