"""The configuration of a SMIB: five components, each a table of fields (contract, section 3).

This table validates, masks, gives defaults and is what the documentation lists; nothing else knows the
fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wire import fields
from wire.errors import ConfigError, MessageError, Problem
from wire.fields import Field, Value
from wire.topics import CONFIG, RELAY_PREFIX, SERVER_PREFIX

COMS_MODES = ("sas", "non-sas", "igt")
"""What the numbers 0, 1 and 2 of ``comsMode`` mean."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component. Iterating over it gives its fields in the order in which a device answers them."""

    name: str
    fields: tuple[Field, ...]

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def problems(self, values: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Everything that a device would refuse of an update with ``values``."""
        found = ((name, self._problem(name, value)) for name, value in values.items())
        return tuple(Problem(f"{self.name}.{name}", why) for name, why in found if why is not None)

    def check(self, values: Mapping[str, Any]) -> None:
        """ConfigError, naming every refused field, unless an update with ``values`` would be applied."""
        if problems := self.problems(values):
            raise ConfigError(self.name, problems)

    def defaults(self) -> dict[str, Value]:
        """The values of a board as it leaves the factory; optional fields are absent."""
        return {field.name: field.default for field in self.fields if field.default is not None}

    def masked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """``values`` as they may be shown: secrets as ``***``."""
        known = {field.name: field for field in self.fields}
        return {name: known[name].masked(v) if name in known else v for name, v in values.items()}

    def _problem(self, name: str, value: object) -> str | None:
        field = self.field(name)
        if field is None:
            names = ", ".join(f.name for f in self.fields if not f.read_only)
            return f"unknown, {names} can be set" if names else "unknown, nothing can be set"
        return field.problem(value)


MQTT = Component(
    "mqtt",
    (
        fields.number("mqttSecure", 0, 1, 0, "TLS to the broker: 0 off, 1 on"),
        fields.number("mqttQOS", 0, 2, 0, "QoS of what the device publishes and subscribes"),
        fields.broker_uri("mqttURI", "mqtt://localhost:1883", "the broker"),
        fields.topic("mqttSubTopic", RELAY_PREFIX, "where the device listens"),
        fields.topic("mqttPubTopic", SERVER_PREFIX, "where the device sends events and meters"),
        fields.topic("mqttCfgTopic", CONFIG, "where the device answers configuration"),
        fields.number("mqttIdleTimeS", 1, 86400, 30, "seconds between heartbeats, and until a fall-back"),
        fields.text("mqttUsername", 0, 128, None, "user at the broker"),
        fields.text("mqttPassword", 0, 128, None, "password at the broker", secret=True),
    ),
)
NET = Component(
    "net",
    (
        fields.number("netMode", 0, 1, 1, "1 WiFi client; 0 is accepted too (INT-01)"),
        fields.text("netStaSSID", 1, 32, "Casino_WiFi", "WiFi network"),
        fields.passphrase("netStaPwd", "", "WiFi passphrase, empty for an open network"),
        fields.number("netStaChan", 1, 14, 1, "WiFi channel"),
    ),
)
COMS = Component(
    "coms",
    (
        fields.number("comsMode", 0, 2, 0, "0 SAS, 1 non-SAS, 2 IGT"),
        fields.number("comsAddr", 1, 127, 1, "SAS address of the machine"),
        fields.number("comsRateMs", 40, 60000, 200, "milliseconds between polls of the machine"),
        fields.number("comsRTE", 0, 1, 0, "real-time events: 0 off, 1 on"),
        fields.number("comsGPC", 0, 255, 0, "game protocol configuration"),
    ),
)
OTA = Component(
    "ota", (fields.http_url("otaURL", "http://localhost/firmwares/", "where firmware is loaded from"),)
)
APP = Component(
    "app",
    (
        fields.read_only("firmware", "smib", "name of the firmware"),
        fields.read_only("version", "1.0.0", "version of the firmware"),
    ),
)

COMPONENTS: Mapping[str, Component] = {c.name: c for c in (MQTT, NET, COMS, OTA, APP)}


def component_named(name: object) -> Component:
    """The component called ``name``; MessageError, naming the five, for any other value."""
    component = COMPONENTS.get(name) if isinstance(name, str) else None
    if component is None:
        raise MessageError("comp", f"one of {', '.join(COMPONENTS)} was wanted")
    return component
