"""What a run shows: the timeline of what failed, the requirements of every scenario, no coroutine step."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from features.harness.catalogue import read_catalogue
from features.harness.process import ROOT

STEPS = """
from pytest_bdd import given, scenarios, then

@given("a message with a secret")
def _(timeline):
    timeline.note("operator", ">", "POST /api/anything")

@then("it is wrong")
def _():
    assert False, "as expected"

@then("it is right")
def _():
    pass

@then("it is not awaited")
async def _():
    assert False

scenarios("some.feature")
"""
FEATURE = """
Feature: Anything
  @req-ROUTE-3 @req-ROUTE-4
  Scenario: Wrong
    Given a message with a secret
    Then it is wrong
  @req-ROUTE-3
  Scenario: Right
    Given a message with a secret
    Then it is right
  Scenario: Coroutine
    Given a message with a secret
    Then it is not awaited
"""


def test_a_run_shows_what_failed_and_what_it_was_to_prove(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(STEPS, encoding="utf-8")
    (tmp_path / "some.feature").write_text(textwrap.dedent(FEATURE), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\njunit_family = xunit1\n", encoding="utf-8")
    options = [
        "-q",
        "-p",
        "features.conftest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "--junitxml=j.xml",
    ]
    argv = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 1 passed" in done.stdout, done.stdout
    assert "POST /api/anything" in done.stdout
    assert "as expected" in done.stdout
    assert "coroutine step is never awaited" in done.stdout
    report = (tmp_path / "j.xml").read_text(encoding="utf-8")
    assert "['ROUTE-3', 'ROUTE-4']" in report, report


def test_every_interpretation_that_the_code_names_stands_in_the_catalogue() -> None:
    known = set(read_catalogue().ids)
    named = {
        word.strip("().,:;`")
        for package in ("wire", "cms", "simulator")
        for path in (ROOT / package).rglob("*.py")
        for word in path.read_text(encoding="utf-8").split()
        if word.strip("().,:;`").removeprefix("INT-").isdecimal() and "INT-" in word
    }
    assert named - known == set()
    assert named
