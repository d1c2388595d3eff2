"""A running service is given secrets of every kind, by every way in, and then each is searched for: 0 hits.

Looked through are the log at its most talkative, every answer, the audit trail, the figures, and the files of
the database. What a device is sent holds them, and must.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import httpx

from cms.keys import new_key
from cms.tests.broker import Broker, running_broker
from cms.tests.desk import RELAY
from cms.tests.test_cli import ROOT, environment, smib_cms
from cms.tests.test_connection import device

SMIB_CONFIG = "/api/cabinets/cab-1/smib-config"
JSON = {"content-type": "application/json"}
READ = (
    "/api/cabinets",
    "/api/cabinets/cab-1",
    "/api/cabinets?drift=true",
    SMIB_CONFIG,
    "/api/cabinets/cab-1/history",
    "/api/cabinets/export",
    "/api/cabinets/export?format=csv",
    "/api/mqtt/config?cabinetId=cab-1",
    "/api/outbox",
    "/api/audit?limit=1000",
    "/api/audit?format=csv",
    "/api/monitoring",
    "/api/templates",
    "/api/templates/wifi",
    "/api/batches",
    "/api/firmware",
    "/api/firmware/1.1.0",
    "/api/users",
    "/api/session",
    "/metrics",
    "/readyz",
)


class Secrets:
    """Each kind of secret, made up anew."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def __getattr__(self, kind: str) -> str:
        return self.made.setdefault(kind, secrets.token_hex(12))

    def found_in(self, text: str) -> list[str]:
        return [kind for kind, secret in self.made.items() if secret in text]


class Service:
    """The program, signed in to by a token; ``said`` is everything that it answered."""

    def __init__(self, url: str, token: str) -> None:
        self.client = httpx.AsyncClient(base_url=url, timeout=20)
        self.token = {"authorization": f"Bearer {token}"}
        self.said: list[str] = []

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = body if isinstance(body, str | bytes | None) else json.dumps(body)
        given = {**self.token, **(JSON if body is not None else {}), **headers}
        answer = await self.client.request(method, path, content=content, headers=given)
        self.said.append(
            f"{answer.text}\n{dict(answer.headers)}" if "set-cookie" not in answer.headers else answer.text
        )
        assert answer.status_code < 500, answer.text
        return answer


async def order(service: Service, s: Secrets) -> None:
    """Orders, right ones and wrong ones, and what is ordered from."""
    right = {
        "net": {"netStaSSID": "Casino", "netStaPwd": s.wifi},
        "mqtt": {"mqttURI": f"mqtt://floor:{s.in_uri}@127.0.0.1:1883", "mqttPassword": s.broker_of_smib},
        "ota": {"otaURL": f"http://images:{s.in_ota_url}@127.0.0.1/"},
    }
    assert (await service.ask("POST", SMIB_CONFIG, {"smibConfig": right})).status_code == 200
    wrong = [
        {"net": {"netStaPwd": s.too_long * 9}},
        {"net": {"netStaPwd": [s.in_a_list]}},
        {"net": {"netStaSSID": "x" * 40, "netStaPwd": s.beside_a_wrong_one}},
        {"mqtt": {"mqttURI": f"mqtt://u:{s.in_a_bad_uri}@host:99999"}},
        {"mqtt": {"mqttURI": f"nonsense://u:{s.in_a_worse_uri}@ /"}},
        {"ota": {"otaURL": f"ftp://u:{s.in_a_bad_ota_url}@host/"}},
        {"wifi": {"netStaPwd": s.in_no_component}},
    ]
    for config in wrong:
        assert (await service.ask("POST", SMIB_CONFIG, {"smibConfig": config})).status_code == 400
    firmware = {"otaURL": f"https://images:{s.of_firmware}@127.0.0.1/", "bin": "wifi.bin"}
    assert (await service.ask("PUT", "/api/firmware/1.1.0", firmware)).status_code == 200
    install = await service.ask("POST", "/api/firmware/1.1.0/install", {"cabinets": ["cab-1"]})
    assert install.status_code == 202
    broken = f'{{"smibConfig":{{"net":{{"netStaPwd":"{s.in_broken_json}"'
    assert (await service.ask("POST", SMIB_CONFIG, broken)).status_code == 400
    assert (
        await service.ask("PUT", "/api/templates/wifi", {"smibConfig": {"net": {"netStaPwd": s.template}}})
    ).status_code == 200
    applied = await service.ask("POST", "/api/templates/wifi/apply", {"cabinets": ["cab-1"]})
    assert applied.status_code == 202, applied.text
    batch = {"cabinets": ["cab-1"], "smibConfig": {"net": {"netStaPwd": s.batch}}}
    assert (await service.ask("POST", "/api/batches", batch)).status_code == 202
    assert (await service.ask("POST", f"{SMIB_CONFIG}/rollback", {"revision": 2})).status_code == 200


