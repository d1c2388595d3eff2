"""Machines that a player can be put before: a fleet of ours with its control, beside the floor's own.

What a player or an attendant does at a machine comes over no wire of the contract, so that scenarios of it
need such a fleet, or a hand at a real machine: they carry the capability ``play``.
"""

from __future__ import annotations

import http.client
import json
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from features.harness.errors import SubjectFailed
from features.harness.floor import NETWORKS, QUIET_S, Cabinet, Pool
from features.harness.inbox import WITHIN
from features.harness.process import Running, Workshop
from features.harness.subjects import FLEET
from wire.address import BrokerAddress

STACKER = 3
"""Bills after which the validator of these machines is full."""
HANDPAY = 100_000
"""Credits of a win that an attendant has to pay."""


def new_arcade_pool(size: int = 40) -> Pool:
    """Machines of a range that is not the floor's."""
    return Pool("arcade", tuple(Cabinet(f"arcade-{n}", f"e831ce{n:06x}") for n in range(1, size + 1)))


class Arcade:
    """The fleet's process, and its control. Nobody plays unless a scenario says so."""

    def __init__(self, workshop: Workshop, broker: BrokerAddress, folder: Path, pool: Pool) -> None:
        self.pool = pool
        self._workshop = workshop
        self._token = secrets.token_urlsafe(24)
        description = _description(folder / "arcade.yaml", pool)
        options = ("--fleet", str(description), "--state", str(folder / "arcade"), "--broker", broker.uri())
        self._argv = (*FLEET, *options, "--control-port", "0")
        self.running = self._start()

    def bill(self, relay_id: str, denomination: int) -> None:
        """A player inserts a bill, in whole units of currency."""
        self._told("bill", {"relayId": relay_id, "bill": denomination})

    def play(self, relay_id: str, win: int) -> None:
        """A player plays a game and wins so many credits."""
        self._told("play", {"relayId": relay_id, "win": win})

    def cash_out(self, relay_id: str) -> None:
        self._told("cash-out", {"relayId": relay_id})

    def condition(self, relay_id: str, name: str, *, present: bool) -> None:
        """Something is the matter with the machine, or is put right."""
        self._told("condition", {"relayId": relay_id, "condition": name, "present": present})

    def power(self, relay_id: str, *, on: bool) -> None:
        self._told("power", {"relayId": relay_id, "power": "on" if on else "off"})

    def fault(self, relay_id: str, fault: dict[str, Any]) -> None:
        """The SMIB misbehaves from now on; ``fault`` is spelled as in a fleet file."""
        self._told("faults", {"relayId": relay_id, "fault": fault})

    def put_right(self, relay_id: str) -> None:
        self._told("faults/clear", {"relayId": relay_id})

    def _start(self) -> Running:
        running = self._workshop.start("arcade", self._argv, {"SMIB_LAB_TOKEN": self._token})
        self._url = running.ready()["control"]
        return running

    def _told(self, what: str, fields: dict[str, Any]) -> None:
        place = urlsplit(self._url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=WITHIN)
        try:
            body = json.dumps(fields)
            connection.request("POST", f"/api/{what}", body, {"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            said = answer.read()
        except OSError as exc:
            raise SubjectFailed("arcade", f"{what} was not done: {exc}", list(self.running.log)) from exc
        finally:
            connection.close()
        if answer.status != 200:
            raise SubjectFailed("arcade", f"{what} was refused: {said.decode()}", list(self.running.log))


def _description(path: Path, pool: Pool) -> Path:
    """``games_per_minute`` 0: the machines can be played, and nobody does by himself."""
    group = {
        "name": "arcade",
        "relays": [one.relay_id for one in pool.cabinets],
        "config": {"mqtt": {"mqttIdleTimeS": QUIET_S}},
        "play": {"games_per_minute": 0, "bet": 50, "stacker": STACKER, "handpay_from": HANDPAY},
    }
    content = {"seed": 7, "networks": list(NETWORKS), "groups": [group]}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
