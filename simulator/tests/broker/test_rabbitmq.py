"""A RabbitMQ of our own: its settings, and who is let in. What it delivers, the feature suite judges."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

import aiomqtt
import pytest

from simulator.broker import Credentials, create_broker
from simulator.broker.rabbitmq import DEBIAN, RabbitBroker, configuration, definitions, environment, new_data
from simulator.errors import BrokerError, BrokerNotInstalled, PortTaken

PASSWORD = "as#long $(as) it is'\" odd"


def test_a_password_is_salted_and_hashed() -> None:
    told = json.loads(definitions(Credentials("floor", PASSWORD)))
    (user,) = told["users"]
    raw = base64.b64decode(user["password_hash"])
    assert raw[4:] == hashlib.sha256(raw[:4] + PASSWORD.encode()).digest()
    assert PASSWORD not in json.dumps(told)


def test_a_node_listens_where_it_is_told_and_nowhere_else() -> None:
    lines = list(configuration("::1", 1884, 9002, None))
    assert "listeners.tcp = none" in lines
    assert "mqtt.listeners.tcp.1 = [::1]:1884" in lines
    assert "web_mqtt.tcp.port = 9002" in lines
    assert not any(line.startswith("web_mqtt") for line in configuration("::1", 1884, None, None))


def test_only_a_node_without_users_lets_in_anybody() -> None:
    assert "mqtt.allow_anonymous = true" in list(configuration("::1", 1, None, None))
    assert "mqtt.allow_anonymous = false" in list(configuration("::1", 1, None, Path("users.json")))


def test_nothing_of_a_node_is_outside_its_folder(tmp_path: Path) -> None:
    told = environment(tmp_path, 1, 2)
    places = [told[name] for name in ("HOME", "RABBITMQ_LOG_BASE", "RABBITMQ_CONFIG_FILE")]
    assert all(place.startswith(str(tmp_path)) for place in places)


def test_data_in_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert stat.S_IMODE(new_data().parent.stat().st_mode) == 0o700
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    (tmp_path / f"smib-rabbitmq-{os.geteuid()}").mkdir()
    with pytest.raises(BrokerError, match="another user's"):
        new_data()


@pytest.mark.parametrize(
    ("log", "kind", "sentence"),
    [
        ("x [error] <0.1.0> eaddrinuse", PortTaken, "the port is taken"),
        ("x [info] a\nx [error] <0.1.0> no such file", BrokerError, "no such file"),
        ("", BrokerError, "it said nothing"),
    ],
)
def test_why_it_ended_is_told(log: str, kind: type[BrokerError], sentence: str) -> None:
    error = RabbitBroker()._explained(log)
    assert type(error) is kind
    assert sentence in str(error)


def test_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(BrokerNotInstalled, match="apt-get install rabbitmq-server"):
        RabbitBroker()._program()


@pytest.mark.skipif(
    shutil.which("rabbitmq-server", path=DEBIAN) is None and not os.environ.get("CI"),
    reason="RabbitMQ is not installed",
)
def test_it_lets_in_who_knows_the_password_and_nobody_else() -> None:
    async def enters(port: int, user: str | None = None, password: str | None = None) -> bool:
        try:
            async with aiomqtt.Client("127.0.0.1", port, username=user, password=password):
                return True
        except aiomqtt.MqttError:
            return False

    async def scenario() -> None:
        async with create_broker("rabbitmq", credentials=Credentials("floor", PASSWORD)) as broker:
            assert await enters(broker.mqtt_port, "floor", PASSWORD)
            assert not await enters(broker.mqtt_port, "floor", "wrong")
            assert not await enters(broker.mqtt_port, "guest", "guest")
            assert not await enters(broker.mqtt_port)

    asyncio.run(scenario())
