"""What can be done to the devices of a running fleet, by its schedule or by somebody at its control."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from simulator.deadlines import Clock, Deadlines
from simulator.device.device import Device
from simulator.device.dice import SmallDice
from simulator.device.effects import Effect
from simulator.device.transitions import State
from simulator.faults import FaultSpec, Patient, fault_from, share_of
from simulator.fleet.act import GAME_MS, Act
from simulator.fleet.identities import seed_of
from simulator.fleet.schedule import Occasion, Power
from simulator.fleet.who import Who
from simulator.session.session import Session


class Switchboard:
    """Acts on the sessions that `select` gives for a `Who`. Every method returns the relay ids it reached."""

    def __init__(
        self, seed: int, select: Callable[[Who], list[Session]], clock: Clock, deadlines: Deadlines
    ) -> None:
        self._seed = seed
        self._select = select
        self._clock = clock
        self._deadlines = deadlines

    def power(self, who: Who, power: Power, for_ms: int | None = None) -> list[str]:
        """Cut the mains or give them back; after `for_ms` those that this changed are as they were."""
        reached = [s for s in self._select(who) if (s.device.state is State.OFF) == (power is Power.ON)]
        for session in reached:
            session.power_on() if power is Power.ON else session.power_off()
        if for_ms is not None and reached:
            back = Who(relay_ids=frozenset(_ids(reached)))
            other = Power.ON if power is Power.OFF else Power.OFF
            self._later(for_ms, lambda: self.power(back, other))
        return _ids(reached)

    def afflict(
        self, who: Who, spec: FaultSpec, name: str | None = None, for_ms: int | None = None
    ) -> list[str]:
        """Set a fault under a name, its kind where none is given; FaultSpecError if it can't be made.

        Whom the spec's `share` spares follows from seed, relay id and name, as everything by chance does.
        """
        called = name or str(spec.get("kind"))
        reached = [session for session in self._select(who) if self._afflict(session, called, spec)]
        if for_ms is not None:
            self._later(for_ms, lambda: self._relieve_of(reached, called, spec))
        return _ids(reached)

    def relieve(self, who: Who, name: str | None = None) -> list[str]:
        """Clear the fault of that name, or all of them."""
        return _ids(session for session in self._select(who) if session.relieve(name))

    def pause(self, who: Who) -> list[str]:
        """Let nothing happen to devices until they are resumed; their connections stay."""
        reached = [session for session in self._select(who) if not session.paused]
        for session in reached:
            session.pause()
        return _ids(reached)

    def resume(self, who: Who) -> list[str]:
        reached = [session for session in self._select(who) if session.paused]
        for session in reached:
            session.resume()
        return _ids(reached)

    def act(self, who: Who, act: Act, for_ms: int | None = None) -> list[str]:
        """Do something at machines, several games one after the other; after `for_ms` it is taken back."""
        reached = self._select(who)
        self._all_do(reached, act.done)
        for number in range(1, act.times):
            self._later(number * GAME_MS, lambda: self._all_do(reached, act.done))
        if for_ms is not None:
            self._later(for_ms, lambda: self._all_do(reached, act.undone))
        return _ids(reached)

    def follow(self, schedule: Iterable[Occasion], began_ms: int) -> None:
        """Let everything happen at its time, reckoned from `began_ms`."""
        for occasion in schedule:
            self._await(occasion, began_ms + occasion.at_ms)

    def _await(self, occasion: Occasion, due_ms: int) -> None:
        def happen() -> None:
            if occasion.every_ms is not None:
                self._await(occasion, due_ms + occasion.every_ms)
            match occasion.what:
                case Power():
                    self.power(occasion.who, occasion.what, occasion.for_ms)
                case Act():
                    self.act(occasion.who, occasion.what, occasion.for_ms)
                case _:
                    self.afflict(occasion.who, occasion.what, for_ms=occasion.for_ms)

        self._deadlines.at(due_ms, happen)

    def _afflict(self, session: Session, name: str, spec: FaultSpec) -> bool:
        relay_id = session.device.relay_id
        dice = SmallDice(seed_of(f"{self._seed}/{relay_id}/{name}"))
        if dice.random() >= share_of(spec):
            return False
        patient = Patient(relay_id, session.device.memory, dice)
        session.afflict(name, spec, fault_from(spec, patient))
        return True

    def _relieve_of(self, sessions: Iterable[Session], name: str, spec: FaultSpec) -> None:
        for session in sessions:
            if session.faults.get(name) is spec:
                session.relieve(name)

    def _all_do(self, sessions: Iterable[Session], what: Callable[[Device, int], Sequence[Effect]]) -> None:
        for session in sessions:
            _do(session, what)

    def _later(self, ms: int, call: Callable[[], object]) -> None:
        self._deadlines.at(self._clock() + ms, call)


def _do(session: Session, what: Callable[[Device, int], Sequence[Effect]]) -> None:
    session.act(lambda now_ms: what(session.device, now_ms))


def _ids(sessions: Iterable[Session]) -> list[str]:
    return [session.device.relay_id for session in sessions]
