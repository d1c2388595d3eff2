"""A subject tried for some seconds: it is started or joined, gives one answer, and one stream or report."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from features.harness.evidence.timeline import Timeline
from features.harness.floor import Cabinet, Floor, floor_of_cms, new_floor, with_devices
from features.harness.listing import listed
from features.harness.peer import connected
from features.harness.plan import Plan
from features.harness.played import TOPICS, PlayedCms, PlayedSmib
from features.harness.process import START, Warden, Workshop
from features.harness.readiness import readiness
from features.harness.stream import Stream
from features.harness.subject import CMS, SMIB, Subject
from features.harness.subjects import (
    AnyBroker,
    AnyCms,
    Broker,
    Cms,
    ExternalBroker,
    Fleet,
    Order,
    RunningCms,
    RunningSmibs,
)
from features.harness.tap.tap import Tap
from features.harness.web import Web
from wire import orders

COMPONENT = "coms"
EVENT = "GAME_PLAYED"
SMALL = (4, 2, 1, 0, 0)


@dataclass
class Tryout:
    """``found`` says what was seen, a sentence each, as far as it came."""

    plan: Plan
    folder: Path
    timeline: Timeline

    def found(self) -> Generator[str]:
        """Raises what the harness raises of a subject that does not do it."""
        with contextlib.ExitStack() as stack:
            workshop = stack.enter_context(
                Workshop(stack.enter_context(contextlib.closing(Warden())), self.timeline, self.folder)
            )
            plan = self.plan
            broker: AnyBroker
            broker = ExternalBroker(plan.broker) if plan.broker else Broker(workshop, engine=plan.engine)
            yield f"the broker is at {broker.address}"
            (role,) = plan.judged
            tap = stack.enter_context(Tap(role, broker.address, role, self.timeline, plan.port or 0))
            if plan.port is not None:
                yield f"what runs already finds it at {tap.address}"
            act = self._cms if role == CMS else self._smib
            yield from act(workshop, broker, tap)

    def _cms(self, workshop: Workshop, broker: AnyBroker, tap: Tap) -> Iterator[str]:
        plan, floor = self.plan, self._floor()
        cms: AnyCms
        yield _first_of(plan.cms)
        if plan.cms.is_started:
            order = Order(tap.address, self.folder / CMS)
            cms = Cms(workshop, plan.cms, order, list(floor.cabinets), tap)
        else:
            cms = RunningCms(plan.cms, tap if plan.port is not None else None)
        web, cabinet = Web(cms, self.timeline), floor.played.fresh()
        yield f"{plan.cms.name} answers at {cms.url}"
        readiness(web, 200)
        yield "it is connected with the broker"
        with connected("SMIB", broker.address, self.timeline, TOPICS.relay(cabinet.relay_id)) as peer:
            smib = PlayedSmib(cabinet.relay_id, peer)
            asked = {"relayId": cabinet.relay_id, "component": COMPONENT}
            answer = web.post("/api/mqtt/config/request", asked)
            yield f"one answer: {answer}"
            order_seen = smib.order(f"a request for {COMPONENT}", {"typ": "cfg", "comp": COMPONENT})
            yield f"one order: {order_seen}"
            yield from self._stream(web, smib)

    def _stream(self, web: Web, smib: PlayedSmib) -> Iterator[str]:
        with contextlib.closing(_Leaving(Stream("stream", web, smib.relay_id, self.timeline))) as line:
            yield f"one stream: {line.stream.connected()}"
            smib.event(EVENT)
            frame = line.stream.frames.first(
                lambda one: one.data.get("typ") == EVENT, f"a frame with {EVENT}"
            )
            yield f"one report on it: {frame}"

    def _smib(self, workshop: Workshop, broker: AnyBroker, tap: Tap) -> Iterator[str]:
        plan, floor = self.plan, self._floor()
        with connected("CMS", broker.address, self.timeline, *TOPICS.report_filters) as peer:
            cms, name = PlayedCms(peer), plan.smib.name
            yield _first_of(plan.smib)
            if plan.smib.is_started:
                order = Order(tap.address, self.folder / SMIB)
                Fleet(workshop, plan.smib, order, floor.members, tap)
                yield f"{name}: subscribed to orders"
            elif plan.port is not None:
                RunningSmibs(plan.smib, floor.devices.cabinets, tap).revive()
                tap.packets.first(lambda one: one.type == "SUBACK", f"{name} listens", within=START)
                yield f"{name}: connected, and listens"
            device: Cabinet = floor.devices.fresh()
            since = cms.sends(device.relay_id, orders.ConfigRequest(COMPONENT))
            wanted = {"typ": "cfg", "comp": COMPONENT}
            answer = cms.report(device.relay_id, f"its {COMPONENT} settings", wanted, since=since)
            yield f"one answer: {answer}"
            others = [one for one in peer.inbox if one.fields.get("typ") != "cfg"]
            yield f"{len(others)} more came from it{f', as {others[0]}' if others else ''}"

    def _floor(self) -> Floor:
        plan, floor = self.plan, new_floor(*SMALL)
        if not plan.cms.is_started:
            floor = floor_of_cms(plan.cms.cabinets or listed(plan.cms))
        return floor if plan.smib.is_started else with_devices(floor, plan.smib.relays)


def _first_of(subject: Subject) -> str:
    return f"{subject.name} is started: {subject.start}" if subject.is_started else f"{subject.name} is asked"


@dataclass(frozen=True, slots=True)
class _Leaving:
    """A stream that is left when it is closed."""

    stream: Stream

    def close(self) -> None:
        self.stream.leave()
