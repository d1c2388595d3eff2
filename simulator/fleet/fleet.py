"""A floor of virtual SMIBs in one process: made from a plan, started, counted, stopped."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulator.deadlines import Clock, Deadlines, steady_clock
from simulator.device.device import Device
from simulator.device.dice import SmallDice
from simulator.device.memory import Factory, Memory
from simulator.device.transitions import State
from simulator.errors import DamagedMemory, FleetPlanError
from simulator.fleet.identities import Identity, Register, Seat, factory_values, seed_of
from simulator.fleet.plan import MAX_DEVICES, FleetPlan, Group
from simulator.fleet.state_dir import StateDir
from simulator.fleet.switchboard import Switchboard
from simulator.fleet.who import Who, one
from simulator.link.link import Link, Links
from simulator.link.networks import Networks
from simulator.link.papers import PaperedLink, Papers
from simulator.session.download import Downloads, Trust
from simulator.session.session import FAILED, Session
from simulator.session.surroundings import Surroundings, Tell
from wire.address import BrokerAddress

BATCH = 50
"""Devices that are switched on before the event loop gets its turn."""
STOP_S = 1.2
"""A lab is gone within 2 s, and its fleet has to leave before its broker."""

PapersOf = Callable[[int, str], Papers | None]
"""A device's papers by its place in the plan and its relay id; None for those that have none."""

_log = logging.getLogger("simulator.fleet")


def _tell_nobody(_relay_id: str, _kind: str, _facts: Mapping[str, Any]) -> None:
    """The hook of a fleet that nobody looks at."""


