"""Proves the harness by liars: ``python -m features.harness.selftest [NAME …]`` (issue 3, "Liars").

The conforming pair must be green. Each liar stands before the scenarios of the requirement that it breaks;
it is killed only if one of them accuses it and its fault was exercised. The dead stand before a scenario of
every requirement of their side, and earn no pass of a must. Every trial runs in a process forked from this
one, which has everything imported: what remains is the work itself.

Exit code: 0 as it should be; 1 a liar lives that was killed once, the pair was accused or a dead subject
earned a pass; 2 the harness could not judge.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from features import conftest
from features.harness.catalogue import read_catalogue
from features.harness.floor import new_floor
from features.harness.inbox import WITHIN
from features.harness.process import ROOT
from features.harness.score import Case, Outcome, Score
from features.harness.subject import USUAL_ANSWER_S
from features.harness.trial import Trial
from features.liars.catalogue import Entry, read_liars

KILLED_ONCE = Path(__file__).resolve().parents[1] / "liars" / "killed.txt"
AT_ONCE = 6
"""Trials at once: two cores, and most of a trial is waiting."""
DEAD_S = 0.3
PAIR = {side: ROOT / "fixtures" / "subjects" / f"pair-{side}.yaml" for side in ("cms", "smib")}
SMALL_FLOOR = functools.partial(new_floor, played=80, devices=24, restless=6, silent=1, spare=12)
"""Enough for one requirement; a SMIB of the pair is a connection, and 150 of them take their time."""
OPTIONS = (
    *("-q", "--tb=no", "-p", "pytest_bdd.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
"""Other plugins are left out, for each costs every trial its start."""
_TAG = re.compile(r"@req-([A-Z]+-[0-9]+)")


def scenarios_by_requirement() -> dict[str, set[str]]:
    """The folders of the feature files that name a requirement."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "features").glob("*/*.feature")):
        for name in _TAG.findall(path.read_text("utf-8")):
            found.setdefault(name, set()).add(str(path.parent))
    return found


def liar_case(entry: Entry) -> Case:
    command = f"{sys.executable} -m features.liars {entry.name}"
    if not entry.is_dead:
        return Case(entry.name, entry.side, command, (entry.requirement,), once=True)
    return Case(entry.name, entry.side, command, requirements_of(entry.side), sample=True)


def requirements_of(side: str) -> tuple[str, ...]:
    return tuple(one.id for one in read_catalogue().requirements if one.role == side and one.level == "must")


def pair_cases() -> Iterator[Case]:
    """The conforming pair before everything, folder by folder."""
    folders = scenarios_by_requirement()
    for side, file in PAIR.items():
        command = yaml.safe_load(file.read_text("utf-8"))["start"]
        wanted = requirements_of(side)
        for folder in sorted({one for name in wanted for one in folders.get(name, ())}):
            name = f"{side} pair: {Path(folder).name}"
            yield Case(name, side, command, wanted, folders=(folder,))


# Trials


def tried(case: Case, folder: Path) -> Outcome:
    """Runs one trial in this process. Call it in a fork: pytest runs once in a process."""
    began = time.monotonic()
    lied = folder / "lied"
    file = subject_file(case, folder, lied)
    if case.once or case.sample:
        setattr(conftest, "new_floor", SMALL_FLOOR)  # noqa: B010 - a module is no place for mypy to write to
    trial = Trial(case.requirements, case.once, case.sample)
    known = scenarios_by_requirement()
    paths = case.folders or sorted({one for name in case.requirements for one in known.get(name, ())})
    if not paths:
        return Outcome(case, 0.0)
    own = (f"--subject={file}", f"--report={folder / 'report'}", f"--basetemp={folder / 'tmp'}")
    code = pytest.main([*OPTIONS, *own, *paths], plugins=[trial])
    trouble = "" if code in (0, 1, 2, 5) else f"pytest ended with {code}: {_tail(folder)}"
    seconds = time.monotonic() - began
    return Outcome(case, seconds, lied.exists(), trial.verdicts, trial.proves, trial.why, trouble)


def subject_file(case: Case, folder: Path, lied: Path) -> Path:
    """The subject file of a trial: the pair's, started by another command. The dead answer nothing later
    either, so that the harness need not wait for them as long."""
    content = yaml.safe_load(PAIR[case.side].read_text("utf-8"))
    content |= {"name": case.name, "start": case.command}
    content["env"] |= {"LIED_FILE": str(lied), "PYTHONPATH": str(ROOT)}
    if case.sample:
        content["timing"] = {"answer_s": USUAL_ANSWER_S * DEAD_S / WITHIN}
    path = folder / "subject.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def warmed() -> None:
    """Imports here what every trial needs: what is imported before a fork costs no trial anything."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    folders = sorted({str(path.parent) for path in (ROOT / "features").glob("*/*.feature")})
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*OPTIONS, "--collect-only", *folders])


def forked(cases: Sequence[Case], at_once: int, folder: Path) -> Iterator[Outcome]:
    """The outcomes as they come, ``at_once`` trials at a time."""
    waiting, running = list(cases), dict[int, tuple[Case, Path, float]]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                case = waiting.pop(0)
                place = Path(tempfile.mkdtemp(dir=folder))
                running[_fork(case, place)] = (case, place, time.monotonic())
            pid, status = os.waitpid(-1, 0)
            if pid in running:
                case, place, began = running.pop(pid)
                yield _read(case, place, status, time.monotonic() - began)
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)  # what it had started is killed by its warden


def _fork(case: Case, place: Path) -> int:
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
        outcome = tried(case, place)
        content = {name: value for name, value in vars(outcome).items() if name != "case"}
        (place / "outcome").write_text(json.dumps(content), "utf-8")
        code = 0
    finally:
        if code:
            with (place / "output").open("a", encoding="utf-8") as told:
                traceback.print_exc(file=told)
        os._exit(code)


def _read(case: Case, place: Path, status: int, seconds: float) -> Outcome:
    try:
        content = json.loads((place / "outcome").read_text("utf-8"))
    except (OSError, ValueError):
        return Outcome(case, seconds, trouble=f"the trial ended with {status}: {_tail(place)}")
    shutil.rmtree(place, ignore_errors=True)
    return Outcome(case, **content)


def _tail(place: Path) -> str:
    output = place / "output"
    return output.read_text("utf-8", "replace")[-600:] if output.exists() else ""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="selftest", description="Proves the harness by liars.")
    parser.add_argument("names", nargs="*", help="liars to try alone, without the pair")
    parser.add_argument("-n", type=int, default=AT_ONCE, help="trials at once")
    parser.add_argument("--why", action="store_true", help="what convicted each")
    options = parser.parse_args(argv)
    liars = read_liars()
    if unknown := [name for name in options.names if name not in liars]:
        parser.error(f"there is no liar {', '.join(unknown)}")
    cases = [*([] if options.names else pair_cases())]
    cases += [liar_case(liars[name]) for name in options.names or liars]
    score = Score(killed_once=KILLED_ONCE.read_text("utf-8").split() if KILLED_ONCE.exists() else ())
    with tempfile.TemporaryDirectory(prefix="selftest-") as folder, contextlib.chdir(ROOT):
        warmed()
        for outcome in forked(cases, options.n, Path(folder)):
            score.outcomes.append(outcome)
            _say(f"{outcome.seconds:5.1f} s  {outcome.case.name:<28} {outcome.word}")
            if options.why:
                _say("".join(f"    {name}: {why}\n" for name, why in outcome.why.items()))
    for line in (*score.lines(), *score.faults(), *score.doubts()):
        _say(line)
    return score.code


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
