"""The pair on a real broker: its two programs find each other."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from features.pair.address import broker_at, masked, unmasked

ROOT = Path(__file__).resolve().parents[3]


@contextlib.contextmanager
def program(*module: str, **env: str) -> Iterator[str]:
    """A program's ready line; the program ends by SIGTERM, with 0."""
    argv = [sys.executable, "-m", *module]
    with subprocess.Popen(
        argv, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        yield next(line for line in process.stdout if line.startswith("ready "))
        process.terminate()
        assert process.wait(5) == 0


def test_the_pair_works_together() -> None:
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(program("simulator", "broker", "--mqtt-port", "0", "--ws-port", "0"))
        uri = broker.split("mqtt=")[1].split()[0]
        fleet = stack.enter_context(program("features.pair.smib", MQTT_URI=uri, RELAY="e831cdfa8384"))
        assert fleet == "ready fleet devices=1 connected=1 subscribed=1\n"
        url = stack.enter_context(program("features.pair.cms", MQTT_URI=uri, PORT="0")).split("url=")[1]
        connection = http.client.HTTPConnection(urlsplit(url).netloc.strip(), timeout=5)
        connection.request("GET", "/api/mqtt/config/subscribe?relayId=e831cdfa8384")
        stream = connection.getresponse()
        assert b'"connected"' in stream.readline()
        asking = http.client.HTTPConnection(urlsplit(url).netloc.strip(), timeout=5)
        body = json.dumps({"relayId": "e831cdfa8384", "component": "app"})
        asking.request("POST", "/api/mqtt/config/request", body, {"Content-Type": "application/json"})
        assert json.loads(asking.getresponse().read())["success"] is True
        stream.readline()
        assert json.loads(stream.readline().removeprefix(b"data: "))["data"]["comp"] == "app"
        connection.close()
        asking.close()


@pytest.mark.parametrize("text", ["http://x", "mqtt://", "mqtt://a:0", "mqtt://a b", "mqtt://a/b", "ws://a"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        broker_at(text)


def test_credentials_are_decoded_and_masked() -> None:
    text = "mqtt://floor:p%40ss@mq.example:1884"
    broker = broker_at(text)
    assert (broker.username, broker.password, broker.port) == ("floor", "p@ss", 1884)
    assert "p@ss" not in repr(broker)
    assert masked(text) == "mqtt://floor:***@mq.example:1884"
    assert unmasked(masked(text), text) == text
