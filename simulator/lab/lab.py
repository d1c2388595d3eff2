"""The whole floor on one machine: broker, CMS and fleet, each found ready, and gone again within 2 s.

The CMS is a process of its own; broker and fleet live in this one. It takes the longest to start, so it is
started first and connects to the broker when that listens.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.broker import Broker, Engine, create_broker
from simulator.control.options import ControlOptions
from simulator.device.lifecycle import HEARTBEAT
from simulator.errors import LabError
from simulator.fleet.fleet import Fleet
from simulator.fleet.identities import cabinets_yaml
from simulator.fleet.plan import FleetPlan
from simulator.fleet.state_dir import StateDir
from simulator.lab.claim import PortClaim
from simulator.lab.cms_process import CmsProcess
from simulator.lab.folder import CMS_LOG, FLOOR_LOG, LabFolder
from simulator.link.links import MqttLinks
from simulator.link.trust import trusting
from simulator.session.surroundings import Tell
from simulator.traffic.pulse import Pulse
from wire.address import BrokerAddress, parse_address

if TYPE_CHECKING:
    from simulator.control.control import Control

FLEET_START_S = 60.0
FLEET_STOP_S = 1.3

_log = logging.getLogger("simulator")


@dataclass(frozen=True, slots=True)
class LabOptions:
    """What is to run. Port 0 is any free port. `broker` is somebody else's; where it is None the lab runs one
    of its own, by `engine`.
    """

    plan: FleetPlan
    port: int = 3000
    mqtt_port: int = 1883
    ws_port: int = 9001
    broker: BrokerAddress | None = None
    engine: Engine = "amqtt"
    state: Path | None = None
    verbose: bool = False
    control: ControlOptions | None = None
    ca_file: Path | None = None


class Lab:
    """A floor whose parts are made and not yet started. `broker` is None where it is somebody else's."""

    def __init__(self, options: LabOptions, folder: LabFolder, ports: Ports, state: StateDir | None) -> None:
        self.address = options.broker or parse_address(f"mqtt://127.0.0.1:{ports.mqtt.port}")
        self.pulse = Pulse()
        self.broker = None if options.broker else _broker(options.engine, ports)
        self.control = _control(options.control)
        hook = _listener(self.pulse)
        if self.control is not None:
            hook = self.control.hook(hook)
        links = MqttLinks(tls=trusting(options.ca_file))
        self.fleet = Fleet(options.plan, links, broker=self.address, state=state, on_event=hook)
        log = None if options.verbose else folder.log(CMS_LOG)
        self.cms = CmsProcess(self.address, options.port, folder.path, log, options.ca_file)
        self._ports = ports

    async def start(self) -> None:
        """Start every part, and return when every device has been online and the CMS is ready.

        The devices are switched on when the CMS listens, so that it hears them announce themselves.
        """
        cabinets = cabinets_yaml(self.fleet.plan, self.address)
        self._ports.http.release()
        await self.cms.start(cabinets, os.environ)
        if self.broker is not None:
            self._ports.mqtt.release()
            self._ports.ws.release()
            await self.broker.start()
        await self.cms.ready()
        await self.fleet.start()
        if self.control is not None:
            self.control.start(self.fleet)
        await _settled(self.fleet)

    async def ended(self) -> None:
        """Wait for a part of it to end by itself; LabError says which and why."""
        waits = [self.cms.ended()]
        if self.broker is not None:
            waits.append(_broker_ended(self.broker))
        sentence = await _first(*waits)
        raise LabError(f"{sentence.rstrip('.')}. Everything is stopped.")

    async def stop(self) -> None:
        """End every part, within 2 s; one that was not started is passed over."""
        ends = [self.cms.stop(), _at_most(self.fleet.stop(), FLEET_STOP_S)]
        if self.control is not None:
            ends.append(self.control.stop())
        for outcome in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(outcome, BaseException):
                _log.error("! lab stop=incomplete", exc_info=outcome)
        if self.broker is not None:
            await self.broker.stop()


