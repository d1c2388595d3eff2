"""The subjects as they run: a broker, a CMS and SMIBs, by command line, or as they are found."""

from __future__ import annotations

import contextlib
import http.client
import shlex
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from features.harness import process
from features.harness.errors import Missing, SubjectFailed, Untestable
from features.harness.floor import Cabinet, Member, cabinets_file, fleet_file, networks
from features.harness.port import free_port, is_free
from features.harness.process import STOP, Running, Workshop
from features.harness.subject import Subject, filled
from features.harness.tap.packet import Packet
from features.harness.tap.tap import Tap
from features.harness.waiting import eventually
from wire.address import BrokerAddress, parse_address

BROKER = (sys.executable, "-m", "simulator", "broker")
FLEET = (sys.executable, "-m", "simulator", "fleet")
LOOPBACK = "127.0.0.1"
PATIENCE = 10.0
"""Seconds that a CMS which runs already may take to say that it does."""
ALL_JOINED = "every SMIB is connected"
BROKER_START = 120.0
"""Seconds for the start of a broker: RabbitMQ takes 5 on an idle machine, and 15 the first time."""


class Broker:
    """A broker of the harness's own, by ``engine``. ``address`` stays the same when it is stopped and started
    again; ``differs`` is what probes found, in sentences."""

    def __init__(
        self,
        workshop: Workshop,
        options: tuple[str, ...] = (),
        credentials: str = "",
        engine: str = "amqtt",
    ) -> None:
        self._workshop = workshop
        self._options = ("--engine", engine, *options)
        self.differs: Mapping[str, str] = {}
        self._running = self._start(free_port())
        facts = self._running.ready(BROKER_START)
        scheme, _, rest = facts["mqtt"].partition("://")
        place = rest.rpartition("@")[2]
        self.address: BrokerAddress = parse_address(f"{scheme}://{credentials}{place}")
        self.websocket: BrokerAddress = parse_address(facts["ws"])

    def stop(self) -> None:
        """The broker goes away: its power is cut."""
        self._running.kill()

    def start(self) -> None:
        """The broker comes back where it was, once the one that was killed has let go of its port."""
        port = self.address.port
        eventually(lambda: is_free(port), bool, f"port {port} is free again", within=STOP)
        self._running = self._start(port)
        self._running.ready(BROKER_START)

    def _start(self, port: int) -> Running:
        argv = (*BROKER, "--mqtt-port", str(port), "--ws-port", "0", *self._options)
        return self._workshop.start("broker", argv)


class ExternalBroker:
    """A broker that runs already, and that nobody here may stop."""

    def __init__(self, address: BrokerAddress) -> None:
        self.address = address
        self.differs: Mapping[str, str] = {}

    @property
    def websocket(self) -> BrokerAddress:
        raise Untestable("nobody told where the external broker listens for WebSockets")

    def stop(self) -> None:
        raise Untestable("the broker is not the harness's own, and can't be stopped")

    def start(self) -> None:
        raise Untestable("the broker is not the harness's own, and can't be started")


AnyBroker = Broker | ExternalBroker


@dataclass(frozen=True, slots=True)
class Order:
    """What a subject is started with. ``told`` goes before its own environment; a MQTT_URI in it before
    ``broker``."""

    broker: BrokerAddress
    folder: Path
    host: str = LOOPBACK
    told: Mapping[str, str] | None = None

    @property
    def values(self) -> dict[str, str]:
        state = self.folder / "state"
        state.mkdir(parents=True, exist_ok=True)
        uri = (self.told or {}).get("MQTT_URI", self.broker.uri())
        return {
            "broker_uri": uri,
            "host": self.host,
            "python": sys.executable,
            "state": str(state),
        }


def _started(
    workshop: Workshop, subject: Subject, values: Mapping[str, str], told: Mapping[str, str]
) -> Running:
    argv = [filled(word, values) for word in shlex.split(subject.start)]
    env = {name: filled(value, values) for name, value in subject.env.items()}
    return workshop.start(subject.role, argv, {**env, **told}, subject.folder or None)


