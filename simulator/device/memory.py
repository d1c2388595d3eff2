"""A board's non-volatile storage (NVS): what survives RESTART and power loss (contract, section 3).

The values that a group of boards left the factory with are one `Factory`, shared by all of them; a `Memory`
holds only what differs from it. New connection values are on trial until a connection came about with them:
`keep` makes them the last working ones, `fall_back` returns to those. Of the machine it holds nothing until
something happened there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.device.cabinet import Cabinet
from simulator.device.installation import Installation
from simulator.device.meters import Meters
from simulator.errors import DamagedMemory
from wire.components import COMPONENTS, Component, component_named
from wire.errors import ConfigError, MessageError, Problem
from wire.fields import Value

CONNECTION = ("net", "mqtt")
"""The components whose values decide how the board is connected."""

Changes = dict[str, dict[str, Value]]

_NONE: Mapping[str, Value] = {}
_NOTHING: frozenset[str] = frozenset()
_PARTS = ("locked", "config", "working", "meters", "cabinet", "update")


class Factory:
    """The values of boards as they leave the factory, by component; never changes."""

    __slots__ = ("_lacks", "_values")

    def __init__(
        self,
        values: Mapping[str, Mapping[str, Any]] | None = None,
        lacks: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """The contract's defaults with ``values`` in their place; MessageError for an unknown component,
        ConfigError for values that it would not accept. ``app`` may be set here: it describes the board.
        ``lacks`` are fields, by component, that the boards' firmware does not have: they are not answered,
        and an update of them is refused as unknown."""
        given = values or {}
        self._lacks = lacks or {}
        for name, of_component in given.items():
            if problems := tuple(_problems(component_named(name), of_component)):
                raise ConfigError(name, problems)
        self._values = {n: {**c.defaults(), **given.get(n, {})} for n, c in COMPONENTS.items()}

    def values(self, component: str) -> Mapping[str, Value]:
        return self._values[component]

    def lacks(self, component: str) -> frozenset[str]:
        return self._lacks.get(component, _NOTHING)


class Memory:
    """The NVS of one board; ``installation`` is a firmware update that is not over."""

    __slots__ = ("_cabinet", "_changes", "_factory", "_meters", "_working", "installation", "locked")

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self._changes: Changes | None = None
        self._working: Changes | None = None
        self._meters: Meters | None = None
        self._cabinet: Cabinet | None = None
        self.installation: Installation | None = None
        self.locked = False

    def values(self, component: str) -> dict[str, Value]:
        """The values in force, in the order of the component's fields; an optional one only when it is
        set."""
        base = self._factory.values(component)
        changed = _NONE if self._changes is None else self._changes.get(component, _NONE)
        if not changed:
            return dict(base)
        merged = {**base, **changed}
        return {field.name: merged[field.name] for field in COMPONENTS[component] if field.name in merged}

    def value(self, component: str, name: str) -> Value:
        """The value in force of one field that is always set."""
        if self._changes is not None and name in (changed := self._changes.get(component, _NONE)):
            return changed[name]
        return self._factory.values(component)[name]

    @property
    def version(self) -> object:
        """Another one whenever values in force were changed; only to be compared by `is`."""
        return self._changes

    def shown(self, component: str) -> dict[str, Value]:
        """The values in force that the board answers: all but those of fields that it lacks."""
        values, lacks = self.values(component), self._factory.lacks(component)
        return {n: v for n, v in values.items() if n not in lacks} if lacks else values

    def update(self, component: str, values: Mapping[str, Any]) -> bool:
        """Put ``values`` in force, and say whether that changed anything. ConfigError, and nothing is
        changed, where the component refuses one of them."""
        if problems := self._update_problems(component, values):
            raise ConfigError(component, problems)
        before = self.values(component)
        changed = {name: value for name, value in values.items() if before.get(name) != value}
        if not changed:
            return False
        if component in CONNECTION and self._working is None:
            self._working = self._connection_changes()
        self._hold(component, {**before, **changed})
        return True

    @property
    def on_trial(self) -> bool:
        """Whether the connection values in force have yet to prove that they work."""
        return self._working is not None

    @property
    def idle_ms(self) -> int:
        """``mqttIdleTimeS`` in force, in milliseconds."""
        return self._idle_s(self._changes) * 1000

    @property
    def trial_ms(self) -> int:
        """How long a trial lasts: the shorter of the idle times in force and last working."""
        working = self._changes if self._working is None else self._working
        return min(self._idle_s(self._changes), self._idle_s(working)) * 1000

    def keep(self) -> None:
        """The connection values in force work: from now on they are the ones to fall back to."""
        self._working = None

    def fall_back(self) -> tuple[str, ...]:
        """Return to the last working connection values; the components that this changed."""
        working, self._working = self._working, None
        if working is None:
            return ()
        tried = self._connection_changes()
        changes = {n: v for n, v in (self._changes or {}).items() if n not in CONNECTION} | working
        self._changes = changes or None
        return tuple(name for name in CONNECTION if tried.get(name) != working.get(name))

    def meter(self, code: str) -> int:
        """The value of a meter, by its code in long poll 6F."""
        return 0 if self._meters is None else self._meters[code]

    def count(self, code: str, amount: int) -> None:
        """Add to a meter that is counted (see `meters`)."""
        if self._meters is None:
            self._meters = Meters()
        self._meters.count(code, amount)

    def clear_meters(self) -> None:
        self._meters = None

    @property
    def credits(self) -> int:
        """What the player has."""
        return 0 if self._meters is None else self._meters.credits

    @property
    def conditions(self) -> int:
        """The bits of what is the matter with the machine (see `conditions`)."""
        return 0 if self._cabinet is None else self._cabinet.conditions

    @property
    def untold(self) -> int:
        """The bits of what began or was over since the CMS was told."""
        return 0 if self._cabinet is None else self._cabinet.conditions ^ self._cabinet.told

    @property
    def stacked(self) -> int:
        """Bills in the validator's stacker."""
        return 0 if self._cabinet is None else self._cabinet.stacked

    @property
    def cabinet(self) -> Cabinet:
        """The machine's state, to be changed."""
        if self._cabinet is None:
            self._cabinet = Cabinet()
        return self._cabinet

    def install(self, version: str) -> None:
        """This version of the firmware runs from now on."""
        self._hold("app", {**self.values("app"), "version": version})

    def to_dict(self) -> dict[str, Any]:
        """What differs from the factory, as JSON can hold it. Holds secrets."""
        stored: dict[str, Any] = {"locked": self.locked, "config": _copy(self._changes or {})}
        if self._working is not None:
            stored["working"] = _copy(self._working)
        if self._meters is not None:
            stored["meters"] = self._meters.to_dict()
        if self._cabinet is not None:
            stored["cabinet"] = self._cabinet.to_dict()
        if self.installation is not None:
            stored["update"] = self.installation.to_dict()
        return stored

    @classmethod
    def from_dict(cls, factory: Factory, stored: Mapping[str, Any]) -> Memory:
        """The NVS that `to_dict` gave; DamagedMemory, naming the part, for anything else."""
        memory = cls(factory)
        for name in stored:
            if name not in _PARTS:
                raise DamagedMemory(str(name), f"one of {', '.join(_PARTS)} was wanted")
        memory.locked = _stored_lock(stored)
        memory._changes = _stored_changes("config", stored, tuple(COMPONENTS)) or None
        if "working" in stored:
            memory._working = _stored_changes("working", stored, CONNECTION)
        if "meters" in stored:
            memory._meters = Meters.from_dict(stored["meters"])
        if "cabinet" in stored:
            memory._cabinet = Cabinet.from_dict(stored["cabinet"])
        if "update" in stored:
            memory.installation = Installation.from_dict(stored["update"])
        return memory

    def _update_problems(self, component: str, values: Mapping[str, Any]) -> tuple[Problem, ...]:
        lacks = self._factory.lacks(component)
        known = {name: value for name, value in values.items() if name not in lacks}
        lacking = (
            Problem(f"{component}.{n}", "unknown, this firmware has none") for n in values if n in lacks
        )
        return (*COMPONENTS[component].problems(known), *lacking)

    def _hold(self, component: str, values: Mapping[str, Value]) -> None:
        base = self._factory.values(component)
        # Names are taken from the table, so that no board holds a copy of its own.
        names = (field.name for field in COMPONENTS[component] if field.name in values)
        changed = {name: values[name] for name in names if base.get(name) != values[name]}
        changes = dict(self._changes or {})
        changes.pop(component, None)
        if changed:
            changes[COMPONENTS[component].name] = changed
        self._changes = changes or None

    def _connection_changes(self) -> Changes:
        return {name: values for name, values in (self._changes or {}).items() if name in CONNECTION}

    def _idle_s(self, changes: Changes | None) -> int:
        changed = _NONE if changes is None else changes.get("mqtt", _NONE)
        return int(changed.get("mqttIdleTimeS", self._factory.values("mqtt")["mqttIdleTimeS"]))


