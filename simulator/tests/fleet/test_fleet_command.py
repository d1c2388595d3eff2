"""`smib-lab fleet` and `smib-lab identities` as processes: ready lines, sentences, exit codes."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
import yaml

from simulator.tests.floor import embedded
from simulator.tests.program import DEADLINE_S, Program, run
from wire.components import COMPONENTS

FLEETS = Path(__file__).parents[3] / "fixtures" / "fleets"


class TestFleet:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_it_is_ready_when_all_are_subscribed_and_ends_at_once(self, number: signal.Signals) -> None:
        async def scenario() -> None:
            async with embedded() as broker:
                await asyncio.to_thread(self.check, broker.uri, number)

        asyncio.run(scenario())

    def check(self, uri: str, number: signal.Signals) -> None:
        with Program("fleet", "--broker", uri, "--count", "7", "--verbose") as program:
            assert program.ready() == {"devices": "7", "connected": "7", "subscribed": "7"}
            program.err.find(lambda line: line.startswith("= e831cd") and "state=online" in line, "a state")
            code, seconds = program.end(number)
            assert code == 0
            assert seconds < 2

    def test_without_a_broker_it_says_so_and_ends_when_told(self) -> None:
        with Program("fleet", "--broker", "mqtt://u:hunter2hunter2@127.0.0.1:1", "--count", "2") as program:
            line = program.err.find(lambda line: "no device is connected" in line, "a sentence")
            assert "mqtt://u:***@127.0.0.1:1" in line
            assert program.end()[0] == 0

    def test_without_a_broker_its_patience_ends(self) -> None:
        ended = run("fleet", "--broker", "mqtt://u:hunter2hunter2@127.0.0.1:1", "--patience", "300ms")
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.splitlines()[-1] == (
            "smib-lab: no device was connected to mqtt://u:***@127.0.0.1:1 within 0.3 s: a broker that runs "
            "and lets them in was wanted (--patience waits longer)."
        )
        assert "Traceback" not in ended.stderr

    def test_once_connected_it_waits_for_its_broker_beyond_its_patience(self) -> None:
        with Program("broker", "--mqtt-port", "0", "--no-ws") as broker:
            uri = broker.ready()["mqtt"]
            options = ("--count", "2", "--patience", "500ms", "--duration", "3s", "--verbose")
            with Program("fleet", "--broker", uri, *options) as program:
                program.ready()
                broker.process.kill()
                assert program.process.wait(DEADLINE_S) == 0
                assert any("state=waiting" in line for line in program.err.rest())

    @pytest.mark.parametrize(
        ("args", "code", "sentence"),
        [
            ((), 2, "--broker"),
            (("--broker", "ftp://x"), 2, "a broker URI"),
            (("--broker", "mqtt://x", "--count", "none"), 2, "a whole number from 1 was wanted"),
            (("--broker", "mqtt://x", "--fleet", "nowhere.yaml"), 1, "nowhere.yaml: file: No such file"),
            (("--broker", "mqtt://x", "--ca-file", "nowhere.pem"), 1, "certificates in PEM were wanted"),
            (("--broker", "mqtt://x", "--state", "/dev/null"), 1, "a folder that can be written was wanted"),
        ],
    )
    def test_what_can_t_be_gets_a_sentence(self, args: tuple[str, ...], code: int, sentence: str) -> None:
        ended = run("fleet", *args)
        assert sentence in ended.stderr
        assert "Traceback" not in ended.stderr
        assert ended.returncode == code


class TestIdentities:
    def test_it_prints_a_cabinets_file(self) -> None:
        ended = run("identities", "--fleet", str(FLEETS / "mixed.yaml"), "--broker", "mqtt://lab")
        assert ended.returncode == 0
        cabinets = yaml.safe_load(ended.stdout)["cabinets"]
        assert len(cabinets) == 23
        vault = next(cabinet for cabinet in cabinets if cabinet["id"] == "vault-1")
        assert vault["smibConfig"]["net"]["netStaPwd"] == "floor-wifi-2"
        for cabinet in cabinets:
            assert cabinet["smibConfig"]["mqtt"]["mqttURI"] == "mqtt://lab:1883"
            for name, values in cabinet["smibConfig"].items():
                COMPONENTS[name].check(values)
