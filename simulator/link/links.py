"""The links of a fleet: one per device, and what they share."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from weakref import WeakValueDictionary

from simulator.device.link import LinkSettings, Refusal
from simulator.errors import LinkError
from simulator.link.channel import Place
from simulator.link.connection import Connection
from simulator.link.gate import Gate
from simulator.link.link import LinkListener
from simulator.link.poll import Poll
from simulator.link.wheel import Wheel
from wire.address import BrokerAddress

CONNECTS_UNDER_WAY = 100
"""To one broker at a time: a longer queue stalls in its backlog (design, section 4)."""
CONNECT_TIMEOUT_S = 10.0

_log = logging.getLogger("simulator.links")


class MqttLinks:
    """Makes links over MQTT 3.1.1. They share the limit of connects under way, the TLS context, the poll and
    the keepalives; see `simulator.link.keeper.Keeper`.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        own_tls: ssl.SSLContext | None = None,
        connects: int = CONNECTS_UNDER_WAY,
        timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        self._tls, self._own_tls = tls, own_tls
        self._connects = connects
        self.timeout_s = timeout_s
        self.poll = Poll()
        self.joining = 0
        self.now_s = time.monotonic
        self._wheel = Wheel()
        self.look_after = self._wheel.put
        self.look_no_more = self._wheel.drop
        self._gates: WeakValueDictionary[tuple[str, int], Gate] = WeakValueDictionary()
        self._soon: list[Connection] = []

    def link(self) -> MqttLink:
        return MqttLink(self)

    @property
    def tls(self) -> ssl.SSLContext:
        """The context for brokers over TLS, made when the first device needs it."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def tls_for(self, settings: LinkSettings) -> ssl.SSLContext | None:
        """The context for a connection: those with certificates of their own have one among them, which shows
        one after the other and would show the last to everybody.
        """
        if not settings.address.tls:
            return None
        if settings.certificate is None:
            return self.tls
        if self._own_tls is None:
            self._own_tls = ssl.create_default_context()
        return self._own_tls

    def gate(self, address: BrokerAddress) -> Gate:
        """What bounds the connects to one broker; a broker that does not answer holds up no other's."""
        place = (address.host, address.port)
        gate = self._gates.get(place)
        if gate is None:
            gate = self._gates[place] = Gate(address, self._connects)
        return gate

    def soon(self, connection: Connection) -> None:
        if not self._soon:
            asyncio.get_running_loop().call_soon(self._turn)
        self._soon.append(connection)

    def _turn(self) -> None:
        soon, self._soon = self._soon, []
        for connection in soon:
            connection.ready(0)


class MqttLink:
    """One device's link; see `simulator.link.link.Link`."""

    __slots__ = (
        "_connection",
        "_gate",
        "_inside",
        "_leaving",
        "_links",
        "_listener",
        "_places",
        "_settings",
        "_timer",
        "_waiting",
    )

    def __init__(self, links: MqttLinks) -> None:
        self._links = links
        self._settings: LinkSettings | None = None
        self._listener: LinkListener | None = None
        self._connection: Connection | None = None
        self._leaving = False
        self._gate: Gate | None = None
        self._inside = False
        self._places: tuple[Place, ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: list[asyncio.Future[None]] | None = None

    def open(self, settings: LinkSettings, listener: LinkListener) -> None:
        self.close(clean=True)
        self._settings, self._listener = settings, listener
        if self._connection is None:
            self._queue()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool:
        connection = self._connection
        return connection is not None and connection.publish(topic, payload, qos, retain)

    def close(self, *, clean: bool) -> None:
        self._settings = self._listener = None
        self._depart()
        if self._connection is not None:
            self._leaving = True
            self._connection.leave(clean=clean)

    def freeze(self, frozen: bool) -> None:
        if self._connection is not None:
            self._connection.freeze(frozen)

    async def closed(self) -> None:
        if not self._leaving:
            return
        gone = asyncio.get_running_loop().create_future()
        self._waiting = [*(self._waiting or ()), gone]
        await gone

    def admit(self, gate: Gate, places: tuple[Place, ...]) -> bool:
        """The gate's word that it is our turn."""
        if gate is not self._gate or self._inside:
            return False
        self._inside = True
        self._places = places
        loop, timeout_s = asyncio.get_running_loop(), self._links.timeout_s
        self._timer = loop.call_later(timeout_s, self._give_up)
        self._connect()
        return True

    def turn_away(self, gate: Gate, reason: Refusal, why: str) -> None:
        """The gate's word that there is no way."""
        if gate is self._gate and not self._inside:
            self._refuse(reason, why)

    def opened(self) -> LinkListener:
        self._depart()
        listener, self._settings, self._listener = self._listener, None, None
        assert listener is not None
        return listener

    def ended(self) -> None:
        self._connection = None
        self._leaving = False
        waiting, self._waiting = self._waiting, None
        for gone in waiting or ():
            if not gone.done():
                gone.set_result(None)
        if self._settings is not None and self._gate is None:
            self._queue()

    def refused(self, reason: Refusal, why: str) -> None:
        if reason is Refusal.UNREACHABLE and self._places:
            self._connect()
        else:
            self._refuse(reason, why)

    def _queue(self) -> None:
        assert self._settings is not None
        self._gate = self._links.gate(self._settings.address)
        self._gate.enter(self)

    def _connect(self) -> None:
        """Try the next place at which the broker's host is."""
        settings = self._settings
        assert settings is not None
        place, *rest = self._places
        self._places = tuple(rest)
        tls = self._links.tls_for(settings)
        try:
            self._connection = Connection(settings, place, tls, self._links, self)
        except LinkError as exc:
            self.refused(Refusal(exc.reason), str(exc))
        except (OSError, ValueError) as exc:
            self.refused(Refusal.UNREACHABLE, f"{settings.address}: {exc}")

    def _give_up(self) -> None:
        why = f"no answer in {self._links.timeout_s:g} s"
        self._places = ()
        if self._connection is not None:
            self._connection.fail(Refusal.TIMED_OUT, why)

    def _refuse(self, reason: Refusal, why: str) -> None:
        settings, listener = self._settings, self._listener
        self._settings = self._listener = None
        self._depart()
        assert settings is not None
        assert listener is not None
        _log.debug("! %s refused=%r why=%r", settings.client_id, str(reason), why)
        listener.link_refused(reason)

    def _depart(self) -> None:
        """Be in no queue and inside of no gate any more."""
        gate, inside, self._gate, self._inside = self._gate, self._inside, None, False
        self._places = ()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if gate is not None and inside:
            gate.leave()
