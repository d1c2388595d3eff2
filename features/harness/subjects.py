"""The subjects by their command lines: a broker, a CMS and a fleet of virtual SMIBs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from features.harness.floor import Cabinet
from features.harness.process import Running, Workshop
from features.harness.tap.tap import Tap
from wire.address import BrokerAddress, parse_address

BROKER = (sys.executable, "-m", "simulator", "broker")
FLEET = (sys.executable, "-m", "simulator", "fleet")
CMS = (sys.executable, "-m", "cms", "serve")


class Broker:
    """The embedded broker. ``address`` stays the same when it is stopped and started again."""

    def __init__(self, workshop: Workshop, options: tuple[str, ...] = (), credentials: str = "") -> None:
        self._workshop = workshop
        self._options = options
        self._running = self._start(0)
        facts = self._running.ready()
        scheme, _, rest = facts["mqtt"].partition("://")
        place = rest.rpartition("@")[2]
        self.address: BrokerAddress = parse_address(f"{scheme}://{credentials}{place}")
        self.websocket: BrokerAddress = parse_address(facts["ws"])

    def stop(self) -> None:
        """The broker goes away: its power is cut."""
        self._running.kill()

    def start(self) -> None:
        """The broker comes back where it was."""
        self._running = self._start(self.address.port)
        self._running.ready()

    def _start(self, port: int) -> Running:
        argv = (*BROKER, "--mqtt-port", str(port), "--ws-port", "0", *self._options)
        return self._workshop.start("broker", argv)


class Cms:
    """A CMS under test. ``url`` changes when it is started again. ``tap`` stands before it, or None does."""

    def __init__(
        self,
        workshop: Workshop,
        env: Mapping[str, str],
        tap: Tap | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self.tap = tap
        self._workshop = workshop
        self._env = env
        self._argv = (*CMS, "--port", "0", *options)
        self._running = workshop.start("cms", self._argv, env)
        self._url = ""

    @property
    def url(self) -> str:
        """Where it answers; waits until it is ready for the first time."""
        self._url = self._url or self._running.ready()["url"]
        return self._url

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
        self._running = self._workshop.start("cms", self._argv, self._env)
        self._url = ""


class Fleet:
    """Virtual SMIBs behind a tap. ``start`` returns when every one of them is connected and subscribed."""

    def __init__(
        self,
        workshop: Workshop,
        tap: Tap,
        description: Path,
        state: Path,
        cabinets: Sequence[Cabinet],
    ) -> None:
        self.tap = tap
        self.cabinets = tuple(cabinets)
        self._workshop = workshop
        options = ("--fleet", str(description), "--state", str(state), "--broker", tap.uri)
        self._argv = (*FLEET, *options)
        self.start()

    @property
    def running(self) -> Running:
        return self._running

    def start(self) -> None:
        self._running = self._workshop.start("fleet", self._argv)
        self._running.ready()

    def kill(self) -> None:
        """The power of the whole floor is cut."""
        self._running.kill()


def cms_settings(broker: BrokerAddress, cabinets: Path, database: Path) -> dict[str, str]:
    """The environment of a CMS on ``broker``."""
    return {"MQTT_URI": broker.uri(), "CMS_CABINETS": str(cabinets), "CMS_DATABASE": str(database)}
