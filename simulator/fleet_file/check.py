"""`smib-lab fleet check` and `smib-lab fleet schema`: what is said of fleet files without running them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TextIO

from simulator.errors import FileProblem, FleetFileError, FleetPlanError
from simulator.fleet.plan import FleetPlan
from simulator.fleet_file.fleet_file import load_plan
from simulator.fleet_file.schema import schema_text

CHECK, SCHEMA = "check", "schema"


def say(words: Sequence[str], args: argparse.Namespace, out: TextIO) -> None:
    """What the words behind `smib-lab fleet` ask for; FleetFileError with everything wrong in all files."""
    if words[0] == SCHEMA:
        out.write(schema_text())
    else:
        check(words[1:], args, out)


def understood(words: Sequence[str]) -> bool:
    """Whether `say` can do what the words ask for."""
    return list(words) == [SCHEMA] or (words[0] == CHECK and len(words) > 1)


def check(files: Sequence[str], args: argparse.Namespace, out: TextIO) -> None:
    """A line for each file that is right; all problems of all others, at the end."""
    problems: list[FileProblem] = []
    for file in files:
        try:
            plan = load_plan(file, count=args.count, seed=args.seed)
        except FleetFileError as exc:
            problems += exc.problems
        except FleetPlanError as exc:
            problems.append(FileProblem(file, None, "groups", str(exc)))
        else:
            out.write(f"{file}: {summary(plan)}\n")
    if problems:
        raise FleetFileError(tuple(problems))


def summary(plan: FleetPlan) -> str:
    """A plan in a line."""
    sick = sum(group.count for group in plan.groups if group.faults)
    locations = {group.location for group in plan.groups}
    parts = (
        _counted(plan.count, "device"),
        _counted(len(plan.groups), "group"),
        _counted(len(locations), "location"),
        _counted(len(plan.networks), "network"),
        f"{sick} with faults" if sick else "",
        f"{len(plan.schedule)} on the schedule" if plan.schedule else "",
    )
    return ", ".join(part for part in parts if part)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
