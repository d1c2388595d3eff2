"""Trials in processes forked from this one, which has imported everything: only the work itself remains."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from features.harness.process import ROOT
from features.harness.score import Case, Outcome

OPTIONS = (
    *("-q", "--tb=native", "-p", "pytest_bdd.plugin", "-p", "pytest_timeout", "--timeout=150"),
    *("-p", "no:cacheprovider", "-p", "no:unraisableexception"),
    *("-o", "addopts=--strict-markers --import-mode=importlib"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
"""Other plugins are left out, for each costs every trial its start, and so are the options that they add."""

Tried = Callable[[Case, Path], Outcome]


def warmed(folders: Sequence[str]) -> None:
    """Imports here what every trial needs: what is imported before a fork costs no trial anything."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(ROOT):
        pytest.main([*OPTIONS, "--collect-only", *folders])
    gc.collect()
    gc.freeze()


def forked(cases: Sequence[Case], at_once: int, folder: Path, tried: Tried) -> Iterator[Outcome]:
    """The outcomes as they come, ``at_once`` trials at a time. Who stops reading ends those that still run:
    what they had started is killed by their wardens."""
    waiting, running = list(cases), dict[int, tuple[Case, Path, float]]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                case = waiting.pop(0)
                place = Path(tempfile.mkdtemp(dir=folder))
                running[_fork(case, place, tried)] = (case, place, time.monotonic())
            pid, status, used = os.wait4(-1, 0)
            if pid in running:
                case, place, began = running.pop(pid)
                cpu = used.ru_utime + used.ru_stime
                yield _read(case, place, status, (time.monotonic() - began, cpu))
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _fork(case: Case, place: Path, tried: Tried) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        output = os.open(place / "output", os.O_CREAT | os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        with contextlib.chdir(ROOT):
            outcome = tried(case, place)
        content = {name: value for name, value in vars(outcome).items() if name != "case"}
        (place / "outcome").write_text(json.dumps(content), "utf-8")
        code = 0
    finally:
        if code:
            with (place / "output").open("a", encoding="utf-8") as told:
                traceback.print_exc(file=told)
        os._exit(code)


def _read(case: Case, place: Path, status: int, took: tuple[float, float]) -> Outcome:
    seconds, cpu = took
    try:
        content = json.loads((place / "outcome").read_text("utf-8"))
    except (OSError, ValueError):
        return Outcome(case, seconds, cpu, trouble=f"the trial ended with {status}: {tail(place)}")
    shutil.rmtree(place, ignore_errors=True)
    return Outcome(case, **(content | {"seconds": seconds, "cpu": cpu}))


def tail(place: Path) -> str:
    """The end of what a trial wrote."""
    output = place / "output"
    return output.read_text("utf-8", "replace")[-600:] if output.exists() else ""
