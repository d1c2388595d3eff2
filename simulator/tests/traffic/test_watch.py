"""`smib-lab watch` as its user sees it: real processes at a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator

import aiomqtt
import pytest

from simulator.tests.program import DEADLINE_S, Program
from simulator.traffic.command import kinds_table
from simulator.traffic.traffic import KINDS, sighting
from simulator.traffic.watch import Selection, Style, json_line

RELAY = "e831cdfa8384"
OTHER = "e831cdfa8464"
MOMENT = 1_700_000_000_123
REQUEST = b'{"typ":"cfg","comp":"net"}'
SECRET = b'{"rly":"e831cdfa8384","typ":"cfg","comp":"net","netStaSSID":"A","netStaPwd":"swordfish"}'


@pytest.fixture
def broker() -> Iterator[str]:
    with Program("broker", "--mqtt-port", "0", "--no-ws") as program:
        yield program.ready()["mqtt"]


def publish(broker: str, *messages: tuple[str, bytes]) -> None:
    async def send() -> None:
        async with aiomqtt.Client("127.0.0.1", int(broker.rpartition(":")[2])) as client:
            for topic, payload in messages:
                await client.publish(topic, payload, qos=1)

    asyncio.run(send())


def test_each_message_is_one_line_with_its_secrets_masked(broker: str) -> None:
    with Program("watch", "--broker", broker) as watch:
        assert watch.ready() == {"broker": broker}
        publish(
            broker,
            (f"sas/relay/{RELAY}", REQUEST),
            ("smib/config", SECRET),
            (f"sas/gli/server/{RELAY}", b"\x1b]0;owned\x07\xff"),
            ("sas/gli/server", b'{"typ":"exp","rly":"e831cdfa8384","mac":"","tkn":"","pyd":"0A"}'),
        )
        lines = [watch.out.next().split(" ", 1)[1] for _ in range(4)]
        assert lines == [
            f"> {RELAY} request   net",
            f"< {RELAY} answer    net netStaSSID=A netStaPwd=***",
            f"! {RELAY} malformed sas/gli/server/{RELAY}: 11 bytes, not-utf8: payload: UTF-8 was wanted, "
            "byte 10 is not",
            f"> {RELAY} push      meters, code 0A",
        ]
        code, seconds = watch.end()
        assert code == 0
        assert seconds < 2


def test_relay_and_kind_choose(broker: str) -> None:
    with Program("watch", "--broker", broker, "--relay", RELAY.upper(), "--kind", "request") as watch:
        watch.ready()
        publish(
            broker,
            (f"sas/relay/{OTHER}", REQUEST),
            ("smib/config", SECRET),
            (f"sas/relay/{RELAY}", REQUEST),
        )
        assert watch.out.next().endswith(f"> {RELAY} request   net")
        assert watch.end(signal.SIGTERM)[0] == 0


def test_json_is_one_object_a_line_and_nothing_else(broker: str) -> None:
    with Program("watch", "--broker", broker, "--json") as watch:
        watch.err.find(lambda line: line == f"ready watch broker={broker}", "the ready line")
        publish(broker, ("smib/config", SECRET))
        one = json.loads(watch.out.next())
        assert one.pop("time").endswith("Z")
        assert one == {
            "direction": "<",
            "topic": "smib/config",
            "relay": RELAY,
            "kind": "answer",
            "bytes": len(SECRET),
            "retained": False,
            "summary": "net netStaSSID=A netStaPwd=***",
            "message": {"rly": RELAY, "typ": "cfg", "comp": "net", "netStaSSID": "A", "netStaPwd": "***"},
        }


def test_a_broker_that_goes_away_is_tried_again() -> None:
    with Program("broker", "--mqtt-port", "0", "--no-ws") as first:
        uri = first.ready()["mqtt"]
        watch = Program("watch", "--broker", uri)
        with watch:
            watch.ready()
            first.end()
            watch.err.find(lambda line: line.startswith("! watch "), "the note of the loss")
            with Program("broker", "--mqtt-port", uri.rpartition(":")[2], "--no-ws") as second:
                second.ready()
                watch.err.find(lambda line: line.startswith("= watch connected again"), "the return")
                publish(uri, (f"sas/relay/{RELAY}", REQUEST))
                assert watch.out.next().endswith("request   net")
            assert watch.end()[0] == 0


def test_a_password_in_the_uri_is_shown_nowhere(broker: str) -> None:
    with Program("watch", "--broker", broker.replace("://", "://floor:swordfish@")) as watch:
        assert watch.ready()["broker"] == broker.replace("://", "://floor:***@")


def test_a_reader_that_has_enough_ends_it_without_a_word(broker: str) -> None:
    command = [sys.executable, "-m", "simulator", "watch", "--broker", broker]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        assert watch.stdout.readline().startswith("ready watch")
        watch.stdout.close()
        publish(broker, (f"sas/relay/{RELAY}", REQUEST))
        assert watch.stderr.read() == ""
        assert watch.wait(DEADLINE_S) == 0


def test_on_a_terminal_a_line_is_coloured_and_ends_at_its_edge(broker: str) -> None:
    mine, its = pty.openpty()
    environment = {**os.environ, "COLUMNS": "60", "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "simulator", "watch", "--broker", broker]
    with (
        subprocess.Popen(command, stdout=its, stderr=its, env=environment) as run,
        os.fdopen(mine, "rb") as screen,
    ):
        os.close(its)
        assert screen.readline().startswith(b"ready watch")
        publish(broker, ("smib/config", SECRET))
        line = screen.readline().decode().rstrip()
        run.send_signal(signal.SIGINT)
        assert run.wait(DEADLINE_S) == 0
    assert "\x1b[32m<" in line
    assert line.endswith("net netStaSSID=A netS…")


def test_the_kinds_in_the_help_are_those_of_the_code() -> None:
    listed = [line.split()[0] for line in kinds_table().splitlines() if line.startswith("  ")]
    assert listed == list(KINDS)


def test_a_selection_leaves_out_whose_relay_is_unknown() -> None:
    nobody = sighting("smib/config", b"{}", MOMENT)
    assert Selection().wants(nobody)
    assert Selection(kinds=frozenset({"malformed"})).wants(nobody)
    assert not Selection(relays=frozenset({RELAY})).wants(nobody)


def test_a_style_spells_text_or_json() -> None:
    one = sighting(f"sas/relay/{RELAY}", b'{"typ":"cfg","comp":"\xc2\x9b2J"}', MOMENT)
    assert Style(as_json=True).spell(one) == json_line(one)
    assert json_line(one).isprintable()
    assert Style(width=lambda: 42).spell(one).endswith(r" \x9…")
