"""The floor that the page is shown: broker, service and a few virtual SMIBs, each a process of its own."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from cms.tests.page.program import Program
from cms.tests.page.publisher import publish

HOSTILE = '<img src=x onerror="document.title=1"><b>Lion</b>'
RTL = "\u05e8\u05e9\u05ea \u05d4\u05e7\u05d6\u05d9\u05e0\u05d5 12345678901"
"""32 bytes of UTF-8 that are written from right to left."""

SHOWN_LINES = 120
PASSWORD = "password123"
NETWORKS = ("New_WiFi", "Third_WiFi", "\u5834" * 10 + "ab", RTL, HOSTILE[:30])
RELAYS = {
    "cab-1": "e831cdfa8384",
    "cab-2": "e831cdfa8464",
    "cab-3": "e831cdfa8465",
    "cab-4": "e831cdfa8466",
    "cab-5": "e831cdfa8467",
    "quiet": "e831cdfa8468",
}
NAMES = {
    "cab-1": "Lucky Lion 12",
    "cab-2": "Royal Koi 7",
    "cab-3": "Wild Comet 8",
    "cab-4": "Mystic Buffalo 10",
    "cab-5": HOSTILE,
    "quiet": "Silver Pharaoh 3",
}


class Floor:
    """``url`` is the page's, ``mqtt_port`` the broker's. close() ends all of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._broker = self._run_broker(0)
        self.mqtt_port = int(self._broker.facts["mqtt"].rpartition(":")[2])
        uri = f"mqtt://127.0.0.1:{self.mqtt_port}"
        self._uri = uri
        self._cms = self._run_cms(0)
        self.url = self._cms.facts["url"]
        self._fleet = Program(
            folder / "fleet.log", "simulator", "fleet", "--broker", uri, "--fleet", str(_fleet(folder))
        )

    def stop_broker(self) -> None:
        self._broker.stop()

    def start_broker(self) -> None:
        self._broker = self._run_broker(self.mqtt_port)

    def stop_cms(self) -> None:
        self._cms.stop()

    def start_cms(self) -> None:
        self._cms = self._run_cms(int(self.url.rpartition(":")[2]))

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the service answers to a program, beside the page."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def event(self, relay_id: str, typ: str, payload: str = "") -> None:
        """A machine says something that no virtual SMIB would."""
        message = {"typ": typ, "rly": relay_id, "mac": "", "tkn": "", "pyd": payload}
        publish(self.mqtt_port, f"sas/gli/server/{relay_id}", json.dumps(message).encode())

    def said(self) -> str:
        """What its programs said last."""
        return "\n".join(
            f"{path.name}:\n{''.join(path.read_text(encoding='utf-8').splitlines(keepends=True)[-SHOWN_LINES:])}"
            for path in sorted(self._folder.glob("*.log"))
        )

    def close(self) -> None:
        for program in (self._fleet, self._cms, self._broker):
            program.stop()

    def _run_broker(self, port: int) -> Program:
        return Program(
            self._folder / "broker.log", "simulator", "broker", "--mqtt-port", str(port), "--ws-port", "0"
        )

    def _run_cms(self, port: int) -> Program:
        environ = {
            "MQTT_URI": self._uri,
            "CMS_PORT": str(port),
            "CMS_DATABASE": str(self._folder / "cms.sqlite3"),
            "CMS_CABINETS": str(_cabinets(self._folder)),
        }
        return Program(self._folder / "cms.log", "cms", "serve", environ=environ)


def _cabinets(folder: Path) -> Path:
    cabinets = [
        {
            "id": cabinet_id,
            "relayId": relay_id,
            "name": NAMES[cabinet_id],
            "location": "Vault" if cabinet_id == "cab-2" else "Main Floor",
            "game": HOSTILE if cabinet_id == "cab-5" else NAMES[cabinet_id].rpartition(" ")[0],
            "serialNumber": f"SN-{number}00{number}",
        }
        for number, (cabinet_id, relay_id) in enumerate(RELAYS.items(), 1)
    ]
    path = folder / "cabinets.yaml"
    path.write_text(yaml.safe_dump({"cabinets": cabinets}, allow_unicode=True), encoding="utf-8")
    return path


def _fleet(folder: Path) -> Path:
    networks = [{"ssid": "Casino_WiFi"}, *({"ssid": ssid, "password": PASSWORD} for ssid in NETWORKS)]
    sound = [relay for cabinet_id, relay in RELAYS.items() if cabinet_id != "quiet"]
    groups = [
        {"name": "sound", "relays": sound},
        {"name": "quiet", "relays": [RELAYS["quiet"]], "faults": [{"kind": "silent"}]},
    ]
    path = folder / "fleet.yaml"
    content = {"seed": 7, "networks": networks, "groups": groups}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path