async def send(service: Service, s: Secrets) -> None:
    """What goes past the database."""
    config = {"typ": "cfg", "comp": "net", "netStaSSID": "A", "netStaPwd": s.published}
    assert (
        await service.ask("POST", "/api/mqtt/config/publish", {"relayId": RELAY, "config": config})
    ).status_code == 200
    bad = {**config, "netStaChan": 99, "netStaPwd": s.published_wrongly}
    assert (
        await service.ask("POST", "/api/mqtt/config/publish", {"relayId": RELAY, "config": bad})
    ).status_code == 400
    for message in (json.dumps({"password": s.tested}), f"netStaPwd={s.tested_as_text}"):
        await service.ask(
            "POST", "/api/mqtt/test", {"action": "publish", "relayId": RELAY, "message": message}
        )
    await service.ask("POST", "/api/fields/check", {"component": "net", "values": {"netStaPwd": s.checked}})
    query = {"query": "query($p: String!) { cabinets { id } nope(pwd: $p) }", "variables": {"p": s.graph}}
    await service.ask("POST", "/graphql", query)


async def carry(service: Service, s: Secrets) -> None:
    """Cabinets in and out."""
    one = {"id": "cab-7", "relayId": "e831cdfa0007", "smibConfig": {"net": {"netStaPwd": s.imported}}}
    assert (await service.ask("POST", "/api/cabinets/import", {"cabinets": [one]})).status_code == 200
    bad = {**one, "id": "cab 8", "smibConfig": {"net": {"netStaPwd": s.imported_wrongly, "netStaChan": 99}}}
    assert (await service.ask("POST", "/api/cabinets/import", {"cabinets": [bad]})).status_code == 400
    yaml = f"cabinets:\n  - id: [\n    netStaPwd: {s.in_broken_yaml}\n"
    kind = {"content-type": "application/yaml"}
    assert (await service.ask("POST", "/api/cabinets/import", yaml, **kind)).status_code == 400


async def come_in(service: Service, s: Secrets) -> None:
    """Passwords, tokens and sessions, right ones and wrong ones."""
    added = {"name": "bob", "password": s.of_bob, "role": "manager"}
    assert (await service.ask("POST", "/api/users", added)).status_code == 200
    assert (await service.ask("PATCH", "/api/users/bob", {"password": s.of_bob_then})).status_code == 200
    made = (await service.ask("POST", "/api/users/bob/tokens", {})).json()
    service.said.pop()  # it is shown this once
    s.made["token"] = made["token"]
    await service.ask("GET", "/api/cabinets", authorization=f"Bearer {made['token']}")
    await service.ask("GET", "/api/cabinets", authorization=f"Bearer {s.no_token}")
    await service.ask("GET", "/api/cabinets", authorization=f"Basic {s.no_scheme}")
    stranger = {"authorization": ""}
    wrong = {"user": "bob", "password": s.wrong_password}
    assert (await service.ask("POST", "/api/session", wrong, **stranger)).status_code == 401
    swapped = {"user": s.typed_as_the_name, "password": "bob"}
    assert (await service.ask("POST", "/api/session", swapped, **stranger)).status_code == 401
    right = {"user": "bob", "password": s.of_bob_then}
    signed = await service.ask("POST", "/api/session", right, **stranger)
    assert signed.status_code == 200
    s.made["session"] = signed.cookies["cms_session"]
    same = {"sec-fetch-site": "same-origin", "authorization": ""}
    change = {"old": s.wrong_old, "new": s.never_set}
    assert (await service.ask("POST", "/api/session/password", change, **same)).status_code == 401


