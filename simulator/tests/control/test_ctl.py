"""`smib-lab ctl` against a `smib-lab fleet` with a control, both as processes."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.control.client import ControlClient
from simulator.control.command import fields, who
from simulator.errors import ControlError
from simulator.tests.floor import embedded
from simulator.tests.program import Program, run

TOKEN = "a-token-of-tests"
FLEET = """
groups:
  - {name: slots, count: 2, location: Annex}
  - {name: bench, relays: [e831cdfa8384]}
"""


def on_a_floor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Program], None]) -> None:
    """Let `act` happen while a fleet runs under control, whose URL and token the environment gives."""
    file = tmp_path / "fleet.yaml"
    file.write_text(FLEET)
    monkeypatch.setenv("SMIB_LAB_TOKEN", TOKEN)

    def with_fleet(uri: str) -> None:
        with Program("fleet", "--broker", uri, "--fleet", str(file), "--control-port", "0") as program:
            monkeypatch.setenv("SMIB_LAB_CONTROL", program.ready()["control"])
            act(program)
            code, seconds = program.end()
            assert code == 0
            assert seconds < 2

    async def scenario() -> None:
        async with embedded() as broker:
            await asyncio.to_thread(with_fleet, broker.uri)

    asyncio.run(scenario())


def ctl(*args: str, code: int = 0) -> str:
    """What it prints; where it fails, what it says."""
    ended = run("ctl", *args)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout if code == 0 else ended.stderr


def test_it_looks_and_interferes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(program: Program) -> None:
        assert len(ctl("list").splitlines()) == 3
        assert "bench-1" in ctl("list", "--group", "bench")
        slots = ctl("power", "off", "location:Annex").split()
        assert len(slots) == 2
        assert [line.split()[0] for line in ctl("list", "--state", "off").splitlines()] == slots
        assert ctl("power", "on", "all", "--for", "1h").split() == slots
        set_ = ("fault", "set", "e831cdfa8384", "silent", "kinds=[cfg]", "--name", "mute")
        assert ctl(*set_) == "e831cdfa8384\n"
        assert "faults=mute" in ctl("list")
        inside = json.loads(ctl("show", "e831cdfa8384"))
        assert inside["faults"] == {"mute": {"kinds": ["cfg"], "kind": "silent"}}
        assert ctl("fault", "clear", "all", "mute") == "e831cdfa8384\n"
        assert "bad-credentials" in ctl("fault", "kinds")
        assert json.loads(ctl("--json", "pause", "all"))["count"] == 3
        assert len(ctl("resume", "all").split()) == 3
        assert ctl("bill", "e831cdfa8384", "20") == "e831cdfa8384\n"
        assert ctl("play", "e831cdfa8384", "--win", "5") == "e831cdfa8384\n"
        assert ctl("door", "open", "e831cdfa8384") == "e831cdfa8384\n"
        assert ctl("end", "e831cdfa8384", "slot door") == "e831cdfa8384\n"
        assert ctl("cash-out", "group:bench") == "e831cdfa8384\n"
        (added,) = ctl("add", "--group", "slots").split()
        assert ctl("remove", added) == f"{added}\n"
        assert "smib_fleet_devices" in ctl("metrics")
        assert "1 were wanted" not in ctl("list", "--limit", "1")
        assert not [line for line in program.err.seen if TOKEN in line]

    on_a_floor(tmp_path, monkeypatch, act)


def test_what_can_t_be_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(_: Program) -> None:
        assert "no device e831cdffffff is in this fleet" in ctl("show", "e831cdffffff", code=1)
        assert "no device of this fleet is meant" in ctl("pause", "group:nobody", code=1)
        assert "ms: a whole number" in ctl("fault", "set", "all", "slow", "ms=-1", code=1)
        assert "FIELD=VALUE was wanted, not 'ms'" in ctl("fault", "set", "all", "slow", "ms", code=1)
        assert "ACTION" in ctl(code=2)
        monkeypatch.setenv("SMIB_LAB_TOKEN", "some-other-token")
        assert "the token of this fleet was wanted" in ctl("list", code=1)
        monkeypatch.delenv("SMIB_LAB_TOKEN")
        assert "SMIB_LAB_TOKEN or SMIB_LAB_TOKEN_FILE" in ctl("list", code=1)
        monkeypatch.setenv("SMIB_LAB_TOKEN", TOKEN)
        monkeypatch.setenv("SMIB_LAB_CONTROL", "http://127.0.0.1:1")
        assert "no control of a fleet answers there" in ctl("list", code=1)
        monkeypatch.delenv("SMIB_LAB_CONTROL")
        assert "--control URL or SMIB_LAB_CONTROL" in ctl("list", code=1)
        assert "the URL of a ready line" in ctl("--control", "floor", "list", code=1)

    on_a_floor(tmp_path, monkeypatch, act)


def test_of_the_controls_of_several_processes_one_is_wanted() -> None:
    both = "http://127.0.0.1:3900,http://127.0.0.1:3901"
    with pytest.raises(ControlError, match=r"one URL was wanted: .* one of http://127.0.0.1:3900, http://"):
        ControlClient(both, TOKEN)


@pytest.mark.parametrize("url", ["http://127.0.0.1:many", "http://[::1", "http://127.0.0.1:99999"])
def test_a_port_that_is_none_gets_a_sentence(url: str) -> None:
    with pytest.raises(ControlError, match="the URL of a ready line"):
        ControlClient(url, TOKEN)


def test_another_protocol_behind_the_url_gets_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(1_000)
                caller.sendall(b"\x20\x02\x00\x00\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        client = ControlClient(f"http://127.0.0.1:{server.getsockname()[1]}", TOKEN)
        with pytest.raises(ControlError, match="no control of a fleet answers there"):
            client.get("/api/devices")
        thread.join()


def test_whom_and_what_are_read() -> None:
    assert who("all") == {"all": True}
    assert who(["group:a:b", "location:Main Floor"]) == {"group": "a:b", "location": "Main Floor"}
    assert who(["e831cdfa8384", "Foreign:1"]) == {"relayId": ["e831cdfa8384", "Foreign:1"]}
    assert fields(["ms=5", "kinds=[cfg]", "probability=0.1", "event=SYSTEM_ERROR"]) == {
        "ms": 5,
        "kinds": ["cfg"],
        "probability": 0.1,
        "event": "SYSTEM_ERROR",
    }
    with pytest.raises(ControlError, match="a value as in a fleet file"):
        fields(["a=["])