class Fleet:
    """Many sessions. None of them ever touches another.

    `on_event(relay_id, kind, facts)` is told everything, as it happens, and must be quick; what it raises is
    logged. Kinds and facts: `connecting` broker, ssid · `state` state, before · `received` topic, payload ·
    `sent` topic, kind, payload · `refused` why · `lost` · `disconnected` clean, why · `note` mark, what, … ·
    `failed` why · `faults` names, of those it has now. A payload may hold secrets: mask it (`wire.redaction`)
    before it is shown.
    """

    def __init__(
        self,
        plan: FleetPlan,
        links: Links,
        *,
        broker: BrokerAddress | None = None,
        state: StateDir | None = None,
        clock: Clock | None = None,
        deadlines: Deadlines | None = None,
        trust: Trust | None = None,
        papers: PapersOf | None = None,
        on_event: Tell = _tell_nobody,
    ) -> None:
        """A fleet without power. `broker` becomes the factory `mqttURI` of every device whose group names
        none; `state` must be open, and stays the caller's to close. `trust` gives the TLS context
        for servers of firmware (default: the system's certificates). `deadlines` go by the same `clock`
        (default: both by the time of day). `papers` are what devices show their broker that is their own.
        """
        self.plan = plan
        self.totals: Counter[str] = Counter()
        self._links = links
        self._broker = broker
        self._state = state
        self._on_event = on_event
        self._papers = papers
        clock = clock or steady_clock()
        self.deadlines = deadlines or Deadlines(clock)
        save = None if state is None else state.save
        networks, downloads = Networks(plan.networks), Downloads(trust=trust)
        self._around = Surroundings(clock, self.deadlines, networks, save, self._tell, downloads)
        self._clock = clock
        self.switchboard = Switchboard(plan.seed, self.select, clock, self.deadlines)
        self._register = Register(plan)
        self._factories: dict[str, Factory] = {}
        self._sessions: dict[str, Session] = {}
        self._seats: dict[str, Seat] = {}
        self._counts: Counter[str] = Counter()
        self._undecided: set[str] = set()
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def __contains__(self, relay_id: str) -> bool:
        return relay_id in self._sessions

    def __getitem__(self, relay_id: str) -> Session:
        return self._sessions[relay_id]

    def identity(self, relay_id: str) -> Identity:
        """Who the device is, made anew at every call: a fleet that nobody looks into needs none."""
        return self._register.identity(self._seats[relay_id])

    def group(self, relay_id: str) -> Group:
        """The group that the device was made by."""
        return self._seats[relay_id].group

    def select(self, who: Who) -> list[Session]:
        """The devices that `who` names, in the fleet's order."""
        if who.relay_ids is not None and len(who.relay_ids) == 1:
            sessions = [self._sessions[relay] for relay in who.relay_ids if relay in self._sessions]
        else:
            sessions = list(self)
        return [session for session in sessions if self._named(session.device.relay_id, who)]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many devices are in each state (`State`'s values, `failed`); they add up to the fleet."""
        return {state: number for state, number in self._counts.items() if number}

    @property
    def online(self) -> int:
        """Devices that are connected and whose subscriptions are acknowledged."""
        return self._counts[State.ONLINE.value]

    async def start(self) -> None:
        """Make every device and switch it on. That they are online is what `settled` and `until` wait for."""
        began_ms = self._clock()
        for number, (place, seat) in enumerate(self._register.seats(), start=1):
            session = self._add(seat, place)
            due_ms = began_ms + self.plan.arrival_ms * place // self.plan.count
            if due_ms <= began_ms:
                session.power_on()
            else:
                self.deadlines.at(due_ms, session.power_on)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        self.switchboard.follow(self.plan.schedule, began_ms)

    def add(self, group: Group, relay_id: str | None = None) -> Session:
        """One device more, made as those of `group` and switched on; its id is generated where none is given.

        FleetPlanError where the id is taken already, or the fleet is as big as it gets.
        """
        if len(self) >= MAX_DEVICES:
            raise FleetPlanError(f"devices: at most {MAX_DEVICES} were wanted.")
        if relay_id in self._sessions:
            raise FleetPlanError(f"relayId: an id that no device has was wanted, not {relay_id}.")
        seat = self._register.another(group, relay_id)
        while seat.relay_id in self._sessions:
            seat = self._register.another(group, relay_id)
        session = self._add(seat, self.plan.count + len(self))
        session.power_on()
        return session

    async def remove(self, relay_id: str) -> None:
        """Take a device off the floor: it disconnects cleanly and is forgotten. KeyError for one that is not
        there.
        """
        session = self._sessions.pop(relay_id)
        session.leave()
        self._counts[session.state] -= 1
        self._undecided.discard(relay_id)
        del self._seats[relay_id]
        self._look()
        await session.left()

    @property
    def is_settled(self) -> bool:
        """Whether every device has been online, or was refused once, or failed."""
        return not self._undecided

    async def settled(self) -> None:
        """Return when that is so."""
        await self.until(lambda: self.is_settled)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when `condition` holds; it is looked at whenever a device changes state or is refused."""
        if condition():
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (condition, reached)
        self._waiting.append(entry)
        try:
            await reached
        finally:
            self._waiting.remove(entry)

    async def stop(self) -> None:
        """Disconnect everything cleanly, within 2 s."""
        self.deadlines.close()
        for session in self:
            session.leave()
        try:
            async with asyncio.timeout(STOP_S):
                for session in self:
                    await session.left()
        except TimeoutError:
            _log.warning("! fleet stop=incomplete after_s=%g", STOP_S)

    def _add(self, seat: Seat, place: int) -> Session:
        group, relay_id = seat.group, seat.relay_id
        factory = self._factories.get(group.name)
        if factory is None:
            values = factory_values(group, self._broker)
            factory = self._factories[group.name] = Factory(values, group.lacks)
        link = self._link(place, relay_id)
        session = Session(self._device(group, relay_id, factory), link, self._around)
        self._sessions[relay_id] = session
        self._seats[relay_id] = seat
        self._counts[session.state] += 1
        self._undecided.add(relay_id)
        for number, spec in enumerate(group.faults):
            self.switchboard.afflict(one(relay_id), spec, f"{group.name}-{number + 1}")
        return session

    def _link(self, place: int, relay_id: str) -> Link:
        link = self._links.link()
        papers = None if self._papers is None else self._papers(place, relay_id)
        return link if papers is None else PaperedLink(link, papers)

    def _device(self, group: Group, relay_id: str, factory: Factory) -> Device:
        play = group.play or self.plan.play
        return Device(
            relay_id,
            self._memory(relay_id, factory),
            boot_ms=group.boot_ms,
            has_clock=group.clock,
            play=play,
            dice=SmallDice(seed_of(f"{self.plan.seed}/{relay_id}/play")) if play else None,
        )

    def _named(self, relay_id: str, who: Who) -> bool:
        group = self._seats[relay_id].group
        return who.includes(relay_id, group.name, group.location)

    def _memory(self, relay_id: str, factory: Factory) -> Memory:
        """What the device had stored; a memory that can't be read is replaced by factory values, as a board
        with a worn-out NVS does (INT-32).
        """
        if self._state is None:
            return Memory(factory)
        try:
            stored = self._state.load(relay_id)
            return Memory(factory) if stored is None else Memory.from_dict(factory, stored)
        except DamagedMemory as exc:
            file = self._state.file(relay_id)
            _log.warning("! %s nvs=damaged file=%s why=%s use=factory-values", relay_id, file, exc)
            return Memory(factory)

    def _tell(self, relay_id: str, kind: str, facts: Mapping[str, Any]) -> None:
        self.totals[kind] += 1
        if kind == "state":
            self._counts[facts["before"]] -= 1
            self._counts[facts["state"]] += 1
            _log.info("= %s state=%s", relay_id, facts["state"])
        elif kind == "faults":
            _log.info("= %s faults=%s", relay_id, ",".join(facts["names"]) or "none")
        elif kind == "note":
            _log.info("%s %s %s", facts["mark"], relay_id, _listed(facts))
        if kind in ("state", "refused"):
            self._decide(relay_id, kind, facts)
        try:
            self._on_event(relay_id, kind, facts)
        except Exception:  # noqa: BLE001  a view that stumbles must not stop a device
            _log.exception("! %s on_event=failed kind=%s", relay_id, kind)

    def _decide(self, relay_id: str, kind: str, facts: Mapping[str, Any]) -> None:
        if kind == "refused" or facts["state"] in (State.ONLINE.value, FAILED):
            self._undecided.discard(relay_id)
        self._look()

    def _look(self) -> None:
        for condition, reached in self._waiting:
            if not reached.done() and condition():
                reached.set_result(None)


def _listed(facts: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in facts.items() if name != "mark")