class Cms:
    """A CMS under test, started by the harness. ``tap`` stands before it, or None does."""

    def __init__(
        self,
        workshop: Workshop,
        subject: Subject,
        order: Order,
        cabinets: Sequence[Cabinet],
        tap: Tap | None = None,
    ) -> None:
        if not subject.is_started:
            raise Untestable(f"{subject.name} runs already; no other can be started")
        if order.host != LOOPBACK and not subject.asks_for("host"):
            raise Untestable(f"{subject.name} can't be told where to listen ({{host}})")
        self.tap = tap
        self.subject = subject
        self._workshop = workshop
        self._told = {name: value for name, value in (order.told or {}).items() if name != "MQTT_URI"}
        pairs = [f"{one.id}={one.relay_id}" for one in cabinets]
        self._values = {
            **order.values,
            "port": str(free_port()),
            "cabinets": ",".join(pairs),
            "cabinets_file": str(cabinets_file(order.folder / "cabinets.yaml", cabinets)),
        }
        self._ready = False
        self.start()

    @property
    def headers(self) -> Mapping[str, str]:
        return self.subject.headers

    @property
    def url(self) -> str:
        """Where it answers; waits until it is ready for the first time."""
        url = filled(self.subject.url, self._values)
        if not self._ready:
            self._await(url)
        return url

    @property
    def log(self) -> list[str]:
        """What it logged since its last start."""
        return [*self._running.log, *self._running.stdout]

    @property
    def running(self) -> Running:
        return self._running

    def kill(self) -> None:
        """Its power is cut."""
        self._running.kill()

    def start(self) -> None:
        """It comes back with the same settings and the same database."""
        self._ready = False
        self._running = _started(self._workshop, self.subject, self._values, self._told)

    def revive(self) -> None:
        """Starts it again where it has died."""
        if not self._running.alive:
            self._workshop.timeline.note(self.subject.role, "=", "it has died, and is started again")
            self.start()
            self._await(filled(self.subject.url, self._values))

    def _await(self, url: str) -> None:
        timeline = self._workshop.timeline

        def ready() -> bool:
            return not self._running.alive or is_ready(url, self.subject.ready)

        with contextlib.suppress(Missing):
            eventually(ready, bool, f"{self.subject.name} is ready", within=process.START, patience=timeline)
            self._ready = self._running.alive
        if not self._ready:
            what = "did not get ready" if self._running.alive else "ended before it was ready"
            raise SubjectFailed(self.subject.name, f"it {what}: {url}{self.subject.ready}", self.log)


def is_ready(url: str, path: str, within: float = 1.0) -> bool:
    """Whether ``path`` answers 200; without a path, whether the port is open."""
    place = urlsplit(url)
    host, port = place.hostname or LOOPBACK, place.port or 80
    try:
        if not path:
            socket.create_connection((host, port), within).close()
            return True
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=within)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


class RunningCms:
    """A CMS that runs already, and is never killed."""

    def __init__(self, subject: Subject, tap: Tap | None) -> None:
        self.subject = subject
        self.tap = tap
        self.revive("it was said to run already")
        if tap is not None:
            self._joined(tap)

    @property
    def url(self) -> str:
        return self.subject.url

    @property
    def headers(self) -> Mapping[str, str]:
        return self.subject.headers

    @property
    def log(self) -> list[str]:
        raise Untestable(f"{self.subject.name} was not started here: its log can't be read")

    @property
    def running(self) -> Running:
        raise Untestable(f"{self.subject.name} was not started here")

    def kill(self) -> None:
        raise Untestable(f"{self.subject.name} was not started here, and is not killed")

    def start(self) -> None:
        raise Untestable(f"{self.subject.name} was not started here")

    def revive(self, otherwise: str = "it has gone") -> None:
        """It lives without us; SubjectFailed where it lives no more."""
        subject = self.subject
        if not is_ready(subject.url, subject.ready, PATIENCE):
            what = subject.url + subject.ready
            raise SubjectFailed(subject.name, f"nobody answers at {what}; {otherwise}")

    def _joined(self, tap: Tap) -> None:
        """Its broker has just come into being: it may take a while to try again."""
        try:
            tap.packets.first(lambda one: one.type == "SUBACK", "it listens", within=process.START)
        except Missing as exc:
            sentence = f"it has subscribed to nothing at {tap.address} within {process.START:g} s"
            raise SubjectFailed(
                self.subject.name, f"{sentence}: is it told that its broker is there?"
            ) from exc


AnyCms = Cms | RunningCms