@asynccontextmanager
async def running(options: LabOptions) -> AsyncIterator[Lab]:
    """A floor on which every device has been online and the CMS is ready.

    Everything is stopped at the end, and also where the start fails: then it is a SimulatorError, which has a
    sentence. Nothing is started before every port is known to be free. A LabError says where the logs are,
    which stay for it.
    """
    with ExitStack() as stack:
        ports = _claimed(options, stack)
        await _reach(options.broker, options.ca_file)
        folder = stack.enter_context(LabFolder(options.state))
        _log_to(folder, options.verbose, stack)
        state = None if options.state is None else stack.enter_context(StateDir(folder.path / "devices"))
        lab = Lab(options, folder, ports, state)
        try:
            await lab.start()
            yield lab
        except LabError as exc:
            raise _with_logs(exc, folder) from exc
        finally:
            await lab.stop()


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that a lab claims before it starts anything."""

    http: PortClaim
    mqtt: PortClaim
    ws: PortClaim


def _claimed(options: LabOptions, stack: ExitStack) -> Ports:
    ours = options.broker is None
    return Ports(
        stack.enter_context(PortClaim(options.port, "--port")),
        stack.enter_context(PortClaim(options.mqtt_port if ours else 0, "--mqtt-port")),
        stack.enter_context(PortClaim(options.ws_port if ours else 0, "--ws-port")),
    )


def _broker(engine: Engine, ports: Ports) -> Broker:
    return create_broker(engine, mqtt_port=ports.mqtt.port, ws_port=ports.ws.port)


def _control(options: ControlOptions | None) -> Control | None:
    if options is None:
        return None
    from simulator.control.control import Control  # an HTTP server, which a lab without it does without

    return Control(options)


async def _broker_ended(broker: Broker) -> str:
    return f"the broker ended by itself: {await broker.ended()}"


async def _reach(broker: BrokerAddress | None, ca_file: Path | None) -> None:
    """OnlookerError unless somebody else's broker, where there is one, lets us in."""
    if broker is not None:
        from simulator.traffic.tail import (
            probe,  # a fifth of a second that a lab with its own broker does without
        )

        await probe(broker, trusting(ca_file))


def _with_logs(error: LabError, folder: LabFolder) -> LabError:
    """What went wrong, and the logs that tell more of it, which are kept."""
    logs = folder.keep()
    if not logs:
        return error
    return LabError(f"{str(error).rstrip('.')}. The logs are kept: {', '.join(map(str, logs))}")


def _log_to(folder: LabFolder, verbose: bool, stack: ExitStack) -> None:
    """Log lines of broker and fleet go to `floor.log`, or to stderr."""
    handler = logging.StreamHandler() if verbose else logging.FileHandler(folder.log(FLOOR_LOG))
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    level, propagate = _log.level, _log.propagate
    _log.setLevel(logging.INFO)
    _log.propagate = False
    _log.addHandler(handler)

    def restore() -> None:
        _log.removeHandler(handler)
        _log.setLevel(level)
        _log.propagate = propagate
        handler.close()

    stack.callback(restore)


def _listener(pulse: Pulse) -> Tell:
    """Tells the pulse of every message; heartbeats are counted only, or nothing else would be seen."""
    heartbeat = f'"pyd":"{HEARTBEAT}"'.encode()

    def told(_relay_id: str, kind: str, facts: Mapping[str, Any]) -> None:
        if kind in ("sent", "received"):
            payload = facts["payload"]
            now_ms = time.time_ns() // 1_000_000
            pulse.note(facts["topic"], payload, now_ms, keep=heartbeat not in payload)

    return told


async def _settled(fleet: Fleet) -> None:
    try:
        async with asyncio.timeout(FLEET_START_S):
            await fleet.settled()
    except TimeoutError as exc:
        states = ", ".join(f"{number} {state}" for state, number in fleet.counts.items())
        raise LabError(f"the fleet was not up within {FLEET_START_S:g} s: {states}") from exc


async def _at_most(work: Coroutine[Any, Any, None], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await work


async def _first(*waits: Coroutine[Any, Any, str]) -> str:
    """What the first of `waits` gives; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
