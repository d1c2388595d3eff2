"""What a machine has counted, asked of it now (contract, sections 4 and 7)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cms.errors import BrokerUnavailable, DeviceSilent, MetersRefused
from cms.handlers.cabinets import Cabinets
from cms.hub import Delivery, Hub, Subscription
from cms.meters import Reading, is_refusal, poll, reading_of
from cms.standing import Standing
from wire.components import COMS
from wire.orders import Order

REMEMBERED = 20_000
"""Of how many relays the last reading is known."""


class Link(Protocol):
    """The MQTT service, as far as this needs it."""

    async def publish(self, order: Order, relay_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class CabinetMeters:
    """``reading`` is None where nothing was heard of them since the service started."""

    cabinet_id: str
    relay_id: str
    reading: Reading | None


class Meters:
    """Reads meters. Hand ``note`` to the hub as an observer, so that what is told unasked is known too."""

    def __init__(self, cabinets: Cabinets, link: Link, hub: Hub, clock_ms: Callable[[], int]) -> None:
        self._cabinets = cabinets
        self._link = link
        self._hub = hub
        self._clock_ms = clock_ms
        self._last: OrderedDict[str, Reading] = OrderedDict()

    def note(self, delivery: Delivery) -> None:
        """A message was routed."""
        reading = None if delivery.retained else reading_of(delivery.fields, delivery.received_ms)
        if reading is not None:
            self._last[delivery.relay_id] = reading
            self._last.move_to_end(delivery.relay_id)
            if len(self._last) > REMEMBERED:
                self._last.popitem(last=False)

    async def last(self, cabinet_id: str) -> CabinetMeters:
        """What was heard last, without asking. UnknownCabinet."""
        cabinet = await self._cabinets.one(cabinet_id)
        return CabinetMeters(cabinet.id, cabinet.relay_id, self._last.get(cabinet.relay_id))

    async def read(self, cabinet_id: str, wait_s: float) -> CabinetMeters:
        """Ask now. UnknownCabinet, BrokerUnavailable, DeviceSilent, MetersRefused."""
        standing = await self._cabinets.standing(cabinet_id)
        relay_id = standing.cabinet.relay_id
        with self._hub.subscribe(relay_id) as subscription:
            try:
                async with asyncio.timeout(wait_s):
                    await self._link.publish(poll(_address(standing)), relay_id)
                    reading = await _told(subscription, cabinet_id)
            except TimeoutError as exc:
                raise DeviceSilent(relay_id, "its meters", wait_s) from exc
        return CabinetMeters(cabinet_id, relay_id, reading)


async def _told(subscription: Subscription, cabinet_id: str) -> Reading:
    async for item in subscription:
        if not isinstance(item, Delivery) or item.retained:
            continue
        if is_refusal(item.fields):
            raise MetersRefused(cabinet_id)
        if (reading := reading_of(item.fields, item.received_ms)) is not None:
            return reading
    raise BrokerUnavailable("the service is being stopped")


def _address(standing: Standing) -> int:
    """Where the machine is on its SAS line: as its board reports, else as it was ordered, else the first."""
    reported = standing.reported.get(COMS.name, {}).get("comsAddr")
    ordered = standing.cabinet.smib_config.get(COMS.name, {}).get("comsAddr")
    address = ordered if reported is None else reported.value
    return address if type(address) is int and 1 <= address <= 127 else 1
