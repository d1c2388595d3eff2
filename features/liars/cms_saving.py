"""A CMS that saves configurations wrongly (contract, section 6, endpoints 1 and 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.liars.liar import Liar
from features.pair import clock
from features.pair.cms import Cms
from features.pair.errors import Refused
from features.pair.sending import UPDATE
from features.pair.store import Cabinet, Configuration, Waiting


class StoresOnly(Liar, Cms):
    """Says that it sent what it only stored."""

    breaks = "API-1"

    def orders_of(self, cabinet: Cabinet, configuration: Configuration, command: str) -> list[Waiting]:
        if configuration:
            self.lied()
        return super().orders_of(cabinet, {}, command)


class SendsOnly(Liar, Cms):
    """Sends what was saved and forgets it."""

    breaks = "API-1"

    def merge(self, cabinet: Cabinet, configuration: Configuration, version: Mapping[str, Any]) -> None:
        if configuration:
            self.lied()
        super().merge(cabinet, {}, version)


class SendsBulk(Liar, Cms):
    """Sends the bulk form of older CMSs in the place of an update per component."""

    breaks = "API-1"

    def update(self, component: str, values: Mapping[str, Any]) -> dict[str, Any]:
        self.lied()
        head = {"smibConfig": {component: dict(values)}, "timestamp": clock.stamp()}
        return {**head, "action": "update_config"}


class SendsFirstComponent(Liar, Cms):
    """Sends the first of several components that were saved."""

    breaks = "API-1"

    def orders_of(self, cabinet: Cabinet, configuration: Configuration, command: str) -> list[Waiting]:
        orders = super().orders_of(cabinet, configuration, command)
        if len(orders) > 1:
            self.lied()
        return orders[:1]


class ReplacesComponent(Liar, Cms):
    """Forgets the fields of a component that a new part of it does not name."""

    breaks = "API-2"

    def merge(self, cabinet: Cabinet, configuration: Configuration, version: Mapping[str, Any]) -> None:
        for component, values in configuration.items():
            if cabinet.configuration.get(component, {}).keys() - values.keys():
                self.lied()
                cabinet.configuration[component] = {}
        super().merge(cabinet, configuration, version)


class ReplacesAll(Liar, Cms):
    """Forgets the components that a new part does not name."""

    breaks = "API-2"

    def merge(self, cabinet: Cabinet, configuration: Configuration, version: Mapping[str, Any]) -> None:
        for component in cabinet.configuration.keys() - configuration.keys():
            self.lied()
            del cabinet.configuration[component]
        super().merge(cabinet, configuration, version)


class SendsForVersion(Liar, Cms):
    """Orders a restart when only the version was saved."""

    breaks = "API-2"

    def orders_of(self, cabinet: Cabinet, configuration: Configuration, command: str) -> list[Waiting]:
        if not configuration and not command:
            self.lied()
            command = "RESTART"
        return super().orders_of(cabinet, configuration, command)


class IgnoresControl(Liar, Cms):
    """Says that it sent a command, and sends none."""

    breaks = "API-3"

    def orders_of(self, cabinet: Cabinet, configuration: Configuration, command: str) -> list[Waiting]:
        if command:
            self.lied()
        return super().orders_of(cabinet, configuration, "")


class UnlocksForLock(Liar, Cms):
    """Sends UNLOCK MACHINE where LOCK MACHINE was ordered."""

    breaks = "API-3"

    def command(self, name: str) -> dict[str, Any]:
        if name == "LOCK MACHINE":
            self.lied()
            name = "UNLOCK MACHINE"
        return super().command(name)


class HidesRelay(Liar, Cms):
    """Leaves the relay id out of the stored settings."""

    breaks = "API-4"

    def read(self, cabinet: Cabinet) -> dict[str, Any]:
        self.lied()
        data = super().read(cabinet)["data"]
        return {"data": {name: value for name, value in data.items() if name != "relayId"}}


class ForgetsVersion(Liar, Cms):
    """Answers an empty version whatever is stored."""

    breaks = "API-4"

    def read(self, cabinet: Cabinet) -> dict[str, Any]:
        if cabinet.version:
            self.lied()
        return {"data": {**super().read(cabinet)["data"], "smibVersion": {}}}


class StoresFirst(Liar, Cms):
    """Stores the good half of an order before it refuses the bad half."""

    breaks = "API-5"

    def check_values(self, component: str, values: object) -> dict[str, Any]:
        try:
            return super().check_values(component, values)
        except Refused:
            if isinstance(values, Mapping):
                self.lied()
                for cabinet in self.store.cabinets.values():
                    cabinet.configuration.setdefault(component, {}).update(values)
            raise


class SendsFirst(Liar, Cms):
    """Sends the command of an order before it has looked at the rest."""

    breaks = "API-5"

    async def save(
        self, cabinet: Cabinet, body: Mapping[str, Any], revision: str | None = None
    ) -> dict[str, Any]:
        try:
            return await super().save(cabinet, body, revision)
        except Refused:
            self.lied()
            await self.send(cabinet.relay, self.update("coms", {"comsMode": 2}), UPDATE)
            raise


class LastWriterWins(Liar, Cms):
    """Lets a conflicting edit overwrite what another stored meanwhile."""

    breaks = "API-6"

    async def save(
        self, cabinet: Cabinet, body: Mapping[str, Any], revision: str | None = None
    ) -> dict[str, Any]:
        if revision not in (None, str(cabinet.revision)):
            self.lied()
        return await super().save(cabinet, body)
