"""Proves the harness by liars (issue 3, "Liars"): what is tried, and before which scenarios.

The conforming pair must be green. Each liar stands before the scenarios of the requirement that it breaks;
it is killed only if one of them accuses it and its fault was exercised. The dead stand before a scenario of
every requirement of their side, and earn no pass of a must.
"""

from __future__ import annotations

import functools
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from features import conftest
from features.harness.catalogue import read_catalogue
from features.harness.floor import new_floor
from features.harness.inbox import WITHIN
from features.harness.launch import LAUNCH, by_fork
from features.harness.process import ROOT
from features.harness.record.header import Probe
from features.harness.score import Case, Outcome
from features.harness.subject import ROLES, USUAL_ANSWER_S
from features.harness.trial import Trial
from features.harness.trials import OPTIONS, tail
from features.liars.catalogue import Entry, read_liars

KILLED_ONCE = Path(__file__).resolve().parents[1] / "liars" / "killed.txt"
DEAD_S = 0.3
PAIR = {side: ROOT / "fixtures" / "subjects" / f"pair-{side}.yaml" for side in ROLES}
IN_PARTS = {"service": 5, "configuration": 3, "http": 2, "streams": 2}
"""Folders of the pair that would take longest alone: how many trials share one."""
SMALL_FLOOR = functools.partial(new_floor, played=160, devices=64, restless=10, silent=2, spare=16)
"""Enough for a trial; a SMIB of the pair is a connection, and 300 of them take their time."""
PATIENT_S = 3 * USUAL_ANSWER_S
"""What the pair may take to answer, while so many others run: it costs nothing where the answer comes."""
UNPROBED = (Probe("none", False, "the broker is not probed for a trial"),)
_TAG = re.compile(r"@req-([A-Z]+-[0-9]+)")


@functools.cache
def scenarios_by_requirement() -> dict[str, set[str]]:
    """The folders of the feature files that name a requirement."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "features").glob("*/*.feature")):
        for name in _TAG.findall(path.read_text("utf-8")):
            found.setdefault(name, set()).add(str(path.parent))
    return found


def folders_of(*requirements: str) -> tuple[str, ...]:
    known = scenarios_by_requirement()
    return tuple(sorted({folder for name in requirements for folder in known.get(name, ())}))


def requirements_of(side: str) -> tuple[str, ...]:
    return tuple(one.id for one in read_catalogue().requirements if one.role == side and one.level == "must")


def liar_case(entry: Entry) -> Case:
    command = f"{sys.executable} -m features.liars {entry.name}"
    if not entry.is_dead:
        return Case(entry.name, entry.side, command, (entry.requirement,), once=True)
    return Case(entry.name, entry.side, command, requirements_of(entry.side), sample=True)


def liar_cases() -> list[Case]:
    """What takes longest first: the dead, then SMIBs, for which the harness waits until they fall back."""
    cases = [liar_case(entry) for entry in read_liars().values()]
    return sorted(cases, key=lambda case: (not case.sample, case.side == "cms"))


def pair_cases() -> Iterator[Case]:
    """The conforming pair before everything, folder by folder."""
    for side, file in PAIR.items():
        command = yaml.safe_load(file.read_text("utf-8"))["start"]
        wanted = requirements_of(side)
        for folder in folders_of(*wanted):
            section = Path(folder).name
            parts = IN_PARTS.get(section, 1)
            for part in range(parts):
                name = f"{side} pair: {section}{f' {part + 1}/{parts}' if parts > 1 else ''}"
                yield Case(name, side, command, wanted, folders=(folder,), share=(part, parts))


def tried(case: Case, folder: Path) -> Outcome:
    """Runs one trial in this process. Call it in a fork: pytest runs once in a process."""
    began = time.monotonic()
    lied = folder / "lied"
    file = subject_file(case, folder, lied)
    _put(new_floor=SMALL_FLOOR, probed=lambda *_: UNPROBED, publish=lambda *_: None)
    LAUNCH.set(by_fork("features.liars", "features.pair"))
    trial = Trial(case.requirements, case.once, case.sample, case.share, _applies)
    if not (paths := case.folders or folders_of(*case.requirements)):
        return Outcome(case, 0.0)
    own = (f"--subject={file}", f"--report={folder / 'report'}", f"--basetemp={folder / 'tmp'}")
    code = pytest.main([*OPTIONS, *own, *paths], plugins=[trial])
    trouble = "" if code in (0, 1, 2, 5) else f"pytest ended with {code}: {tail(folder)}"
    seconds = time.monotonic() - began
    return Outcome(case, seconds, 0.0, lied.exists(), trial.verdicts, trial.proves, trial.why, trouble)


def _applies(item: pytest.Item) -> bool:
    needed = sorted({mark.args[0] for mark in item.iter_markers("capability")})
    return not item.config.stash[conftest.PLAN].obstacle(conftest.role_of(item), needed)


def _put(**replaced: object) -> None:
    """In the places of what the conftest uses: a trial needs less of a floor, and no report."""
    for name, value in replaced.items():
        assert hasattr(conftest, name), name
        setattr(conftest, name, value)


def subject_file(case: Case, folder: Path, lied: Path) -> Path:
    """The subject file of a trial: the pair's, started by another command. The dead answer nothing later
    either, so that the harness need not wait for them as long."""
    content = yaml.safe_load(PAIR[case.side].read_text("utf-8"))
    content |= {"name": case.name, "start": case.command}
    content["env"] |= {"LIED_FILE": str(lied), "PYTHONPATH": str(ROOT)}
    if not case.once:
        content["timing"] = {"answer_s": PATIENT_S if case.is_pair else USUAL_ANSWER_S * DEAD_S / WITHIN}
    path = folder / "subject.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