def _problems(component: Component, values: Mapping[str, Any]) -> Iterator[Problem]:
    """As `Component.problems`, but what is read-only over the wire may be given here."""
    yield from component.problems({n: v for n, v in values.items() if not _read_only(component, n)})
    for name, value in values.items():
        field = component.field(name)
        if field is not None and field.read_only and not (type(value) is field.type and field.accepts(value)):
            yield Problem(f"{component.name}.{name}", f"{field.wanted} was wanted")


def _read_only(component: Component, name: str) -> bool:
    field = component.field(name)
    return field is not None and field.read_only


def _copy(changes: Changes) -> Changes:
    return {name: dict(values) for name, values in changes.items()}


def _stored_lock(stored: Mapping[str, Any]) -> bool:
    locked = stored.get("locked", False)
    if not isinstance(locked, bool):
        raise DamagedMemory("locked", "true or false was wanted")
    return locked


def _stored_changes(part: str, stored: Mapping[str, Any], allowed: tuple[str, ...]) -> Changes:
    changes = stored.get(part, {})
    if not isinstance(changes, Mapping) or not all(isinstance(v, Mapping) for v in changes.values()):
        raise DamagedMemory(part, "an object of components was wanted")
    for name, values in changes.items():
        try:
            problems = tuple(_problems(component_named(name), values))
        except MessageError as exc:
            raise DamagedMemory(f"{part}.{name}", exc.wanted) from exc
        if name not in allowed or problems:
            raise DamagedMemory(f"{part}.{name}", "; ".join(map(str, problems)) or "not a component for here")
    return {COMPONENTS[name].name: dict(values) for name, values in changes.items()}
