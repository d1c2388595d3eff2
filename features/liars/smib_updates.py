"""A SMIB that applies or refuses updates wrongly (contract, section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from features.liars.liar import Liar
from features.pair.board import Act, Answer
from features.pair.fields import FIELDS, initial
from features.pair.smib import Smib

Values = dict[str, Any]


class NeverConfirms(Liar, Smib):
    """Applies an update and says nothing."""

    breaks = "CFG-3"

    def update(self, component: str, values: Values) -> list[Act]:
        acts = super().update(component, values)
        if Answer(component) in acts:
            self.lied()
        return [act for act in acts if act != Answer(component)]


class ConfirmsOldValues(Liar, Smib):
    """Confirms an update with the values that it had before."""

    breaks = "CFG-3"
    before: Values | None = None

    def apply(self, component: str, values: Values) -> None:
        self.before = dict(self.values[component])
        super().apply(component, values)

    def answer(self, act: Answer) -> Values:
        answer, before = super().answer(act), self.before
        self.before = None
        if before is not None and before.keys() <= answer.keys():
            self.lied()
            answer |= before
        return answer


class ConfirmsWithoutApplying(Liar, Smib):
    """Confirms an update that it does not apply."""

    breaks = "CFG-4"
    pretended: Values | None = None

    def apply(self, component: str, values: Values) -> None:
        self.pretended = {name: values[name] for name in values}

    def answer(self, act: Answer) -> Values:
        answer, pretended = super().answer(act), self.pretended
        self.pretended = None
        if pretended is not None and pretended.keys() <= FIELDS[act.component].keys():
            self.lied()
            answer |= pretended
        return answer


class ResetsTheRest(Liar, Smib):
    """Sets the fields that an update does not name to their defaults."""

    breaks = "CFG-4"

    def apply(self, component: str, values: Values) -> None:
        if component in ("coms", "ota"):
            other = {**initial(component), "comsRateMs": 60} if component == "coms" else initial(component)
            self.lied()
            self.values[component] = other
        super().apply(component, values)


class TouchesAnother(Liar, Smib):
    """Changes a field of another component too."""

    breaks = "CFG-4"

    def apply(self, component: str, values: Values) -> None:
        super().apply(component, values)
        if component == "coms":
            self.lied()
            self.values["ota"]["otaURL"] = "http://elsewhere.example/"


class AppliesGoodHalf(Liar, Smib):
    """Applies the good fields of an update whose others it refuses."""

    breaks = "CFG-5"

    def update(self, component: str, values: Values) -> list[Act]:
        if any(self.faults(component, values)):
            good = {
                name: values[name] for name in values if not any(self.faults(component, {name: values[name]}))
            }
            if good:
                self.lied()
                self.apply(component, good)
        return super().update(component, values)


class RefusesInSilence(Liar, Smib):
    """Refuses an update and says nothing."""

    breaks = "CFG-5"

    def update(self, component: str, values: Values) -> list[Act]:
        if any(self.faults(component, values)):
            self.lied()
            return []
        return super().update(component, values)


class RefusesWithoutReason(Liar, Smib):
    """Refuses an update without err."""

    breaks = "CFG-5"

    def answer(self, act: Answer) -> Values:
        if act.err:
            self.lied()
        return super().answer(Answer(act.component))


class TakesAnyNumber(Liar, Smib):
    """Applies numbers that are out of range."""

    breaks = "CFG-5"

    def faults(self, component: str, values: Values) -> Iterator[str]:
        for name, value in values.items():
            found = list(super().faults(component, {name: value}))
            if found and type(value) is int and name in FIELDS[component]:
                self.lied()
            else:
                yield from found


class TakesTruthForOne(Liar, Smib):
    """Applies true as 1."""

    breaks = "CFG-5"

    def faults(self, component: str, values: Values) -> Iterator[str]:
        for name, value in values.items():
            if value is True:
                self.lied()
                values[name] = 1
        return super().faults(component, values)


class TakesTextForNumbers(Liar, Smib):
    """Applies a number that comes as text."""

    breaks = "CFG-5"

    def faults(self, component: str, values: Values) -> Iterator[str]:
        for name, value in values.items():
            if isinstance(value, str) and value.isdecimal():
                self.lied()
                values[name] = int(value)
        return super().faults(component, values)


class TakesUnknownFields(Liar, Smib):
    """Passes over the fields of an update that it does not know."""

    breaks = "CFG-5"

    def update(self, component: str, values: Values) -> list[Act]:
        known = {name: value for name, value in values.items() if name in FIELDS[component]}
        if known != values:
            self.lied()
        return super().update(component, known)


class WritesFirmware(Liar, Smib):
    """Lets an update change what its firmware says of itself."""

    breaks = "CFG-5"

    def faults(self, component: str, values: Values) -> Iterator[str]:
        if component == "app":
            self.lied()
            return iter(())
        return super().faults(component, values)


class RefusesModeZero(Liar, Smib):
    """Refuses netMode 0, which the specification's worked example sends."""

    breaks = "INT-01"

    def faults(self, component: str, values: Values) -> Iterator[str]:
        if values.get("netMode") == 0:
            self.lied()
            yield "net.netMode: 1 was wanted"
        yield from super().faults(component, values)
