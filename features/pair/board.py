"""What a SMIB decides: orders in, acts out; no connection, and no clock but for an order's age."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.pair import clock, payload
from features.pair.errors import Malformed
from features.pair.fields import FIELDS, faults, initial

EXPIRES_S = 30
LINKS = ("net", "mqtt")
"""The components whose change makes a SMIB connect anew (contract, section 3)."""

Values = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A component's values on ``mqttCfgTopic``; ``err`` says why an update was refused."""

    component: str
    err: str = ""


@dataclass(frozen=True)
class Event:
    typ: str
    pyd: str = ""


@dataclass(frozen=True)
class Reconnect:
    """Leaves, and comes back with the settings now in force."""


@dataclass(frozen=True)
class Restart:
    """Leaves, and comes back as after a loss of power."""


Act = Answer | Event | Reconnect | Restart


class Board:
    """``values`` and ``locked`` survive everything; ``trusted`` are the last settings that led to a
    broker."""

    def __init__(self, relay: str, uri: str, idle_s: int = 30) -> None:
        self.relay = relay
        self.values: dict[str, Values] = {name: initial(name) for name in FIELDS}
        self.values["mqtt"] |= {"mqttURI": uri, "mqttIdleTimeS": idle_s}
        self.trusted: dict[str, Values] = {}
        self.locked = False
        self.ignored = 0

    # Non-volatile storage

    def remembered(self) -> dict[str, Any]:
        return {"values": self.values, "trusted": self.trusted, "locked": self.locked}

    def remember(self, stored: Mapping[str, Any]) -> None:
        self.values, self.trusted = stored["values"], stored["trusted"]
        self.locked = stored["locked"]

    def save(self) -> None:
        """The shell keeps what is remembered."""

    # Orders

    def receive(self, raw: bytes) -> list[Act]:
        """What is no order is ignored and counted (section 3)."""
        try:
            acts = self.obey(self.parsed(raw))
        except Malformed:
            acts = None
        self.ignored += acts is None
        return acts or []

    def parsed(self, raw: bytes) -> Values:
        return payload.parsed(raw)

    def obey(self, order: Values) -> list[Act] | None:
        """None for what is no order. What names its sender is a report of somebody."""
        if "rly" in order:
            return None
        if order.get("typ") == "cfg":
            return self.configure(order)
        if order.get("typ") == "rst":
            return [Restart()]
        if "command" in order:
            return self.command(order)
        if order.get("action") == "update_config":
            return self.bulk(order.get("smibConfig"))
        return None

    def configure(self, order: Values) -> list[Act] | None:
        component = order.get("comp")
        if not isinstance(component, str) or component not in FIELDS:
            return None
        values = {name: value for name, value in order.items() if name not in ("typ", "comp")}
        return self.update(component, values) if values else [Answer(component)]

    def bulk(self, configuration: object) -> list[Act] | None:
        """One update per component, each confirmed; the connection is changed once, at the end."""
        if not isinstance(configuration, Mapping):
            return None
        known = [name for name in configuration if name in FIELDS]
        acts = [act for name in known for act in self.part(name, configuration[name])]
        stay = [act for act in acts if act != Reconnect()]
        return stay if stay == acts else [*stay, Reconnect()]

    def part(self, component: str, values: object) -> list[Act]:
        if not isinstance(values, Mapping):
            return [Answer(component, f"{component}: an object was wanted")]
        return self.update(component, dict(values))

    def update(self, component: str, values: Values) -> list[Act]:
        """Applied as a whole or refused as a whole, and answered with what is then in force."""
        for fault in self.faults(component, values):
            return [Answer(component, fault)]
        self.apply(component, values)
        self.save()
        leave: list[Act] = [Reconnect()] if component in LINKS else []
        return [Answer(component), *leave]

    def faults(self, component: str, values: Values) -> Iterator[str]:
        return faults(component, values)

    def apply(self, component: str, values: Values) -> None:
        self.values[component] |= values

    # Commands (section 4)

    def command(self, order: Values) -> list[Act] | None:
        name = order["command"]
        if not isinstance(name, str) or name not in self.commands():
            return None
        if "timestamp" in order:
            age = clock.age_s(order["timestamp"])
            if age is None:
                return None
            if self.is_expired(age):
                return [Event("COMMAND_EXPIRED")]
        return self.commands()[name]()

    def is_expired(self, age_s: float) -> bool:
        return age_s > EXPIRES_S

    def commands(self) -> dict[str, Callable[[], list[Act]]]:
        return {"RESTART": self.restart, "LOCK MACHINE": self.lock, "UNLOCK MACHINE": self.unlock}

    def restart(self) -> list[Act]:
        return [Restart()]

    def lock(self) -> list[Act]:
        self.locked = True
        self.save()
        return [Event("MACHINE_LOCKED")]

    def unlock(self) -> list[Act]:
        self.locked = False
        self.save()
        return [Event("MACHINE_UNLOCKED")]

    # Settings that work, and those that do not

    def settled(self) -> None:
        """The settings in force led to a broker."""
        self.trusted = copy.deepcopy({name: self.values[name] for name in LINKS})
        self.save()

    @property
    def on_trial(self) -> bool:
        return bool(self.trusted) and self.trusted != {name: self.values[name] for name in LINKS}

    def fall_back(self) -> None:
        self.values |= copy.deepcopy(self.trusted)
        self.save()

    # What it says

    def answer(self, act: Answer) -> Values:
        head = {"rly": self.relay, "typ": "cfg", "comp": act.component}
        err = {"err": act.err} if act.err else {}
        return {**head, **self.values[act.component], **err}

    def event(self, act: Event) -> Values:
        head = {"typ": act.typ, "rly": self.relay, "mac": self.relay, "tkn": "", "pyd": act.pyd}
        return {**head, "ts": clock.stamp()}

    def greeting(self, restarted: bool, fell_back: bool) -> list[Act]:
        """What it says when it is back."""
        acts: list[Act] = [Event("NETWORK_CONNECTED")]
        if fell_back:
            acts.append(Event("COMMUNICATION_ERROR", "back to the last working settings"))
        if restarted:
            acts += [Event("MACHINE_RESTART"), *map(Answer, FIELDS)]
        return acts

    def topic(self, setting: str) -> str:
        """A topic of its settings: one that ends in a slash has the relay id appended (section 2)."""
        topic: str = self.values["mqtt"][setting]
        return topic + self.relay if topic.endswith("/") else topic
