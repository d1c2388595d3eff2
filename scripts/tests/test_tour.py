"""The first tour of the README, run as it stands against a lab of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lists import ROOT

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
ENDLESS_SECONDS = 2


@pytest.fixture(scope="module")
def lab() -> Iterator[dict[str, str]]:
    """A lab as a newcomer has it, but on free ports; the facts of its ready line."""
    ports = ("--port", "0", "--mqtt-port", "0", "--ws-port", "0", "--plain")
    command = [sys.executable, "-m", "simulator", "up", *ports]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        ready = next(line for line in process.stdout if line.startswith("ready lab"))
        yield dict(fact.split("=", 1) for fact in ready.split()[2:])
        process.terminate()
        assert process.wait(10) == 0


@pytest.fixture
def run(lab: dict[str, str]) -> object:
    """Runs one line of the tour on the lab's own ports; what it printed."""
    http, mqtt = (lab[name].rsplit(":", 1)[1] for name in ("url", "mqtt"))

    def run(line: str) -> str:
        line = line.replace("127.0.0.1:3000", f"127.0.0.1:{http}").replace("curl ", "curl -sS ")
        line = re.sub(r"^(mosquitto_\w+)", rf"\1 -p {mqtt}", line)
        line = re.sub(r"^smib-lab watch", f"{sys.executable} -m simulator watch --broker {lab['mqtt']}", line)
        endless = re.search(r"-N |watch|_sub", line)
        prefix = f"timeout --preserve-status -s INT {ENDLESS_SECONDS} " if endless else ""
        done = subprocess.run(
            prefix + line, shell=True, capture_output=True, text=True, cwd=Path("/"), timeout=20
        )
        if endless is None:
            assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("line", [line for block in BLOCKS for line in block.splitlines()])
def test_a_line_of_the_tour_does_what_the_readme_says(line: str, run: object) -> None:
    assert callable(run)
    program = line.split()[0]
    if program.startswith("mosquitto") and shutil.which(program) is None:
        pytest.skip("mosquitto-clients are not installed")
    printed = run(line)
    if line.startswith("curl") and "-N" not in line:
        assert json.loads(printed)["success"] is True
    elif "-N" in line:
        assert printed.startswith('data: {"type":"connected"')
    else:
        assert program in ("smib-lab", "mosquitto_sub", "mosquitto_pub")


def test_the_tour_names_a_cabinet_and_a_relay_that_belong_together(run: object) -> None:
    assert callable(run)
    cabinets = json.loads(run("curl http://127.0.0.1:3000/api/cabinets"))["data"]
    relay = {cabinet["id"]: cabinet["relayId"] for cabinet in cabinets}["main-floor-1"]
    named = set(re.findall(r"e831cd[0-9a-f]{6}", "".join(BLOCKS)))
    assert named == {relay}
