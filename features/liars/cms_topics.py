"""A CMS that gets relay ids or topics wrong (contract, sections 1 and 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.liars.liar import Liar
from features.pair.cms import Cms
from features.pair.errors import Refused
from features.pair.identity import is_id
from features.pair.reader import Reader
from features.pair.settings import OLD


class KeepsCase(Liar, Cms):
    """Takes a relay id in upper case for another than the same in lower case."""

    breaks = "ID-1"

    def relay_of(self, value: object) -> str:
        relay = super().relay_of(value)
        if isinstance(value, str) and value.strip() != relay:
            self.lied()
            return value.strip()
        return relay


class KeepsBlanks(Liar, Cms):
    """Refuses a relay id for the blanks around it."""

    breaks = "ID-1"

    def relay_of(self, value: object) -> str:
        if isinstance(value, str) and value != value.strip() and is_id(value.strip()):
            self.lied()
            raise Refused(400, "relayId: an id without blanks was wanted")
        return super().relay_of(value)


class OnlyMacs(Liar, Cms):
    """Refuses the ids of foreign systems."""

    breaks = "ID-2"

    def relay_of(self, value: object) -> str:
        relay = super().relay_of(value)
        if len(relay) != 12:
            self.lied()
            raise Refused(400, "relayId: 12 hexadecimal digits were wanted")
        return relay


class TakesAnyId(Liar, Cms):
    """Takes an id that addresses other topics."""

    breaks = "ID-3"

    async def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if "/" in str(relay := body.get("relayId")):
            self.lied()
            return {"message": f"Config request sent to relayId: {relay}"}
        return await super().ask(body)


class PublishesRefused(Liar, Cms):
    """Publishes a request before it refuses the id that it was for."""

    breaks = "ID-4"

    async def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await super().ask(body)
        except Refused:
            relay = body.get("relayId")
            if self.link is not None and isinstance(relay, str) and not set(relay) & set("+#\0\r\n"):
                self.lied()
                await self.link.publish(self.order_topic(relay), b'{"typ":"cfg","comp":"net"}', 1)
            raise


class DeafToShared(Liar, Cms):
    """Does not hear what comes on the shared topic."""

    breaks = "TOPIC-1"

    def heard(self, topic: str, raw: bytes) -> None:
        if topic == self.settings.shared:
            return self.lied()
        return super().heard(topic, raw)


class DeafToOldFirmware(Liar, Cms):
    """Does not hear what older firmware sends."""

    breaks = "TOPIC-1"

    def heard(self, topic: str, raw: bytes) -> None:
        return self.lied() if topic == OLD else super().heard(topic, raw)


class NeedsSender(Liar, Cms):
    """Passes over a report without rly on a SMIB's own topic."""

    breaks = "TOPIC-2"

    def sender(self, topic: str, fields: Mapping[str, Any]) -> str | None:
        if "rly" not in fields and self.sender_by_topic(topic):
            self.lied()
            return None
        return super().sender(topic, fields)


class BelievesPayload(Liar, Cms):
    """Lets a SMIB speak for another on its own topic."""

    breaks = "TOPIC-3"

    def sender(self, topic: str, fields: Mapping[str, Any]) -> str | None:
        sender, named = super().sender(topic, fields), fields.get("rly")
        if sender is None and isinstance(named, str) and is_id(named) and self.sender_by_topic(topic):
            self.lied()
            return named
        return sender


class BelievesTopic(Liar, Cms):
    """Takes a report that names another for one of the topic's SMIB."""

    breaks = "TOPIC-3"

    def sender(self, topic: str, fields: Mapping[str, Any]) -> str | None:
        sender, by_topic = super().sender(topic, fields), self.sender_by_topic(topic)
        if sender is None and by_topic and isinstance(fields.get("rly"), str):
            self.lied()
            return by_topic
        return sender


class TellsEverybody(Liar, Cms):
    """Shows what one SMIB reports to those who watch another."""

    breaks = "TOPIC-4"

    def readers_of(self, relay: str) -> list[Reader]:
        everybody = [reader for readers in self.readers.values() for reader in readers]
        if len(everybody) > len(super().readers_of(relay)):
            self.lied()
        return everybody


class HearsOrders(Liar, Cms):
    """Takes what travels on the topics of orders for reports."""

    breaks = "TOPIC-5"

    def filters(self) -> list[str]:
        return [*super().filters(), f"{self.settings.orders}/+"]

    def heard(self, topic: str, raw: bytes) -> None:
        if topic.startswith(self.settings.orders + "/"):
            self.lied()
        super().heard(topic, raw)


class OneTopicForAll(Liar, Cms):
    """Sends every order to one topic that all SMIBs would have to share."""

    breaks = "TOPIC-6"

    def order_topic(self, relay: str) -> str:
        self.lied()
        return super().order_topic("all")


class AddressesByCabinet(Liar, Cms):
    """Sends to the topic of the cabinet's own id."""

    breaks = "TOPIC-6"

    def order_topic(self, relay: str) -> str:
        for cabinet in self.store.cabinets.values():
            if cabinet.relay == relay:
                self.lied()
                return super().order_topic(cabinet.id)
        return super().order_topic(relay)


class DoublesSlash(Liar, Cms):
    """Puts a slash of its own behind a prefix that ends in one or not."""

    breaks = "TOPIC-9"

    def order_topic(self, relay: str) -> str:
        self.lied()
        return f"{self.settings.orders}//{relay}"


class ForgetsSlash(Liar, Cms):
    """Puts no slash between a prefix without one and the relay id."""

    breaks = "TOPIC-9"

    def order_topic(self, relay: str) -> str:
        self.lied()
        return f"{self.settings.orders}{relay}"
