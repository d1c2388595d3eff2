"""Runs with subjects that can't be, that are not there, or that die: sentence, exit code, record."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from features.harness.floor import new_floor
from features.harness.plan import OURS
from features.harness.port import free_port
from features.harness.probe import PROBES
from features.harness.process import ROOT, Workshop
from features.harness.record.run import Run, read_run
from features.harness.record.verdict import Verdict
from features.harness.subject import CMS, SMIB
from features.harness.subject_file import read_subject
from features.harness.subjects import Broker, Cms, Fleet, Order, is_ready
from features.harness.tap.tap import Tap
from features.harness.waiting import eventually

FEATURE = "features/topics"
ENOUGH = 120.0
Started = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A run of pytest that records below ``tmp_path``."""
    words = [sys.executable, "-m", "pytest", FEATURE, "-v", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return [*words, f"--report={tmp_path / 'report'}", f"--basetemp={tmp_path / 'tmp'}"]


@pytest.fixture
def started(words: list[str]) -> Started:
    def started(*options: str, only: str = "holds_nothing_but") -> subprocess.CompletedProcess[str]:
        argv = [*words, "-k", only, *options]
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=ENOUGH, check=False)

    return started


def interfered(argv: list[str], interfere: Callable[[subprocess.Popen[str]], object]) -> tuple[int, str]:
    """Runs ``argv``, and interferes when its first check has passed; its exit code and what it said then."""
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        while "PASSED" not in (line := run.stdout.readline()):
            assert line, "it ended before a check had passed"
        interfere(run)
        said = run.stdout.read()
    return run.returncode, said


def record(folder: Path) -> Run:
    return read_run(folder / "report")


def test_a_subject_file_that_can_not_be_is_a_sentence_and_code_2(started: Started, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("subject: cms\nname: A\nurl: http://h\ncolour: red\n", encoding="utf-8")
    done = started("--subject", str(path))
    assert done.returncode == 2
    assert f"{path}:4: colour: it is unknown" in done.stdout + done.stderr


def test_a_run_with_a_subject_leaves_out_the_tests_of_the_harness(started: Started) -> None:
    options = ("features/harness/tests/test_wording.py", "--collect-only", "-q")
    subject = ("--subject", "fixtures/subjects/pair-cms.yaml")
    done = started(*options, *subject, only="holds_nothing_but or wording")
    assert "holds_nothing_but" in done.stdout
    assert "test_wording" not in done.stdout


def test_a_cms_that_is_not_there_is_an_error_and_nobody_is_blamed(started: Started, tmp_path: Path) -> None:
    done = started("--cms-url", "http://127.0.0.1:1", "--broker-port", str(free_port()))
    assert done.returncode == 2, done.stdout
    run = record(tmp_path)
    assert {check.verdict.value for check in run.checks} == {"error"}
    assert "nobody answers at http://127.0.0.1:1" in run.checks[0].reason


def test_what_runs_already_is_judged_by_one_worker(started: Started) -> None:
    done = started("--cms-url", "http://127.0.0.1:1", "--broker-port", str(free_port()), "-n", "2")
    assert done.returncode == 2
    assert "-n: what runs already is judged by one worker" in done.stdout + done.stderr


def test_a_port_that_is_taken_ends_the_run_with_a_sentence(started: Started, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = started("--cms-url", f"http://127.0.0.1:{port}", "--broker-port", str(port))
    assert done.returncode == 2, done.stdout
    assert f"it was stopped: tap cms: port {port} can't be listened on" in done.stdout
    assert len(record(tmp_path).checks) == 1


def test_a_broker_that_refuses_is_an_error_and_nobody_is_blamed(started: Started, tmp_path: Path) -> None:
    done = started("--broker-uri", "mqtt://127.0.0.1:1")
    assert done.returncode == 2, done.stdout
    assert {check.verdict.value for check in record(tmp_path).checks} == {"error"}


def test_a_started_cms_is_judged_alone_and_the_record_names_it(started: Started, tmp_path: Path) -> None:
    done = started("--subject", "fixtures/subjects/pair-cms.yaml", only="holds_nothing_but or listens_where")
    assert done.returncode == 0, done.stdout
    run = record(tmp_path)
    assert run.header is not None
    assert [one.name for one in run.header.subjects] == ["Pair CMS"]
    assert len(run.header.broker.probes) == len(PROBES)
    assert {check.role for check in run.checks} == {"cms"}
    assert all(check.timeline for check in run.checks)
    assert (tmp_path / "report" / "report.html").exists()


def test_a_started_subject_that_dies_is_started_again(workshop: Workshop, tmp_path: Path) -> None:
    broker, floor = Broker(workshop), new_floor(1, 2, 0, 0, 0)
    with Tap(CMS, broker.address, CMS) as line, Tap(SMIB, broker.address, SMIB) as other:
        cms = Cms(
            workshop, read_subject(OURS[CMS]), Order(line.address, tmp_path / CMS), [*floor.cabinets], line
        )
        fleet = Fleet(
            workshop, read_subject(OURS[SMIB]), Order(other.address, tmp_path / SMIB), floor.members, other
        )
        first = cms.running
        assert cms.url
        cms.kill()
        fleet.kill()
        cms.revive()
        fleet.revive()
        assert cms.running is not first
        assert cms.url
        assert len(other.clients) == 2


def test_a_cms_that_dies_half_way_is_told_and_what_was_gathered_is_kept(
    workshop: Workshop, words: list[str], tmp_path: Path
) -> None:
    port, web = free_port(), free_port()
    told = {"MQTT_URI": f"mqtt://127.0.0.1:{port}", "PORT": str(web), "CABINETS": "cab-1=e831cdfa8384"}
    cms = workshop.start("cms", [sys.executable, "-m", "features.pair.cms"], told)
    eventually(lambda: is_ready(f"http://127.0.0.1:{web}", "/healthz"), bool, "the CMS is there", within=20)
    argv = [*words, "--cms-url", f"http://127.0.0.1:{web}", "--broker-port", str(port)]
    code, said = interfered(argv, lambda _: cms.kill())
    assert code == 2, said
    assert "it has gone" in said
    run = record(tmp_path)
    assert any("it has gone" in sentence for sentence in run.trouble)
    assert run.checks[0].verdict is Verdict.PASS
    assert "incomplete" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_an_interrupt_half_way_leaves_what_was_gathered(words: list[str], tmp_path: Path) -> None:
    argv = [*words, "--subject", "fixtures/subjects/pair-cms.yaml"]
    code, said = interfered(argv, lambda run: run.send_signal(signal.SIGINT))
    assert code == 2, said
    assert "the run is incomplete: it was interrupted" in said
    run = record(tmp_path)
    assert run.checks[0].verdict is Verdict.PASS
    assert run.trouble
    assert (tmp_path / "report" / "report.html").exists()


@pytest.mark.parametrize("name", ["run.ndjson", "report.html"])
def test_a_full_disk_is_a_sentence_and_nothing_is_conformant(
    started: Started, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / name).symlink_to(Path("/dev/full"))
    done = started("--subject", "fixtures/subjects/pair-cms.yaml", only="holds_nothing_but and net")
    assert done.returncode == 2, done.stdout
    assert "could not be written: No space left on device" in done.stdout
