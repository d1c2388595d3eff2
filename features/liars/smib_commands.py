"""A SMIB that gets its commands wrong (contract, section 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from features.liars.liar import Liar
from features.pair.board import Act, Answer, Event, Restart
from features.pair.smib import Smib

Values = dict[str, Any]


class IgnoresRestart(Liar, Smib):
    """Ignores RESTART."""

    breaks = "CMD-1"

    def restart(self) -> list[Act]:
        self.lied()
        return []


class IgnoresShortRestart(Liar, Smib):
    """Ignores the short form of a restart."""

    breaks = "CMD-2"

    def obey(self, order: Values) -> list[Act] | None:
        if order.get("typ") == "rst":
            self.lied()
            return None
        return super().obey(order)


class LocksInSilence(Liar, Smib):
    """Locks the machine and says nothing."""

    breaks = "CMD-3"

    def lock(self) -> list[Act]:
        self.lied()
        super().lock()
        return []


class LocksForUnlock(Liar, Smib):
    """Says locked where it was told to unlock."""

    breaks = "CMD-3"

    def unlock(self) -> list[Act]:
        self.lied()
        return self.lock()


class Toggles(Liar, Smib):
    """Unlocks a machine that is locked a second time."""

    breaks = "CMD-4"

    def lock(self) -> list[Act]:
        if self.locked:
            self.lied()
            return self.unlock()
        return super().lock()


class OncePerState(Liar, Smib):
    """Says nothing to an order for the state that it is in."""

    breaks = "CMD-4"
    told: bool | None = None

    def lock(self) -> list[Act]:
        return self.once(True, super().lock())

    def unlock(self) -> list[Act]:
        return self.once(False, super().unlock())

    def once(self, state: bool, acts: list[Act]) -> list[Act]:
        if self.told is state:
            self.lied()
            return []
        self.told = state
        return acts


class DeafWhenLocked(Liar, Smib):
    """Answers no configuration while it is locked."""

    breaks = "CMD-5"

    def configure(self, order: Values) -> list[Act] | None:
        if self.locked:
            self.lied()
            return []
        return super().configure(order)


class ReadOnlyWhenLocked(Liar, Smib):
    """Refuses every update while it is locked."""

    breaks = "CMD-5"

    def update(self, component: str, values: Values) -> list[Act]:
        if self.locked:
            self.lied()
            return [Answer(component, "locked")]
        return super().update(component, values)


class ExecutesOldOrders(Liar, Smib):
    """Executes a command however old it is."""

    breaks = "CMD-6"

    def is_expired(self, age_s: float) -> bool:
        if super().is_expired(age_s):
            self.lied()
        return False


class ExpiresInSilence(Liar, Smib):
    """Does not say that it left an old command unexecuted."""

    breaks = "CMD-6"

    def command(self, order: Values) -> list[Act] | None:
        acts = super().command(order)
        if acts == [Event("COMMAND_EXPIRED")]:
            self.lied()
            return []
        return acts


class ExpiresTooSoon(Liar, Smib):
    """Leaves a command of fifteen seconds unexecuted."""

    breaks = "CMD-6"

    def is_expired(self, age_s: float) -> bool:
        if 15 < age_s < 30:
            self.lied()
        return age_s > 15


class ExpiresAndExecutes(Liar, Smib):
    """Reports an old command as expired, and executes it all the same."""

    breaks = "CMD-6"

    def command(self, order: Values) -> list[Act] | None:
        acts = super().command(order)
        if acts == [Event("COMMAND_EXPIRED")]:
            self.lied()
            return [*acts, *self.commands()[order["command"]]()]
        return acts


class NeedsTime(Liar, Smib):
    """Ignores a command without a time."""

    breaks = "INT-08"

    def command(self, order: Values) -> list[Act] | None:
        if "timestamp" not in order:
            self.lied()
            return None
        return super().command(order)


class AnyCase(Liar, Smib):
    """Executes a command in lower case."""

    breaks = "CMD-8"

    def command(self, order: Values) -> list[Act] | None:
        name = order["command"]
        if isinstance(name, str) and name != name.upper() and name.upper() in self.commands():
            self.lied()
            order = {**order, "command": name.upper()}
        return super().command(order)


class RestartsForUnknown(Liar, Smib):
    """Restarts at a command that it does not know."""

    breaks = "CMD-8"

    def command(self, order: Values) -> list[Act] | None:
        if isinstance(order["command"], str) and order["command"] not in self.commands():
            self.lied()
            return [Restart()]
        return super().command(order)


class BelievesAnyTime(Liar, Smib):
    """Executes a command whose time is none."""

    breaks = "CMD-8"

    def command(self, order: Values) -> list[Act] | None:
        if order.get("timestamp") == "yesterday":
            self.lied()
            order = {name: value for name, value in order.items() if name != "timestamp"}
        return super().command(order)


class KnowsTest(Liar, Smib):
    """Takes the CMS's test message for an order to lock."""

    breaks = "CMD-8"

    def commands(self) -> dict[str, Callable[[], list[Act]]]:
        return {**super().commands(), "test": self.lock}

    def is_expired(self, age_s: float) -> bool:
        return 30 < age_s < 10**6

    def command(self, order: Values) -> list[Act] | None:
        if order["command"] == "test":
            self.lied()
        return super().command(order)
