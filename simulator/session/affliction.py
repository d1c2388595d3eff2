"""The faults that one device has now: each by its name, each set and cleared while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator.deadlines import Clock, Deadline, Deadlines
from simulator.device.device import Device
from simulator.device.effects import Effect
from simulator.faults import SOUND, AnyFault, Fault, Faults, FaultSpec, Line, TimedFault
from simulator.faults.line import together

Act = Callable[[Callable[[int], list[Effect]]], None]
"""Carries out what something that is given the time wants done."""


@dataclass(slots=True)
class _Given:
    spec: FaultSpec
    fault: AnyFault
    timer: Deadline | None = None


class Affliction:
    """A device's faults. `messages` and `line` are theirs together; timed ones strike by themselves."""

    __slots__ = ("_act", "_clock", "_deadlines", "_device", "_given", "line", "messages")

    def __init__(self, device: Device, clock: Clock, deadlines: Deadlines, act: Act) -> None:
        self._device = device
        self._clock = clock
        self._deadlines = deadlines
        self._act = act
        self._given: dict[str, _Given] = {}
        self.messages = Faults()
        self.line = SOUND

    @property
    def specs(self) -> Mapping[str, FaultSpec]:
        """What was set and not cleared, by name."""
        return {name: given.spec for name, given in self._given.items()}

    def set(self, name: str, spec: FaultSpec, fault: AnyFault) -> None:
        """Have `fault` from now on, in the place of another of that name."""
        self._stop(name)
        given = self._given[name] = _Given(spec, fault)
        if isinstance(fault, (Fault, Line)):
            self._put_together()
        else:
            self._wait(given, fault, self._clock())

    def clear(self, name: str | None = None) -> bool:
        """Be rid of the fault of that name, of all for None; whether there was one."""
        names = [one for one in self._given if name in (None, one)]
        for one in names:
            self._stop(one)
            del self._given[one]
        self._put_together()
        return bool(names)

    def forget(self) -> None:
        """Let nothing strike any more."""
        for name in self._given:
            self._stop(name)

    def _put_together(self) -> None:
        faults = [given.fault for given in self._given.values()]
        self.messages = Faults(tuple(fault for fault in faults if isinstance(fault, Fault)))
        lines = [fault for fault in faults if isinstance(fault, Line)]
        self.line = together(lines) if lines else SOUND

    def _wait(self, given: _Given, fault: TimedFault, since_ms: int) -> None:
        """Let it strike when it is due, counted from when it was last: who is late strikes no less often."""
        due_ms = since_ms + fault.next_ms()

        def strike() -> None:
            self._wait(given, fault, due_ms)
            self._act(lambda now_ms: fault.strike(self._device, now_ms))

        given.timer = self._deadlines.at(due_ms, strike)

    def _stop(self, name: str) -> None:
        given = self._given.get(name)
        if given is not None and given.timer is not None:
            given.timer.cancel()
            given.timer = None
