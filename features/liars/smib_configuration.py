"""A SMIB that answers wrongly, or falls over what is no order (contract, section 3)."""

from __future__ import annotations

from typing import Any

from features.liars.liar import Liar
from features.pair import fields
from features.pair.board import Act, Answer, Reconnect
from features.pair.errors import Malformed
from features.pair.fields import FIELDS
from features.pair.payload import MOST
from features.pair.smib import Smib

Values = dict[str, Any]


class AnswersHalf(Liar, Smib):
    """Leaves the last field of a component out of its answer."""

    breaks = "CFG-2"

    def answer(self, act: Answer) -> Values:
        self.lied()
        answer = super().answer(act)
        del answer[list(FIELDS[act.component])[-1 if act.component != "mqtt" else -3]]
        return answer


class NumbersAsText(Liar, Smib):
    """Answers its numbers as text."""

    breaks = "CFG-2"

    def answer(self, act: Answer) -> Values:
        answer = super().answer(act)
        if any(isinstance(value, int) for value in answer.values()):
            self.lied()
        return {name: str(value) for name, value in answer.items()}


class AnswersAsEvent(Liar, Smib):
    """Answers its configuration on the topic of its events."""

    breaks = "CFG-2"

    def topic(self, setting: str) -> str:
        if setting == "mqttCfgTopic":
            self.lied()
            setting = "mqttPubTopic"
        return super().topic(setting)


class OutOfRange(Liar, Smib):
    """Answers a value that no update could have set."""

    breaks = "CFG-2"

    def answer(self, act: Answer) -> Values:
        answer = super().answer(act)
        if "netStaChan" in answer:
            self.lied()
            answer["netStaChan"] = 0
        return answer


class IgnoresBulk(Liar, Smib):
    """Ignores the bulk form."""

    breaks = "CFG-6"

    def bulk(self, configuration: object) -> list[Act] | None:
        self.lied()
        return None


class ConfirmsBulkOnce(Liar, Smib):
    """Confirms the last component of a bulk form alone."""

    breaks = "CFG-6"

    def bulk(self, configuration: object) -> list[Act] | None:
        acts = super().bulk(configuration)
        if acts and len(acts) > 1:
            self.lied()
        return acts[-1:] if acts else acts


class BulkAllOrNothing(Liar, Smib):
    """Applies no component of a bulk form one of which it refuses."""

    breaks = "CFG-6"

    def bulk(self, configuration: object) -> list[Act] | None:
        if isinstance(configuration, dict):
            known = [name for name in configuration if name in FIELDS]
            bad = [name for name in known if any(fields.faults(name, configuration[name]))]
            if bad and len(bad) < len(known):
                self.lied()
                return super().bulk({name: configuration[name] for name in bad})
        return super().bulk(configuration)


class AnswersUnknown(Liar, Smib):
    """Answers a request for a component that does not exist."""

    breaks = "CFG-8"

    def configure(self, order: Values) -> list[Act] | None:
        acts = super().configure(order)
        if acts is None:
            self.lied()
            return [Answer("coms")]
        return acts


class FallsOverNoise(Liar, Smib):
    """Leaves its broker when it is sent what is no JSON."""

    breaks = "CFG-8"

    def receive(self, raw: bytes) -> list[Act]:
        try:
            self.parsed(raw)
        except Malformed:
            self.lied()
            return [Reconnect()]
        return super().receive(raw)


class HangsOnNoise(Liar, Smib):
    """Handles no order any more once it was sent what is no JSON."""

    breaks = "CFG-8"
    hung = False

    def receive(self, raw: bytes) -> list[Act]:
        if self.hung:
            self.lied()
            return []
        try:
            self.parsed(raw)
        except Malformed:
            self.hung = True
        return super().receive(raw)


class AnswersNoise(Liar, Smib):
    """Answers what is over 64 KiB."""

    breaks = "CFG-8"

    def receive(self, raw: bytes) -> list[Act]:
        if len(raw) > MOST:
            self.lied()
            return [Answer("coms", "too large")]
        return super().receive(raw)


class ObeysReports(Liar, Smib):
    """Takes what another SMIB answers for an update."""

    breaks = "INT-09"

    def obey(self, order: Values) -> list[Act] | None:
        if order.pop("rly", None) is not None:
            self.lied()
        return super().obey(order)


class AnswersNoiseWithApp(Liar, Smib):
    """Answers what is no order with its app settings."""

    breaks = "CFG-8"

    def receive(self, raw: bytes) -> list[Act]:
        acts = super().receive(raw)
        if not acts:
            self.lied()
            return [Answer("app")]
        return acts
