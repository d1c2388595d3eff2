"""What one cabinet's SMIB is doing, folded from what it says and from what it was sent (contract, section 4).

Pure: no clock, no I/O. ``at_s`` is seconds on a clock that never goes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cms.agreement import confirmed_by
from cms.gauge import Durations, Rate
from wire.commands import LOCK, RESTART, UNLOCK
from wire.components import COMPONENTS
from wire.orders import (
    Command,
    ConfigRequest,
    ConfigUpdate,
    FirmwareOrder,
    LongPoll,
    MeterReset,
    NvsClear,
    Order,
    Restart,
)

RESTARTING_S = 60.0
"""How long a device that was told to restart may stay away, before it counts as offline."""

ANSWER_S = 30.0
"""How long an answer may take, before it counts as missing."""

REFUSED, UNANSWERED = "refused", "unanswered"
ERROR_EVENTS = frozenset(
    {
        "BILL_STACKER_FULL",
        "COMMAND_EXPIRED",
        "COMMUNICATION_ERROR",
        "HARDWARE_ERROR",
        "OTA_FAILED",
        "SYSTEM_ERROR",
        "VALIDATOR_ERROR",
    }
)
ERROR_KINDS = (REFUSED, UNANSWERED, *sorted(ERROR_EVENTS))
"""Every kind of error that is counted; nothing that a device sends adds one."""

STATES = ("online", "offline", "locked", "restarting", "installing", "updating")

POLL, NVS, FIRMWARE = "poll", "nvs", "firmware"
ANSWERS: Mapping[str, str] = {
    "MACHINE_LOCKED": LOCK,
    "MACHINE_UNLOCKED": UNLOCK,
    "MACHINE_RESTART": RESTART,
    "rsp": POLL,
    "srsp": NVS,
    "OTA_PROGRESS": FIRMWARE,
    "OTA_COMPLETE": FIRMWARE,
    "OTA_FAILED": FIRMWARE,
}
"""Which message answers which order."""

LOCKS: Mapping[str, bool] = {"MACHINE_LOCKED": True, "MACHINE_UNLOCKED": False}
INSTALLS: Mapping[str, bool] = {"OTA_PROGRESS": True, "OTA_COMPLETE": False, "OTA_FAILED": False}


@dataclass(frozen=True, slots=True)
class Facts:
    """What an operator sees of it: two that are equal look the same.

    ``locked`` is None until the machine says, ``in_step`` until the device has reported what was ordered of
    it. ``updating`` are the components that were ordered and are not confirmed yet.
    """

    online: bool = False
    locked: bool | None = None
    restarting: bool = False
    installing: bool = False
    updating: tuple[str, ...] = ()
    firmware: str | None = None
    in_step: bool | None = None

    @property
    def state(self) -> str:
        """All of it in one word of STATES, the most urgent."""
        if self.restarting:
            return "restarting"
        if not self.online:
            return "offline"
        if self.locked:
            return "locked"
        if self.installing:
            return "installing"
        return "updating" if self.updating else "online"


@dataclass(slots=True)
class SmibState:
    """One SMIB. Everything in it is bounded, whatever the device sends."""

    relay_id: str
    rate: Rate
    last_seen_ms: int = 0
    online: bool = False
    locked: bool | None = None
    firmware: str | None = None
    in_step: bool | None = None
    installing: bool = False
    restarting_since_s: float | None = None
    updating: dict[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    waiting: dict[str, float] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Those of ``waiting`` that were components from before a reconnect: an announcement is no answer."""
    answers: Durations = field(default_factory=Durations)
    errors: Counter[str] = field(default_factory=Counter)
    reconnects: int = 0

    @property
    def facts(self) -> Facts:
        return Facts(
            self.online,
            self.locked,
            self.restarting_since_s is not None,
            self.installing,
            tuple(self.updating),
            self.firmware,
            self.in_step,
        )

    def heard(self, fields: Mapping[str, Any], at_s: float) -> float | None:
        """Take in a message; how long the device took, in seconds, where it answers an order."""
        self.rate.add(at_s)
        typ = fields.get("typ")
        if not isinstance(typ, str):
            return None
        if typ == "cfg":
            return self._configured(fields, at_s)
        if typ == "NETWORK_CONNECTED":
            self._lose_requests()
        if typ in ERROR_EVENTS:
            self.errors[typ] += 1
        self.locked = LOCKS.get(typ, self.locked)
        self.installing = INSTALLS.get(typ, self.installing)
        if typ in ("MACHINE_RESTART", "COMMAND_EXPIRED"):
            self.restarting_since_s = None
            self.installing = False
        return self._answered(ANSWERS.get(typ), at_s)

    def connected(self, online: bool) -> None:
        """It was heard, or it took its leave, or it was silent for too long."""
        if online and not self.online and self.last_seen_ms:
            self.reconnects += 1
            self._lose_requests()
        self.online = online
        if not online:
            self.installing = False

    def ordered(self, order: Order) -> None:
        """An update was stored for it, and may wait for the broker."""
        if isinstance(order, ConfigUpdate):
            earlier = self.updating.pop(order.component, {})
            self.updating[order.component] = {**earlier, **order.values}

    def sent(self, order: Order, at_s: float) -> None:
        """An order is on its way."""
        self.ordered(order)
        if isinstance(order, Restart) or (isinstance(order, Command) and order.name == RESTART):
            self.restarting_since_s = at_s
        name = awaited(order)
        if name is not None:
            self.waiting[name] = at_s
            self.lost.discard(name)

    def unsent(self, order: Order) -> None:
        """The broker did not take it."""
        if isinstance(order, Restart | Command):
            self.restarting_since_s = None
        self.waiting.pop(awaited(order) or "", None)
        self.lost.discard(awaited(order) or "")

    def given_up(self, component: str) -> None:
        """What was ordered of ``component`` is no longer on its way."""
        self.updating.pop(component, None)

    def unanswered(self, name: str, sent_s: float) -> None:
        """Give up waiting for the answer to what was sent then, where it did not come."""
        if self.waiting.get(name) == sent_s:
            del self.waiting[name]
            self.lost.discard(name)
            self.errors[UNANSWERED] += 1

    def elapsed(self, at_s: float) -> None:
        if self.restarting_since_s is not None and at_s - self.restarting_since_s > RESTARTING_S:
            self.restarting_since_s = None

    def _configured(self, fields: Mapping[str, Any], at_s: float) -> float | None:
        component = fields.get("comp")
        if not isinstance(component, str):
            return None
        ordered = self.updating.get(component)
        if "err" in fields:
            self.errors[REFUSED] += 1
        if ordered is not None and ("err" in fields or confirmed_by(ordered, fields, self.relay_id)):
            del self.updating[component]
        return self._answered(component, at_s)

    def _lose_requests(self) -> None:
        """A device that comes back announces what it holds; an earlier request may never have reached it."""
        self.lost.update(self.waiting.keys() & COMPONENTS.keys())

    def _answered(self, name: str | None, at_s: float) -> float | None:
        sent_s = None if name is None or name in self.lost else self.waiting.pop(name, None)
        if sent_s is None or name == RESTART:  # how long a restart takes is no answer time
            return None
        self.answers.add(at_s - sent_s)
        return at_s - sent_s


def awaited(order: Order) -> str | None:
    """The name under which the answer to ``order`` is awaited, one of few; None where there is none."""
    if isinstance(order, ConfigRequest | ConfigUpdate):
        return order.component
    if isinstance(order, Command):
        return order.name
    return next((name for kinds, name in _AWAITED if isinstance(order, kinds)), None)


_AWAITED: tuple[tuple[tuple[type, ...], str], ...] = (
    ((Restart,), RESTART),
    ((LongPoll, MeterReset), POLL),
    ((NvsClear,), NVS),
    ((FirmwareOrder,), FIRMWARE),
)
