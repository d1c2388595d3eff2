"""The reports of a fleet's parts put together as if one process had run it all."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import yaml

from simulator.fleet.reading import Reading, together
from simulator.fleet.summary import Summary
from simulator.tests.floor import embedded
from simulator.tests.program import DEADLINE_S, Program, run

JOB = Path(__file__).parents[3] / "fixtures" / "kubernetes" / "fleet-job.yaml"


def part(folder: Path, number: int) -> Path:
    reading = Reading(took_s=10.0 + number, devices=100, connected=99, subscribed=100, answering=number)
    reading.totals["sent"] = 1_000
    reading.answers.add(1_000 * number, 100)
    file = folder / f"{number}.json"
    file.write_text(Summary(reading).json([]))
    return file


def test_parts_are_one_fleet(tmp_path: Path) -> None:
    files, report = [part(tmp_path, number) for number in (1, 2, 3)], tmp_path / "all.json"
    judge = ("--fail-if", "subscribed<100%", "--fail-if", "p99>2ms")
    done = run("fleet", "summarize", *map(str, files), "--summary-json", str(report), *judge)
    assert done.returncode == 1
    assert "= fleet devices=300 connected=297 subscribed=300 answering=6" in done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("smib-lab:")] == [
        "smib-lab: --fail-if p99>2ms: p99 is 3ms."
    ]
    fields = json.loads(report.read_text())
    assert (fields["took_s"], fields["sent"], fields["answered"]) == (13, 3_000, 300)
    readings = [Reading.from_dict(json.loads(file.read_text())["reading"]) for file in files]
    assert fields["reading"] == together(readings).to_dict()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"reading":{}}', "[" * 100_000])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    done = run("fleet", "summarize", str(tmp_path / "x.json"))
    assert done.returncode == 1
    assert done.stderr == f"smib-lab: {tmp_path}/x.json: a report of --summary-json was wanted.\n"


def test_a_report_that_is_not_there_is_a_sentence() -> None:
    done = run("fleet", "summarize", "nowhere.json")
    assert done.returncode == 1
    assert "nowhere.json: a file that can be read was wanted (No such file or directory)." in done.stderr


def test_the_pods_of_an_indexed_job_are_one_fleet(tmp_path: Path) -> None:
    """The command line of `fixtures/kubernetes/fleet-job.yaml` on this machine, for two of its pods."""
    job = yaml.safe_load(JOB.read_text())["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert job["completionMode"] == "Indexed"
    pods = job["completions"]
    assert f"--shard=job/{pods}" in container["args"]
    assert job["parallelism"] == pods

    def pod(uri: str, index: int) -> None:
        line = [arg for arg in container["args"] if not arg.startswith(("--broker", "--count", "--duration"))]
        line = [arg.replace("/reports/$(JOB_COMPLETION_INDEX)", f"{tmp_path}/{index}") for arg in line]
        line += [f"--broker={uri}", "--count=12", "--duration=4s"]
        with Program(*container["command"][1:], *line, env={"JOB_COMPLETION_INDEX": str(index)}) as program:
            assert program.process.wait(DEADLINE_S) == 0

    async def scenario() -> None:
        async with embedded() as broker:
            await asyncio.gather(*(asyncio.to_thread(pod, broker.uri, index) for index in (0, pods - 1)))

    asyncio.run(scenario())
    done = run(
        "fleet", "summarize", *map(str, sorted(tmp_path.glob("*.json"))), "--fail-if", "subscribed<100%"
    )
    assert done.returncode == 0
    assert "= fleet devices=3 connected=3 subscribed=3 " in done.stderr
