"""A timeline written by hand, for the tests of the monitors."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from features.harness.evidence.timeline import Timeline
from features.harness.monitors.finding import Finding, Setting
from features.harness.monitors.judge import judged
from features.harness.tap.packet import Direction, Packet

RELAY = "e831cdfa8384"
OTHER = "e831cdfa8464"
SETTING = Setting(relays={"cab-1": RELAY, "cab-2": OTHER}, locations={"Main Floor": (RELAY, OTHER)})
T = "2026-01-01T00:00:00.000Z"
JSON = {"content-type": "application/json"}
REQUEST = {"typ": "cfg", "comp": "coms"}
UPDATE = {"typ": "cfg", "comp": "coms", "comsMode": 1}
COMMAND = {"command": "RESTART", "timestamp": T, "action": "restart"}
EVENT = {"typ": "GAME_WON", "rly": RELAY, "mac": RELAY, "tkn": "", "pyd": "1"}
FAILURE = {"success": False, "error": "comsMode: 0 to 2 was wanted", "timestamp": T}
SAVE = "/api/cabinets/cab-1/smib-config"


class Scene:
    """Writes a timeline as taps and clients would, one entry a second."""

    def __init__(self) -> None:
        clock = itertools.count(1.0)
        self.timeline = Timeline(clock=clock.__next__)
        self.now: Callable[[], float] = clock.__next__

    def call(
        self, path: str, body: Any, status: int = 200, answer: Any = None, method: str = "POST"
    ) -> Scene:
        return self.asks(path, body, method).answers(status, {"success": True} if answer is None else answer)

    def asks(self, path: str, body: Any = None, method: str = "POST") -> Scene:
        raw = None if body is None else json.dumps(body).encode()
        self.exchange = self.timeline.request("operator", method, path, JSON, raw)
        return self

    def answers(self, status: int, body: Any, headers: dict[str, str] = JSON) -> Scene:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.timeline.answer(self.exchange, "operator", status, headers, raw)
        return self

    def publishes(
        self,
        fields: Any,
        relay: str = RELAY,
        *,
        qos: int = 0,
        retain: bool = False,
        number: int | None = None,
        role: str = "cms",
        topic: str = "",
        dup: bool = False,
    ) -> Scene:
        payload = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        topic = topic or f"sas/relay/{relay}"
        return self.passes(Packet("PUBLISH", topic, payload, qos, retain, dup, number), role)

    def acknowledges(self, number: int, type_: str = "PUBACK", connection: int = 1) -> Scene:
        return self.passes(
            Packet(type_, packet_id=number, direction=Direction.FROM_BROKER, connection=connection)
        )

    def passes(self, packet: Packet, role: str = "cms") -> Scene:
        values = {name: getattr(packet, name) for name in Packet.__dataclass_fields__}
        changed = {"at": self.now(), "tap": role, "role": role, "connection": packet.connection or 1}
        self.timeline.packet(Packet(**{**values, **changed}))
        return self

    def findings(self, setting: Setting = SETTING) -> list[Finding]:
        return list(judged(self.timeline.since(), setting).findings)

    def broken(self, setting: Setting = SETTING) -> list[str]:
        return [finding.requirement for finding in self.findings(setting)]
