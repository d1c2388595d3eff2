"""A broker in virtual time, as the links of a fleet see one: it lets in who comes to it, sends wills, takes
connections over, and hands every message on to whoever keeps them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from simulator.deadlines import Clock, Deadline, Deadlines
from simulator.device.link import LinkSettings, Refusal
from simulator.link.link import LinkListener
from wire.address import BrokerAddress

CONNECT_MS = 5
"""From the first attempt to the SUBACK, on a quiet local network."""
GRACE = 1.5
"""Keepalives that pass before MQTT 3.1.1 calls a silent connection lost (section 3.1.2.10)."""

Keep = Callable[[int, str, bytes, int, bool], None]
"""Given each message in order: milliseconds since 1970, topic, payload, QoS, retain."""


class VirtualBroker:
    """Makes links (`simulator.link.link.Links`) to the brokers at `addresses`; no other exists.

    Calls that a real link makes from the event loop come from the deadlines here.
    """

    def __init__(
        self, addresses: Iterable[BrokerAddress], clock: Clock, deadlines: Deadlines, keep: Keep
    ) -> None:
        self._places = {(address.host, address.port) for address in addresses}
        self.clock = clock
        self.deadlines = deadlines
        self._keep = keep
        self._clients: dict[str, VirtualLink] = {}
        self._hearing: defaultdict[str, list[VirtualLink]] = defaultdict(list)
        self.messages = 0

    def link(self) -> VirtualLink:
        return VirtualLink(self)

    def exists(self, address: BrokerAddress) -> bool:
        return (address.host, address.port) in self._places

    def enter(self, link: VirtualLink, settings: LinkSettings) -> None:
        """A client is connected and subscribed; who has its client id already is thrown out, with its will
        (MQTT 3.1.1, section 3.1.4).
        """
        other = self._clients.get(settings.client_id)
        if other is not None:
            other.lose()
        self._clients[settings.client_id] = link
        for topic in settings.subscriptions:
            self._hearing[topic].append(link)

    def leave(self, link: VirtualLink, settings: LinkSettings, *, clean: bool) -> None:
        """A client is gone; the broker speaks its will where it was not `clean`."""
        if self._clients.get(settings.client_id) is link:
            del self._clients[settings.client_id]
        for topic in settings.subscriptions:
            self._hearing[topic].remove(link)
            if not self._hearing[topic]:
                del self._hearing[topic]
        if not clean:
            self.publish(settings.will_topic, settings.will_payload, settings.qos, False)

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Keep a message, and let those hear it that are subscribed to that topic."""
        self.messages += 1
        self._keep(self.clock(), topic, payload, qos, retain)
        if topic in self._hearing:
            for link in self._hearing[topic]:
                link.hear(topic, payload)


class VirtualLink:
    """One device's link; see `simulator.link.link.Link`."""

    __slots__ = ("_attempt", "_broker", "_frozen", "_listener", "_settings")

    def __init__(self, broker: VirtualBroker) -> None:
        self._broker = broker
        self._attempt: Deadline | None = None
        self._frozen: Deadline | None = None
        self._listener: LinkListener | None = None
        self._settings: LinkSettings | None = None

    def open(self, settings: LinkSettings, listener: LinkListener) -> None:
        self.close(clean=True)

        def decided() -> None:
            self._attempt = None
            if not self._broker.exists(settings.address):
                listener.link_refused(Refusal.UNREACHABLE)
                return
            self._broker.enter(self, settings)
            self._settings, self._listener = settings, listener
            listener.link_up()

        self._attempt = self._in(CONNECT_MS, decided)

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool:
        if self._settings is None:
            return False
        if self._frozen is None:
            self._broker.publish(topic, payload, qos, retain)
        return True

    def close(self, *, clean: bool) -> None:
        """End the connection or the attempt. What is frozen can't say goodbye: its will is sent."""
        if self._attempt is not None:
            self._attempt.cancel()
            self._attempt = None
        settings, self._settings, self._listener = self._settings, None, None
        frozen, self._frozen = self._frozen, None
        if frozen is not None:
            frozen.cancel()
        if settings is not None:
            self._broker.leave(self, settings, clean=clean and frozen is None)

    def freeze(self, frozen: bool) -> None:
        if self._settings is None or frozen == (self._frozen is not None):
            return
        if self._frozen is not None:
            self._frozen.cancel()
            self._frozen = None
        else:
            self._frozen = self._in(int(self._settings.keepalive_s * 1000 * GRACE), self.lose)

    def lose(self) -> None:
        """The broker ended the connection; the client is told behind what happens now."""
        listener = self._listener
        self.close(clean=False)
        if listener is not None:
            self._attempt = self._in(0, listener.link_down)

    def hear(self, topic: str, payload: bytes) -> None:
        """A message for this client comes to it, unless its connection is gone by then."""
        settings = self._settings

        def arrive() -> None:
            if self._listener is not None and self._settings is settings and self._frozen is None:
                self._listener.link_message(topic, payload)

        self._in(0, arrive)

    async def closed(self) -> None:
        """Nothing is ever left over."""

    def _in(self, ms: int, call: Callable[[], None]) -> Deadline:
        return self._broker.deadlines.at(self._broker.clock() + ms, call)
