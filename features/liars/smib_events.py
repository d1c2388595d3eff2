"""A SMIB whose events are wrong, or what it says after a restart (contract, section 4)."""

from __future__ import annotations

from typing import Any

from features.liars.liar import Liar
from features.pair.board import Act, Answer, Event
from features.pair.smib import Smib

Values = dict[str, Any]


class RestartsInSilence(Liar, Smib):
    """Does not say that it has restarted."""

    breaks = "CMD-1"

    def greeting(self, restarted: bool, fell_back: bool) -> list[Act]:
        if restarted:
            self.lied()
        return [act for act in super().greeting(restarted, fell_back) if act != Event("MACHINE_RESTART")]


class TellsFourComponents(Liar, Smib):
    """Tells four of its five components after a restart."""

    breaks = "CMD-1"

    def greeting(self, restarted: bool, fell_back: bool) -> list[Act]:
        if restarted:
            self.lied()
        return [act for act in super().greeting(restarted, fell_back) if act != Answer("ota")]


class TellsFirst(Liar, Smib):
    """Tells its components before it says that it has restarted."""

    breaks = "CMD-1"

    def greeting(self, restarted: bool, fell_back: bool) -> list[Act]:
        acts = super().greeting(restarted, fell_back)
        if restarted:
            self.lied()
            acts.remove(Event("MACHINE_RESTART"))
            acts.append(Event("MACHINE_RESTART"))
        return acts


class PretendsToRestart(Liar, Smib):
    """Says that it has restarted, and tells nothing of itself."""

    breaks = "CMD-1"

    def restart(self) -> list[Act]:
        self.lied()
        return [Event("MACHINE_RESTART")]


class NamelessEvent(Liar, Smib):
    """Leaves mac and tkn out of its events."""

    breaks = "EVT-1"

    def event(self, act: Event) -> Values:
        self.lied()
        return {name: value for name, value in super().event(act).items() if name not in ("mac", "tkn")}


class NumberedEvent(Liar, Smib):
    """Sends a number as the payload of an event."""

    breaks = "EVT-1"

    def event(self, act: Event) -> Values:
        self.lied()
        return {**super().event(act), "pyd": 0}


class EventAsAnswer(Liar, Smib):
    """Sends its events on the topic of configuration."""

    breaks = "EVT-1"

    def topic(self, setting: str) -> str:
        if setting == "mqttPubTopic":
            self.lied()
            setting = "mqttCfgTopic"
        return super().topic(setting)


class EventInLocalTime(Liar, Smib):
    """Signs an event with a time without its Z."""

    breaks = "EVT-1"

    def event(self, act: Event) -> Values:
        self.lied()
        event = super().event(act)
        return {**event, "ts": event["ts"].removesuffix("Z")}