class Fleet:
    """SMIBs that the harness starts behind a tap. ``start`` returns when every one that is not silent has
    subscribed to its orders."""

    def __init__(
        self, workshop: Workshop, subject: Subject, order: Order, members: Sequence[Member], tap: Tap
    ) -> None:
        if not subject.is_started:
            raise Untestable(f"{subject.name} runs already; no other SMIBs can be started")
        self.tap = tap
        self.subject = subject
        self.cabinets = tuple(member.cabinet for member in members)
        self._workshop = workshop
        self._told = order.told or {}
        self._spoken = [member for member in members if not member.silent]
        self._values = {
            **order.values,
            "fleet": str(fleet_file(order.folder / "fleet.yaml", members)),
            "networks": networks(),
            "relays": ",".join(f"{one.cabinet.relay_id}={one.idle_s}" for one in self._spoken),
        }
        self._processes: list[Running] = []
        self.start()

    def start(self) -> None:
        since = len(self.tap.packets)
        relays = [one.cabinet.relay_id for one in self._spoken]
        each = relays if self.subject.asks_for("relay") else [""]
        self._processes = [
            _started(self._workshop, self.subject, {**self._values, "relay": relay}, self._told)
            for relay in each
        ]
        self._await(frozenset(relays), since)

    def kill(self) -> None:
        """The power of the whole floor is cut."""
        for running in self._processes:
            running.kill()

    def revive(self) -> None:
        """Starts them again where a process of theirs has died."""
        if not all(running.alive for running in self._processes):
            self._workshop.timeline.note(self.subject.role, "=", "they have died, and are started again")
            self.kill()
            self.start()

    def renew(self) -> None:
        """Starts them as if they were new: nothing is left of what they were told before."""
        self.kill()
        state = Path(self._values["state"])
        shutil.rmtree(state)
        state.mkdir()
        self.start()

    def _await(self, relays: frozenset[str], since: int) -> None:
        timeline = self._workshop.timeline

        def missing() -> frozenset[str]:
            return relays - subscribed(self.tap.packets.since(since), relays)

        def settled(left: frozenset[str]) -> bool:
            return not left or not all(running.alive for running in self._processes)

        left = relays
        with contextlib.suppress(Missing):
            wanted = f"{len(relays)} SMIBs have subscribed"
            left = eventually(missing, settled, wanted, within=process.START, patience=timeline)
        if left:
            log = [line for running in self._processes for line in running.log]
            sentence = f"{len(left)} of {len(relays)} SMIBs did not subscribe, as {min(left)}"
            raise SubjectFailed(self.subject.name, sentence, log)


def subscribed(packets: Sequence[Packet], relays: frozenset[str]) -> frozenset[str]:
    """Those of ``relays`` whose own topic was subscribed to and granted."""
    asked: dict[tuple[int, int | None], set[str]] = {}
    found: set[str] = set()
    for packet in packets:
        key = (packet.connection, packet.packet_id)
        if packet.type == "SUBSCRIBE":
            filters = packet.details.get("filters", ())
            asked[key] = {name.rpartition("/")[2] for name, _ in filters}
        elif packet.type == "SUBACK":
            found |= asked.get(key, set()) & relays
    return frozenset(found)


class RunningSmibs:
    """SMIBs that run already, and are never switched off."""

    def __init__(self, subject: Subject, cabinets: Sequence[Cabinet], tap: Tap | None) -> None:
        self.subject = subject
        self.cabinets = tuple(cabinets)
        self._tap = tap

    @property
    def tap(self) -> Tap:
        if self._tap is None:
            raise Untestable(f"no tap stands before {self.subject.name}")
        return self._tap

    def start(self) -> None:
        raise Untestable(f"{self.subject.name} was not started here")

    def kill(self) -> None:
        raise Untestable(f"{self.subject.name} was not started here, and is not switched off")

    def revive(self) -> None:
        """They live without us; SubjectFailed where one has gone from the tap, and does not come back."""
        if (tap := self._tap) is None:
            return
        try:
            count = len(self.cabinets)
            eventually(lambda: len(tap.clients), lambda seen: seen >= count, ALL_JOINED, within=process.START)
        except Missing as exc:
            sentence = f"{len(tap.clients)} of {count} are connected to {tap.address}"
            raise SubjectFailed(self.subject.name, sentence) from exc


AnyFleet = Fleet | RunningSmibs
