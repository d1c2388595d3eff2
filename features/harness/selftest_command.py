"""``smib-conform selftest``."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from features.harness.command import Command, say
from features.harness.errors import UnknownLiar, Untestable
from features.harness.score import Case, Score

AT_ONCE = 20
"""Trials at once: two cores, and most of a trial is waiting."""

TEXT = """\
Proves the harness by liars: small wrong subjects, each of which must turn its requirement red. The second
conforming pair is judged first and must be green; a liar is killed only if a check of its requirement says
fail and its fault was really exercised; subjects that are dead earn no pass of a must.
"""
EXAMPLES = """\
examples:
  smib-conform selftest
  smib-conform selftest toggles never-beats --why
      these two alone, and what convicted them
  smib-conform selftest --list

exit codes: 0 every liar that was ever killed is killed; 1 one lives, the pair was accused, or a dead subject
earned a pass; 2 it could not be judged.
"""


def _describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="LIAR", help="liars to try alone, without the pair")
    parser.add_argument("-n", type=int, default=AT_ONCE, metavar="N", help=f"trials at once ({AT_ONCE})")
    parser.add_argument("--why", action="store_true", help="what convicted each")
    parser.add_argument("--list", action="store_true", help="every liar, what it breaks and how")


def _run(options: argparse.Namespace) -> int:
    try:
        from features.harness import selftest  # a second of libraries: --help does without
        from features.liars.catalogue import read_liars
    except ImportError as exc:
        raise Untestable(f"the liars need the project's development tools: {exc}") from exc
    liars = read_liars()
    if unknown := [name for name in options.names if name not in liars]:
        raise UnknownLiar(unknown)
    if options.list:
        for entry in liars.values():
            say(f"{entry.name:<28} {entry.side:<5} {entry.requirement:<9} {entry.sentence}")
        return 0
    chosen = [selftest.liar_case(liars[name]) for name in options.names]
    known = selftest.KILLED_ONCE.read_text("utf-8").split()
    score = judged(chosen or [*selftest.pair_cases(), *selftest.liar_cases()], options, known)
    for line in (*score.lines(), *score.faults(), *score.doubts()):
        say(line)
    return score.code


def judged(cases: Sequence[Case], options: argparse.Namespace, killed_once: Sequence[str]) -> Score:
    """Tries them all, a line each as they end. No kill counts where the pair is not green: then it stops."""
    from features.harness.selftest import scenarios_by_requirement, tried
    from features.harness.trials import forked, warmed

    score = Score(killed_once=killed_once)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="selftest-") as folder:
        warmed(sorted({path for paths in scenarios_by_requirement().values() for path in paths}))
        for outcome in forked(cases, options.n, Path(folder), tried):
            score.outcomes.append(outcome)
            say(f"{outcome.seconds:5.1f} s {outcome.cpu:5.2f} s CPU  {outcome.case.name:<28} {outcome.word}")
            for name, why in outcome.why.items() if options.why else ():
                say(f"    {name}: {why}")
            if score.is_reference_red:
                break
    score.seconds = time.monotonic() - began
    return score


SELFTEST = Command("selftest", "prove the harness by liars", TEXT, EXAMPLES, _describe, _run)