async def hear(publish: Callable[[dict[str, Any]], Any], s: Secrets) -> None:
    """What a device may say of its secrets."""
    answer = {"rly": RELAY, "typ": "cfg", "comp": "net", "netStaSSID": "B"}
    await publish({**answer, "netStaPwd": s.reported})
    await publish({**answer, "netStaPwd": s.wifi, "err": f"not {s.wifi}"})
    await publish(
        {**answer, "comp": "mqtt", "mqttURI": f"mqtt://u:{s.reported_uri}@h", "password": s.reported_name}
    )
    await publish(
        {"rly": RELAY, "typ": "SYSTEM_ERROR", "pyd": f"mqtt://u:{s.in_an_event}@h", "secret": s.beside_it}
    )


def bytes_of(folder: Path) -> str:
    return "".join(file.read_bytes().decode("latin-1") for file in folder.iterdir())


def add_ann(folder: Path, password: str, settings: Mapping[str, str]) -> str:
    """What the command said."""
    ended = subprocess.run(
        [sys.executable, "-m", "cms", "users", "add", "ann", "--role", "administrator"],
        input=f"{password}\n",
        cwd=ROOT,
        env=environment(folder, **settings),
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout + ended.stderr


def started(folder: Path, log: IO[str], settings: Mapping[str, str]) -> subprocess.Popen[str]:
    """The program, whose log goes into a file."""
    command = [sys.executable, "-m", "cms", "serve", "--port", "0"]
    env = environment(folder, **settings)
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=log, text=True)


async def searched(folder: Path, broker: Broker) -> None:
    s = Secrets()
    s.made["key"] = new_key()
    settings = {
        "MQTT_URI": f"mqtt://cms:{s.broker}@127.0.0.1:{broker.port}",
        "CMS_SECRETS_KEY": s.key,
        "CMS_LOG": "debug",
        "CMS_TEST_ENDPOINT": "1",
        "CMS_CABINETS": f"cab-1={RELAY}",
    }
    added = await asyncio.to_thread(add_ann, folder, s.of_ann, settings)
    given = smib_cms(folder, "users", "token", "ann", **settings)
    s.made["token_of_ann"] = given.stdout.strip()
    log = folder.parent / "log"
    with log.open("w") as writer, started(folder, writer, settings) as program:
        try:
            assert program.stdout is not None
            ready = await asyncio.to_thread(program.stdout.readline)
            service = Service(ready.partition("url=")[2].strip(), s.token_of_ann)
            async with device(broker) as (client, _), service.client:
                await order(service, s)
                await send(service, s)
                await carry(service, s)
                await come_in(service, s)
                await hear(lambda fields: client.publish("smib/config", json.dumps(fields), qos=1), s)
                reported = ""
                async with asyncio.timeout(20):
                    while '"***"' not in reported:
                        answer = await service.ask("GET", SMIB_CONFIG)
                        reported = json.dumps(answer.json()["data"]["reported"])
                for path in READ:
                    assert (await service.ask("GET", path)).status_code == 200, path
                live = await asyncio.to_thread(bytes_of, folder)
            program.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(program.wait, 20) == 0
        finally:
            program.kill()
    stored = await asyncio.to_thread(bytes_of, folder)
    assert len(s.made) > 30
    assert "cab-7" in stored
    places = {
        "the log": log.read_text(),
        "an answer": "\n".join(service.said),
        "the database while it ran": live,
        "the database": stored,
        "the commands": added + given.stderr,
    }
    assert not program.poll(), log.read_text()
    assert {where: found for where, text in places.items() if (found := s.found_in(text))} == {}


def test_no_secret_is_found_anywhere(tmp_path: Path) -> None:
    folder = tmp_path / "database"
    folder.mkdir()

    async def work() -> None:
        async with running_broker() as broker:
            await searched(folder, broker)

    asyncio.run(asyncio.wait_for(work(), 55))
