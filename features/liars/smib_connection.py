"""A SMIB that gets its connection, its topics or its memory wrong (contract, sections 2 to 4)."""

from __future__ import annotations

from typing import Any

from features.liars.liar import Liar
from features.pair.address import Broker
from features.pair.board import LINKS, Act, Answer, Event, Reconnect
from features.pair.fields import FIELDS, initial
from features.pair.link import Link, Will
from features.pair.smib import Smib


class NeverAppends(Liar, Smib):
    """Uses a topic that ends in a slash as it stands."""

    breaks = "TOPIC-10"

    def topic(self, setting: str) -> str:
        topic: str = self.values["mqtt"][setting]
        if topic.startswith("lab/") and topic.endswith("/"):
            self.lied()
            return topic
        return super().topic(setting)


class AlwaysAppends(Liar, Smib):
    """Appends its relay id to a topic that is to be used as it stands."""

    breaks = "TOPIC-10"

    def topic(self, setting: str) -> str:
        topic = super().topic(setting)
        if topic in ("lab/orders/solo", "sas/gy/server"):
            self.lied()
            return f"{topic}/{self.relay}"
        return topic


class ListensWhereItWas(Liar, Smib):
    """Listens on its first topic, whatever its settings say."""

    breaks = "TOPIC-10"

    def topic(self, setting: str) -> str:
        if setting == "mqttSubTopic" and self.values["mqtt"][setting] != "sas/relay/":
            self.lied()
            return f"sas/relay/{self.relay}"
        return super().topic(setting)


class ReportsWhereItDid(Liar, Smib):
    """Sends its events on its first topic, whatever its settings say."""

    breaks = "TOPIC-10"

    def topic(self, setting: str) -> str:
        if setting == "mqttPubTopic" and self.values["mqtt"][setting] != "sas/gli/server/":
            self.lied()
            return f"sas/gli/server/{self.relay}"
        return super().topic(setting)


class ForgetsSettings(Liar, Smib):
    """Forgets at a restart what was applied."""

    breaks = "CFG-7"

    async def greet(self, link: Link) -> None:
        if self.restarted:
            self.lied()
            self.values |= {name: initial(name) for name in FIELDS if name not in LINKS}
        await super().greet(link)


class ForgetsAtPowerLoss(Liar, Smib):
    """Forgets what was applied when its power is lost."""

    breaks = "LINK-4"

    def remember(self, stored: Any) -> None:
        self.lied()


class LeavesFirst(Liar, Smib):
    """Connects anew before it confirms, and confirms nothing."""

    breaks = "LINK-1"

    def update(self, component: str, values: dict[str, Any]) -> list[Act]:
        acts = super().update(component, values)
        if Reconnect() in acts:
            self.lied()
            return [Reconnect()]
        return acts


class ConfirmsAfterwards(Liar, Smib):
    """Confirms new connection settings when it is back."""

    breaks = "LINK-1"
    owed: Answer | None = None

    def update(self, component: str, values: dict[str, Any]) -> list[Act]:
        acts = super().update(component, values)
        if Reconnect() in acts:
            self.owed = Answer(component)
            return [Reconnect()]
        return acts

    def greeting(self, restarted: bool, fell_back: bool) -> list[Act]:
        acts, owed = super().greeting(restarted, fell_back), self.owed
        self.owed = None
        if owed:
            self.lied()
        return [*acts, owed] if owed else acts


class Stays(Liar, Smib):
    """Stays where it is connected, whatever is applied."""

    breaks = "LINK-1"

    def update(self, component: str, values: dict[str, Any]) -> list[Act]:
        acts = super().update(component, values)
        if Reconnect() in acts:
            self.lied()
        return [act for act in acts if act != Reconnect()]


class NeverFallsBack(Liar, Smib):
    """Tries settings that lead nowhere for ever."""

    breaks = "LINK-2"

    def is_hopeless(self, tried_s: float) -> bool:
        if super().is_hopeless(tried_s):
            self.lied()
        return False


class FallsBackInSilence(Liar, Smib):
    """Takes settings back that lead nowhere, and does not say so."""

    breaks = "LINK-2"

    def greeting(self, restarted: bool, fell_back: bool) -> list[Act]:
        if fell_back:
            self.lied()
        return super().greeting(restarted, False)


class FallsBackToFactory(Liar, Smib):
    """Goes back to the settings of the factory, not to those that worked."""

    breaks = "LINK-2"

    def fall_back(self) -> None:
        self.lied()
        super().fall_back()
        self.values["mqtt"]["mqttIdleTimeS"] = 30


class KeepsWrongSettings(Liar, Smib):
    """Comes back by its old settings, and answers the new ones."""

    breaks = "LINK-2"
    wrong: dict[str, Any] | None = None

    def fall_back(self) -> None:
        self.wrong = {name: dict(self.values[name]) for name in LINKS}
        super().fall_back()

    def answer(self, act: Answer) -> dict[str, Any]:
        answer = super().answer(act)
        if self.wrong and act.component in self.wrong:
            self.lied()
            return {**answer, **self.wrong[act.component]}
        return answer


class NeverMoves(Liar, Smib):
    """Connects to its first broker, whatever its mqttURI says."""

    breaks = "LINK-3"
    first: Broker | None = None

    def broker(self) -> Broker:
        asked = super().broker()
        self.first = self.first or asked
        if asked != self.first:
            self.lied()
        return self.first


class DiesInSilence(Liar, Smib):
    """Leaves no last will."""

    breaks = "LINK-5"

    def will(self) -> Will:
        self.lied()
        return Will(f"nowhere/{self.relay}", b"{}")


class ComesInSilence(Liar, Smib):
    """Does not announce itself."""

    breaks = "LINK-5"

    def greeting(self, restarted: bool, fell_back: bool) -> list[Act]:
        self.lied()
        return super().greeting(restarted, fell_back)[1:]


class WillOfAnother(Liar, Smib):
    """Leaves a last will in the name of another."""

    breaks = "LINK-5"

    def will(self) -> Will:
        self.lied()
        will = super().will()
        return Will(will.topic, will.payload.replace(self.relay.encode(), b"e831cdfa8384"))


class NeverBeats(Liar, Smib):
    """Sends no heartbeat."""

    breaks = "LINK-6"

    async def beat(self, link: Link) -> None:
        self.lied()


class BeatsAtWill(Liar, Smib):
    """Sends its heartbeat every third of its idle time."""

    breaks = "LINK-6"

    def heartbeat(self) -> Event:
        self.lied()
        return super().heartbeat()

    async def perform(self, link: Link, act: Act) -> bool:
        if isinstance(act, Event) and act.pyd == "heartbeat":
            for _ in range(2):
                await super().perform(link, act)
        return await super().perform(link, act)


class ConfirmsItsFactoryQos(Liar, Smib):
    """Answers QoS 0 whatever was applied."""

    breaks = "CFG-3"

    def answer(self, act: Answer) -> dict[str, Any]:
        answer = super().answer(act)
        if "mqttQOS" in answer and answer["mqttQOS"] != 0:
            self.lied()
            answer["mqttQOS"] = 0
        return answer
