"""A CMS whose orders are wrong in form, QoS or retain (contract, sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.liars.liar import Liar
from features.pair import clock
from features.pair.cms import Cms
from features.pair.sending import COMMAND, REQUEST, UPDATE


class RetainsCommands(Liar, Cms):
    """Retains a command, which restarts the SMIB whenever it connects."""

    breaks = "TOPIC-7"

    def is_retained(self, kind: str) -> bool:
        if kind == COMMAND:
            self.lied()
        return kind == COMMAND or super().is_retained(kind)


class RetainsRequests(Liar, Cms):
    """Retains a request."""

    breaks = "TOPIC-7"

    def is_retained(self, kind: str) -> bool:
        if kind == REQUEST:
            self.lied()
        return kind == REQUEST or super().is_retained(kind)


class RetainsUpdates(Liar, Cms):
    """Retains an update though nobody switched that on."""

    breaks = "TOPIC-7"

    def is_retained(self, kind: str) -> bool:
        if kind == UPDATE and not self.settings.retain:
            self.lied()
        return kind == UPDATE


class RetainsAllOrNothing(Liar, Cms):
    """Retains commands too where updates are to be retained."""

    breaks = "TOPIC-8"

    def is_retained(self, kind: str) -> bool:
        if kind == COMMAND and self.settings.retain:
            self.lied()
        return self.settings.retain


class ChattyRequest(Liar, Cms):
    """Sends a request with the time in it."""

    breaks = "CFG-1"

    def request(self, component: str) -> dict[str, Any]:
        self.lied()
        return {**super().request(component), "timestamp": clock.stamp()}


class NamesRelayInRequest(Liar, Cms):
    """Sends a request with a rly in it, which a SMIB takes for a report."""

    breaks = "CFG-1"

    async def send(self, relay: str, order: Mapping[str, Any], kind: str) -> None:
        if kind == REQUEST:
            self.lied()
            order = {"rly": relay, **order}
        await super().send(relay, order, kind)


class LocalTime(Liar, Cms):
    """Signs a command with a time without its Z."""

    breaks = "CMD-9"

    def command(self, name: str) -> dict[str, Any]:
        self.lied()
        order = super().command(name)
        return {**order, "timestamp": order["timestamp"].removesuffix("Z")}


class WholeSeconds(Liar, Cms):
    """Signs a command with a time without its milliseconds."""

    breaks = "CMD-9"

    def command(self, name: str) -> dict[str, Any]:
        self.lied()
        order = super().command(name)
        return {**order, "timestamp": order["timestamp"][:19] + "Z"}


class ShoutingAction(Liar, Cms):
    """Writes a command's action as its name."""

    breaks = "CMD-9"

    def command(self, name: str) -> dict[str, Any]:
        self.lied()
        return {**super().command(name), "action": name}


class CommandsAtQos0(Liar, Cms):
    """Sends commands at QoS 0 and calls them sent, though nobody acknowledged them."""

    breaks = "TOPIC-11"

    def qos(self, kind: str) -> int:
        if kind == COMMAND:
            self.lied()
        return 0 if kind == COMMAND else super().qos(kind)
