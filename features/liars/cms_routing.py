"""A CMS that routes reports wrongly (contract, sections 3 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.liars.liar import Liar
from features.pair.cms import Cms
from features.pair.errors import Malformed
from features.pair.identity import canonical, is_id
from features.pair.link import Link
from features.pair.reader import Reader


class OneWatcher(Liar, Cms):
    """Shows a report to the first of several who watch its relay."""

    breaks = "ROUTE-1"

    def readers_of(self, relay: str) -> list[Reader]:
        readers = super().readers_of(relay)
        if len(readers) > 1:
            self.lied()
        return readers[:1]


class LeaverTakesAll(Liar, Cms):
    """Takes the relay from all who watch it when one of them leaves."""

    breaks = "ROUTE-2"

    def leave(self, reader: Reader) -> None:
        if len(self.readers.get(reader.relay, [])) > 1:
            self.lied()
        self.readers.pop(reader.relay, None)


class NeverAgain(Liar, Cms):
    """Shows nothing more of a relay once its last watcher has left."""

    breaks = "ROUTE-2"

    def leave(self, reader: Reader) -> None:
        super().leave(reader)
        self.ended = {*getattr(self, "ended", ()), reader.relay}

    def readers_of(self, relay: str) -> list[Reader]:
        if relay in getattr(self, "ended", ()):
            self.lied()
            return []
        return super().readers_of(relay)


class SwapsNeighbours(Liar, Cms):
    """Shows two reports of one SMIB in the wrong order."""

    breaks = "ROUTE-3"

    held: Mapping[str, Any] | None = None

    def deliver(self, relay: str, fields: Mapping[str, Any]) -> None:
        held, self.held = self.held, None
        if held is None and fields.get("pyd") == "1":
            self.held = fields
            return
        super().deliver(relay, fields)
        if held is not None:
            self.lied()
            super().deliver(relay, held)


class WaitsForSlowest(Liar, Cms):
    """Shows nothing to anybody while one reader is behind."""

    breaks = "ROUTE-4"

    def readers_of(self, relay: str) -> list[Reader]:
        readers = super().readers_of(relay)
        if any(len(reader.pending) > 100 for reader in readers):
            self.lied()
            return []
        return readers


class TripsOverNoise(Liar, Cms):
    """Stops hearing at the first payload that is no JSON."""

    breaks = "ROUTE-5"
    deaf = False

    def parsed_report(self, raw: bytes) -> dict[str, Any]:
        try:
            return super().parsed_report(raw)
        except Malformed:
            self.deaf = True
            raise

    def heard(self, topic: str, raw: bytes) -> None:
        if self.deaf:
            return self.lied()
        return super().heard(topic, raw)


class ShowsNoise(Liar, Cms):
    """Shows what nobody can read on the stream of the topic's SMIB."""

    breaks = "ROUTE-5"

    def heard(self, topic: str, raw: bytes) -> None:
        relay = self.sender_by_topic(topic)
        try:
            self.parsed_report(raw)
        except Malformed:
            if relay:
                self.lied()
                self.deliver(relay, {"rly": relay, "raw": repr(raw[:40])})
        super().heard(topic, raw)


class GuessesSender(Liar, Cms):
    """Takes the first word of a rly that is no text for a relay id."""

    breaks = "ROUTE-6"

    def sender(self, topic: str, fields: Mapping[str, Any]) -> str | None:
        named = fields.get("rly")
        guessed = next(iter(named), "") if isinstance(named, list) else ""
        if isinstance(guessed, str) and is_id(guessed):
            self.lied()
            return canonical(guessed)
        return super().sender(topic, fields)


class NobodyIsEverybody(Liar, Cms):
    """Shows a report without a sender on a shared topic to everybody."""

    breaks = "ROUTE-6"

    def heard(self, topic: str, raw: bytes) -> None:
        super().heard(topic, raw)
        try:
            fields = self.parsed_report(raw)
        except Malformed:
            return
        if "rly" not in fields and not self.sender_by_topic(topic):
            for relay in list(self.readers):
                self.lied()
                self.deliver(relay, fields)


class DropsStreamsAtReconnect(Liar, Cms):
    """Shows nothing more on streams that were open when the broker went away."""

    breaks = "SVC-3"
    connections = 0

    async def work(self, link: Link) -> None:
        self.connections += 1
        if self.connections > 1:
            self.lied()
            self.readers.clear()
        await super().work(link)

    def leave(self, reader: Reader) -> None:
        if reader in self.readers.get(reader.relay, []):
            super().leave(reader)
