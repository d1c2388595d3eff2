"""A CMS whose service or connection is wrong (contract, sections 2, 5 and 6)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from features.liars.liar import Liar
from features.pair.address import Broker
from features.pair.cms import Cms
from features.pair.console import log
from features.pair.desk import DEFAULT_RELAY
from features.pair.errors import Refused, Unreachable
from features.pair.link import Link
from features.pair.sending import COMMAND
from features.pair.settings import Settings


class NeverReconnects(Liar, Cms):
    """Connects once, and never again."""

    breaks = "SVC-2"

    async def work(self, link: Link) -> None:
        await super().work(link)
        self.lied()
        self.link = None
        await asyncio.Event().wait()


class ForgetsSubscriptions(Liar, Cms):
    """Comes back after the broker was away, and subscribes to nothing."""

    breaks = "SVC-2"
    connections = 0

    async def subscribe(self, link: Link) -> None:
        self.connections += 1
        if self.connections > 1:
            return self.lied()
        return await super().subscribe(link)


class SendsLater(Liar, Cms):
    """Accepts a request while the broker is away, and sends it when it is back."""

    breaks = "SVC-4"

    async def send_raw(self, relay: str, raw: bytes, kind: str) -> None:
        try:
            await super().send_raw(relay, raw, kind)
        except Unreachable:
            self.lied()
            self.late = [*getattr(self, "late", []), (relay, raw, kind)]

    async def work(self, link: Link) -> None:
        self.link = link
        for late in getattr(self, "late", []):
            await super().send_raw(*late)
        await super().work(link)


class RefusesAndSendsLater(SendsLater):
    """Refuses a request while the broker is away, and yet sends it when it is back."""

    async def send_raw(self, relay: str, raw: bytes, kind: str) -> None:
        away = self.link is None
        await super().send_raw(relay, raw, kind)
        if away:
            raise Unreachable("the broker is unreachable")


class PretendsToSend(Liar, Cms):
    """Says that a request was sent while the broker was away."""

    breaks = "SVC-4"

    async def send_raw(self, relay: str, raw: bytes, kind: str) -> None:
        try:
            await super().send_raw(relay, raw, kind)
        except Unreachable:
            self.lied()


class GivesUp(Liar, Cms):
    """Gives up when the broker is not there at the start."""

    breaks = "SVC-5"

    def pause_s(self, failures: int) -> float:
        if failures == 0 and not self.attempted.is_set():
            return super().pause_s(failures)
        self.lied()
        return 3600.0


class Anonymous(Liar, Cms):
    """Does not sign in with the credentials that it was given."""

    breaks = "SVC-6"

    def __init__(self, settings: Settings) -> None:
        if settings.broker.username:
            self.lied()
        super().__init__(replace(settings, broker=_anonymous(settings.broker)))


class IgnoresVariables(Liar, Cms):
    """Takes credentials from the URI alone."""

    breaks = "SVC-6"

    def __init__(self, settings: Settings) -> None:
        if "@" not in os.environ.get("MQTT_URI", "") and settings.broker.username:
            self.lied()
            settings = replace(settings, broker=_anonymous(settings.broker))
        super().__init__(settings)


class LogsBrokerPassword(Liar, Cms):
    """Writes the broker's password to its log."""

    breaks = "SECRET-2"

    async def subscribe(self, link: Link) -> None:
        if link.broker.password:
            self.lied()
            log("=", "signed in", user=link.broker.username, password=link.broker.password)
        await super().subscribe(link)


class LogsUri(Liar, Cms):
    """Writes the broker's URI to its log as it was given."""

    breaks = "SECRET-2"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        if "@" in os.environ.get("MQTT_URI", ""):
            self.lied()
        log("=", "settings", uri=os.environ.get("MQTT_URI"))


class LogsBodies(Liar, Cms):
    """Writes what operators save to its log, passwords included."""

    breaks = "SECRET-1"

    def parsed_body(self, raw: bytes) -> dict[str, Any]:
        body = super().parsed_body(raw)
        if "netStaPwd" in str(body):
            self.lied()
        log("<", "body", fields=body)
        return body


class OneProbe(Liar, Cms):
    """Answers every test of the broker as if it had been a connect."""

    breaks = "API-13"

    async def probe(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("action") in ("publish", "subscribe"):
            self.lied()
            body = {**body, "action": "connect"}
            body.pop("message", None)
        return await super().probe(body)


class PretendsToProbe(Liar, Cms):
    """Says that it published a test message, and does not."""

    breaks = "API-13"

    async def send_raw(self, relay: str, raw: bytes, kind: str) -> None:
        if b"api-test" in raw or b"custom message" in raw:
            self.lied()
        else:
            await super().send_raw(relay, raw, kind)


class ProbesDefaultRelay(Liar, Cms):
    """Sends a test message to the default relay, whichever was named."""

    breaks = "API-13"

    async def probed(self, relay: str, message: str | None, told: list[str]) -> dict[str, Any]:
        self.lied()
        return await super().probed(DEFAULT_RELAY, message, told)


class ProbeForAll(Liar, Cms):
    """Leaves the test endpoint on when it listens beyond its machine."""

    breaks = "API-14"

    def __init__(self, settings: Settings) -> None:
        super().__init__(replace(settings, probe=True))

    async def send_raw(self, relay: str, raw: bytes, kind: str) -> None:
        if kind == COMMAND and self.settings.host == "0.0.0.0":
            self.lied()
        await super().send_raw(relay, raw, kind)


class HidesFloor(Liar, Cms):
    """Lists cabinets without their relay ids."""

    breaks = "CAB-1"

    def floor(self) -> dict[str, Any]:
        self.lied()
        return {"data": [{**entry, "relayId": ""} for entry in super().floor()["data"]]}


class AlwaysOnline(Liar, Cms):
    """Lists every cabinet as online."""

    breaks = "CAB-2"

    def is_online(self, relay: str) -> bool:
        if not super().is_online(relay):
            self.lied()
        return True


class NeverReady(Liar, Cms):
    """Never says that it is ready."""

    breaks = "SVC-1"

    async def get_readiness(self, request: Any) -> Any:
        self.lied()
        raise Refused(503, "not yet")


def _anonymous(broker: Broker) -> Broker:
    return replace(broker, username=None, password=None)
