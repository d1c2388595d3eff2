"""What is asked of a SMIB, and published to it, past the database (contract, sections 3 and 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cms.actor import Act, Actor
from cms.errors import BrokerUnavailable, DeviceSilent, RequestError
from cms.handlers.reach import Reach
from cms.handlers.records import Records
from cms.hub import Delivery, Hub, Subscription
from wire.address import MASK, mask_credentials
from wire.components import APP, COMPONENTS, Component
from wire.errors import Problem

SETTABLE = tuple(name for name in COMPONENTS if name != APP.name)


class ConfigLink(Protocol):
    """The MQTT service, as far as configuration needs it. BrokerUnavailable from either verb."""

    async def request_config(self, relay_id: str, component: str) -> None: ...

    async def publish_config(self, relay_id: str, config: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that went out at ``at_ms``, and the answer of a device to a caller who waited for it."""

    relay_id: str
    component: str
    at_ms: int
    answer: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Published:
    """A configuration that the broker acknowledged at ``at_ms``; ``config`` as it was sent."""

    relay_id: str
    component: str
    config: Mapping[str, Any] = field(repr=False)
    at_ms: int


class LiveConfig:
    """Asks devices for their configuration, and publishes configuration to them."""

    def __init__(
        self, link: ConfigLink, hub: Hub, clock_ms: Callable[[], int], records: Records, reach: Reach
    ) -> None:
        self._link = link
        self._records = records
        self._reach = reach
        self._hub = hub
        self._clock_ms = clock_ms

    async def ask(self, relay_id: str, component: str, wait_s: float | None = None) -> Asked:
        """Send the request; with ``wait_s`` wait for the answer.

        OutOfScope, BrokerUnavailable, DeviceSilent.
        """
        await self._reach.check(relay_id)
        if wait_s is None:
            await self._link.request_config(relay_id, component)
            return Asked(relay_id, component, self._clock_ms())
        with self._hub.subscribe(relay_id) as subscription:
            await self._link.request_config(relay_id, component)
            at_ms = self._clock_ms()
            try:
                async with asyncio.timeout(wait_s):
                    return Asked(relay_id, component, at_ms, await _answer(subscription, component))
            except TimeoutError as exc:
                raise DeviceSilent(relay_id, component, wait_s) from exc

    async def publish(self, relay_id: str, config: Mapping[str, Any], actor: Actor) -> Published:
        """Publish ``config`` as it is, key order kept; recorded first.

        RequestError, OutOfScope, BrokerUnavailable.
        """
        component = checked_update(config)
        cabinet_id = await self._reach.cabinet_with(relay_id)
        await self._records.note(Act(actor, "publish"), cabinet_id, relayId=relay_id, config=config)
        await self._link.publish_config(relay_id, config)
        return Published(relay_id, component.name, config, self._clock_ms())


def checked_update(config: Mapping[str, Any]) -> Component:
    """The component of ``config``, where a device would apply it; else RequestError with every wrong field.

    A configuration without any field would be a request, and is refused; so is a mask, which is no password.
    """
    if config.get("typ") != "cfg":
        raise RequestError("config.typ", 'the string "cfg" was wanted')
    name = config.get("comp")
    if not isinstance(name, str) or name not in SETTABLE:
        raise RequestError("config.comp", f"one of {', '.join(SETTABLE)} was wanted")
    component = COMPONENTS[name]
    values = {field: value for field, value in config.items() if field not in ("typ", "comp")}
    if not values:
        raise RequestError("config", f"at least one field of {name} was wanted, without any it is a request")
    if problems := _problems(component, values):
        raise RequestError.of(problems)
    return component


def _problems(component: Component, values: Mapping[str, Any]) -> list[Problem]:
    secrets = {field.name for field in component if field.secret}
    masked = [name for name, value in values.items() if _is_mask(value, name in secrets)]
    refused = component.problems({name: value for name, value in values.items() if name not in masked})
    prefix = f"{component.name}."
    return [
        *(Problem(f"config.{name}", f"the password was wanted, {MASK} is only its mask") for name in masked),
        *(Problem(f"config.{p.field.removeprefix(prefix)}", p.wanted) for p in refused),
    ]


def _is_mask(value: Any, secret: bool) -> bool:
    if not isinstance(value, str):
        return False
    return value == MASK if secret else f":{MASK}@" in value and mask_credentials(value) == value


async def _answer(subscription: Subscription, component: str) -> Mapping[str, Any]:
    """What the relay says next of ``component``; BrokerUnavailable where nothing more will come."""
    async for item in subscription:
        if (
            isinstance(item, Delivery)
            and item.fields.get("typ") == "cfg"
            and item.fields.get("comp") == component
        ):
            return item.fields
    raise BrokerUnavailable("the service is being stopped")
