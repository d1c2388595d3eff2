"""What leaves for a SMIB, on its way from a request to the broker.

Two doors, because an order may wait between them: ``Intake`` is where it comes in, stored already, in the
task of the request; ``Outgoing`` is where it leaves, perhaps much later, in the task of the outbox. Each
tells the monitor, and the second one logs under the request that came in at the first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from cms import log
from cms.errors import BrokerUnavailable, CmsError
from cms.monitor import Monitor
from cms.store.entry import OutboxEntry
from wire.errors import WireError
from wire.orders import Command, ConfigRequest, ConfigUpdate, Order, order_from

REMEMBERED = 4096
"""Of how many orders that wait it is known which request gave them."""


class Link(Protocol):
    """The MQTT service, as far as orders need it."""

    def is_connected(self) -> bool: ...

    async def publish(self, order: Order, relay_id: str) -> None: ...

    async def request_config(self, relay_id: str, component: str) -> None: ...

    async def publish_config(self, relay_id: str, config: Mapping[str, Any]) -> None: ...


class Sender(Protocol):
    """The outbox, as far as an order needs it."""

    async def deliver(self, entries: Sequence[OutboxEntry], timeout: float) -> bool: ...

    def learn(self, entries: Sequence[OutboxEntry]) -> None: ...


class Origins:
    """Which request gave the newest order of a kind to a relay."""

    def __init__(self) -> None:
        self._requests: OrderedDict[tuple[str, str], str] = OrderedDict()

    def remember(self, relay_id: str, order: Order) -> None:
        request = log.request()
        if request is None:
            self._requests.pop((relay_id, _kind(order)), None)
            return
        self._requests[relay_id, _kind(order)] = request
        self._requests.move_to_end((relay_id, _kind(order)))
        if len(self._requests) > REMEMBERED:
            self._requests.popitem(last=False)

    def of(self, relay_id: str, order: Order) -> str | None:
        """The request that is under way, or else the one that gave this order."""
        return log.request() or self._requests.get((relay_id, _kind(order)))


class Outgoing:
    """A link whose every publication the monitor knows of."""

    def __init__(self, link: Link, monitor: Monitor, origins: Origins) -> None:
        self._link = link
        self._monitor = monitor
        self._origins = origins

    def is_connected(self) -> bool:
        return self._link.is_connected()

    async def publish(self, order: Order, relay_id: str) -> None:
        """Return once the broker has acknowledged; BrokerUnavailable where it has not in time."""
        with self._sending(order, relay_id):
            await self._link.publish(order, relay_id)

    async def request_config(self, relay_id: str, component: str) -> None:
        with self._sending(ConfigRequest(component), relay_id):
            await self._link.request_config(relay_id, component)

    async def publish_config(self, relay_id: str, config: Mapping[str, Any]) -> None:
        order = order_from(config)
        try:
            with self._sending(order, relay_id):
                await self._link.publish_config(relay_id, config)
        except BrokerUnavailable:
            if isinstance(order, ConfigUpdate):  # nothing waits: the caller was told that it failed
                self._monitor.given_up(relay_id, order.component)
            raise

    @contextmanager
    def _sending(self, order: Order, relay_id: str) -> Iterator[None]:
        self._monitor.sending(relay_id, order)
        try:
            with log.caused_by(self._origins.of(relay_id, order)):
                yield
        except (CmsError, WireError):
            self._monitor.unsent(relay_id, order)
            raise


class Intake:
    """An outbox whose orders the monitor knows of from the moment in which they are stored."""

    def __init__(self, outbox: Sender, monitor: Monitor, origins: Origins) -> None:
        self._outbox = outbox
        self._monitor = monitor
        self._origins = origins

    async def deliver(self, entries: Sequence[OutboxEntry], timeout: float) -> bool:
        """Whether the broker acknowledged all of ``entries`` within ``timeout`` seconds."""
        for entry in entries:
            self._origins.remember(entry.relay_id, entry.order)
            self._monitor.ordered(entry.relay_id, entry.order)
        return await self._outbox.deliver(entries, timeout)

    def learn(self, entries: Sequence[OutboxEntry]) -> None:
        """These entries gave way to a newer order."""
        self._outbox.learn(entries)


def _kind(order: Order) -> str:
    if isinstance(order, Command):
        return order.name
    return order.component if isinstance(order, ConfigUpdate) else type(order).__name__
