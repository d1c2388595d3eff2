"""Runs with subjects that can't be, that are not there, or that die: sentence, exit code, record."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from features.harness.floor import new_floor
from features.harness.plan import OURS
from features.harness.port import free_port
from features.harness.process import ROOT, Workshop
from features.harness.record.run import Run, read_run
from features.harness.subject import CMS, SMIB
from features.harness.subject_file import read_subject
from features.harness.subjects import Broker, Cms, Fleet, Order
from features.harness.tap.tap import Tap

FEATURE = "features/topics"
Started = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def started(tmp_path: Path) -> Started:
    def started(*options: str, only: str = "holds_nothing_but") -> subprocess.CompletedProcess[str]:
        argv = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-k",
            only,
        ]
        argv += [f"--report={tmp_path / 'report'}", f"--basetemp={tmp_path / 'tmp'}", *options, FEATURE]
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)

    return started


def record(folder: Path) -> Run:
    return read_run(folder / "report")


def test_a_subject_file_that_can_not_be_is_a_sentence_and_code_2(started: Started, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("subject: cms\nname: A\nurl: http://h\ncolour: red\n", encoding="utf-8")
    done = started("--subject", str(path))
    assert done.returncode == 2
    assert f"{path}:4: colour: it is unknown" in done.stdout + done.stderr


def test_a_cms_that_is_not_there_is_an_error_and_nobody_is_blamed(started: Started, tmp_path: Path) -> None:
    done = started("--cms-url", "http://127.0.0.1:1", "--broker-port", str(free_port()))
    assert done.returncode == 2, done.stdout
    run = record(tmp_path)
    assert {check.verdict.value for check in run.checks} == {"error"}
    assert "nobody answers at http://127.0.0.1:1" in run.checks[0].reason


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
    assert len(run.header.broker.probes) == 5
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
