"""A profile recorded from a device, and made into boards again."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from simulator.broker import Broker
from simulator.cli import FAILED, main
from simulator.errors import OnlookerError, RecordError
from simulator.firmware.profile_file import parse_profile
from simulator.firmware.recording import Recording, profile_body, profile_text, record
from simulator.tests.floor import RELAY, device, embedded, running
from wire.address import parse_address
from wire.components import COMPONENTS
from wire.jsontext import parse_object, to_bytes
from wire.topics import Topics

OLD: dict[str, dict[str, Any]] = {
    "coms": {"comsMode": 1, "comsAddr": 1, "comsRateMs": 200, "comsRTE": 0, "comsColour": 3},
    "mqtt": {
        **COMPONENTS["mqtt"].defaults(),
        "mqttURI": "mqtt://ann:hidden@prod.example",
        "mqttPassword": "hidden",
        "mqttPubTopic": f"sas/gli/server/{RELAY}",
        "mqttIdleTimeS": 0,
    },
    "net": {"netMode": 0, "netStaSSID": "Secret_Floor", "netStaPwd": "hidden-99", "netStaChan": 6},
    "app": {"firmware": "smib", "version": "0.8"},
}


@contextlib.asynccontextmanager
async def a_real_device(broker: Broker, answers: dict[str, dict[str, Any]]) -> Any:
    """A client that answers as a board of a maker we do not know."""
    async with aiomqtt.Client("127.0.0.1", broker.mqtt_port) as client:
        await client.subscribe(f"sas/relay/{RELAY}")

        async def answer() -> None:
            async for message in client.messages:
                component = parse_object(bytes(message.payload))["comp"]
                if component in answers:
                    fields = {"rly": RELAY.upper(), "typ": "cfg", "comp": component, **answers[component]}
                    await client.publish("smib/config", b"noise")
                    await client.publish("smib/config", to_bytes({**fields, "rly": "e831cd000000"}))
                    await client.publish("smib/config", to_bytes(fields))

        task = asyncio.create_task(answer())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))


def test_a_recorded_board_is_written_down_without_its_secrets_and_its_site() -> None:
    async def run() -> Recording:
        async with embedded() as broker, a_real_device(broker, OLD):
            return await record(parse_address(broker.uri), RELAY, Topics(), answer_s=0.3)

    recording = asyncio.run(run())
    assert recording.silent == ["ota"]
    text = profile_text(recording)
    profile = parse_profile("recorded.yaml", text.encode())
    assert profile.config == {
        "coms": {"comsMode": 1},
        "net": {"netMode": 0},
        "app": {"firmware": "smib", "version": "0.8"},
    }
    assert profile.lacks == {"coms": frozenset({"comsGPC"})}
    assert "# Did not answer: ota" in text
    for hidden in ("hidden", "prod.example", "Secret_Floor"):
        assert hidden not in text
    assert "coms.comsColour" in text
    assert "mqtt.mqttIdleTimeS" in text


def test_our_own_board_is_recorded_as_it_left_the_factory() -> None:
    async def run() -> Recording:
        async with embedded() as broker:
            text = device("    firmware: {version: 1.4.0}\n    config: {coms: {comsRTE: 1}}")
            async with running(text, broker):
                return await record(parse_address(broker.uri), RELAY, Topics())

    recording = asyncio.run(run())
    profile = parse_profile("p.yaml", profile_text(recording).encode())
    assert profile.config == {"coms": {"comsRTE": 1}, "app": {"firmware": "smib", "version": "1.4.0"}}
    assert not profile.lacks


def test_the_id_is_taken_off_a_topic_that_ends_in_it_and_off_nothing_else() -> None:
    topics = {
        "mqttSubTopic": "floor/relay/b",
        "mqttPubTopic": "floor/smib",
        "mqttCfgTopic": "b",
    }
    values: dict[str, dict[str, Any]] = {
        "mqtt": {**COMPONENTS["mqtt"].defaults(), **topics},
        "app": {"firmware": "smib", "version": "0.8b"},
    }
    body, _ = profile_body(values, "b")
    assert body["config"]["mqtt"] == {**topics, "mqttSubTopic": "floor/relay/"}
    assert body["firmware"] == {"firmware": "smib", "version": "0.8b"}


def test_a_device_that_does_not_answer_gives_no_profile() -> None:
    async def run() -> None:
        async with embedded() as broker:
            await record(parse_address(broker.uri), RELAY, Topics(), answer_s=0.02)

    with pytest.raises(RecordError, match=f"{RELAY} answered none of mqtt"):
        asyncio.run(run())
    with pytest.raises(OnlookerError):
        asyncio.run(record(parse_address("mqtt://127.0.0.1:1"), RELAY, Topics()))


def test_nothing_is_written_over_a_file_that_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.yaml"
    out.write_text("mine")
    command = ["profile", "record", "--broker", "mqtt://127.0.0.1:1", "--relay", RELAY, "--out", str(out)]
    assert main(command) == FAILED
    assert "a new file was wanted" in capsys.readouterr().err
    assert out.read_text() == "mine"
