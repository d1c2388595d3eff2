"""The reports of SMIBs, and who sees them (contract, sections 2 and 5)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from features.pair import clock, payload
from features.pair.console import log
from features.pair.errors import Malformed
from features.pair.identity import canonical, is_id
from features.pair.reader import Frame, Reader
from features.pair.settings import OLD, Settings

ONLINE_S = 180


class Routing:
    """Takes what came from the broker and gives each reader what its relay sent."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.readers: dict[str, list[Reader]] = {}
        self.heard_at: dict[str, float] = {}

    def filters(self) -> list[str]:
        known = self.settings
        return [known.answers, f"{known.reports}/+", known.shared, OLD]

    def heard(self, topic: str, raw: bytes) -> None:
        """What is no report is passed over (section 3)."""
        try:
            fields = self.parsed_report(raw)
        except Malformed:
            return
        relay = self.sender(topic, fields)
        if relay is not None:
            self.heard_at[relay] = time.monotonic()
            log("<", "report", relay=relay, topic=topic)
            self.deliver(relay, fields)

    def parsed_report(self, raw: bytes) -> dict[str, Any]:
        return payload.parsed(raw)

    def sender(self, topic: str, fields: Mapping[str, Any]) -> str | None:
        """The relay that a report is from; None where it says so of none, or of another than its topic."""
        by_topic = self.sender_by_topic(topic)
        if "rly" not in fields:
            return by_topic
        named = fields["rly"]
        if not isinstance(named, str) or not is_id(relay := canonical(named)):
            return None
        return relay if by_topic in (None, relay) else None

    def sender_by_topic(self, topic: str) -> str | None:
        prefix = self.settings.reports + "/"
        relay = canonical(topic.removeprefix(prefix))
        return relay if topic.startswith(prefix) and is_id(relay) else None

    def deliver(self, relay: str, fields: Mapping[str, Any]) -> None:
        frame = self.update_frame(relay, fields)
        for reader in self.readers_of(relay):
            reader.put(frame)

    def readers_of(self, relay: str) -> list[Reader]:
        return self.readers.get(relay, [])

    def join(self, relay: str) -> Reader:
        log("=", "watched", relay=relay)
        reader = Reader(relay)
        self.readers.setdefault(relay, []).append(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        """Takes this reader alone; the relay's entry goes with its last."""
        left = [one for one in self.readers.get(reader.relay, []) if one is not reader]
        self.readers[reader.relay] = left
        if not left:
            del self.readers[reader.relay]

    def is_online(self, relay: str) -> bool:
        return time.monotonic() - self.heard_at.get(relay, -2 * ONLINE_S) <= ONLINE_S

    def connected_frame(self, relay: str) -> Frame:
        return {
            "type": "connected",
            "relayId": relay,
            "timestamp": clock.stamp(),
            "message": "Connected to MQTT config stream",
        }

    def update_frame(self, relay: str, fields: Mapping[str, Any]) -> Frame:
        component = {"component": fields["comp"]} if "comp" in fields else {}
        head = {"type": "config_update", "relayId": relay, **component}
        return {**head, "data": dict(fields), "timestamp": clock.stamp()}

    def heartbeat_frame(self, relay: str) -> Frame:
        return {"type": "heartbeat", "relayId": relay, "timestamp": clock.stamp()}
