"""``scripts/soak``: the suite many times, each time in another order; what was judged differently is told."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.harness.command import DONE, FAILED, NOT_JUDGED, say
from features.harness.errors import RecordError
from features.harness.process import ROOT
from features.harness.record.run import Run, read_run
from features.harness.record.verdict import Verdict

RUNS = 20
SEEDS = 2**31
DESCRIPTION = """\
Runs the scenarios several times, each time in an order of its own, and prints a table of the runs and every
check whose verdict was mixed. What follows -- goes to pytest.
"""
EPILOG = """\
examples:
  scripts/soak                                  20 runs
  scripts/soak --runs 3 -- -k http              three runs of a part
  scripts/soak --seeds 7 8 -- --subject my-cms.yaml

exit codes: 0 every check had one verdict in all runs; 1 some were mixed; 2 a run could not be judged.
"""


@dataclass(frozen=True, slots=True)
class Lap:
    """One run. ``code`` is the exit code of pytest; ``run`` None where there is no record of it."""

    seed: int
    code: int
    run: Run | None

    @property
    def judged(self) -> bool:
        return self.code in (DONE, FAILED) and self.run is not None

    def __str__(self) -> str:
        if self.run is None or self.run.footer is None:
            return f"{self.seed:>10}  exit code {self.code}, without a whole record"
        counts = ", ".join(f"{count} {name}" for name, count in self.run.footer.counts.items() if count)
        return f"{self.seed:>10}  exit code {self.code}  {self.run.footer.seconds:6.1f} s  {counts}"


def mixed(laps: Sequence[Lap]) -> dict[str, list[Verdict | None]]:
    """The checks whose verdict was not one in all laps, with each of them; None where it did not run."""
    runs = [{check.id: check.verdict for check in lap.run.checks} for lap in laps if lap.run is not None]
    ids = dict.fromkeys(one for run in runs for one in run)
    found = {one: [run.get(one) for run in runs] for one in ids}
    return {one: verdicts for one, verdicts in found.items() if len(set(verdicts)) > 1}


def summed_up(laps: Sequence[Lap]) -> Iterator[str]:
    """The end of the report."""
    yield from (str(lap) for lap in laps)
    for one, verdicts in mixed(laps).items():
        yield f"mixed: {one}: {' '.join(verdict.letter if verdict else '-' for verdict in verdicts)}"
    count = len(mixed(laps))
    yield f"{len(laps)} runs, {count or 'no'} mixed verdict{'' if count == 1 else 's'}"


def sections() -> list[str]:
    """The folders of the feature files."""
    return sorted({str(file.parent.relative_to(ROOT)) for file in ROOT.glob("features/*/*.feature")})


def lap(seed: int, folder: Path, options: Sequence[str]) -> Lap:
    """Runs the scenarios once."""
    words = ["-q", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", "--tb=short"]
    argv = [sys.executable, "-m", "pytest", *sections(), *words]
    argv += [f"--randomly-seed={seed}", f"--report={folder}", *options]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pytest.log").open("wb") as log:
        done = subprocess.run(argv, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False)
    try:
        return Lap(seed, done.returncode, read_run(folder))
    except RecordError:
        return Lap(seed, done.returncode, None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; its exit code."""
    options = _parser().parse_args(arguments)
    drawn = (random.randrange(SEEDS) for _ in range(options.runs))
    laps: list[Lap] = []
    try:
        for number, seed in enumerate(options.seeds or drawn, 1):
            laps.append(lap(seed, options.folder / str(number), options.pytest))
            say(f"{number:>3} {laps[-1]}")
    except KeyboardInterrupt:
        say("interrupted")
    say("")
    for line in summed_up(laps):
        say(line)
    if not laps or not all(one.judged for one in laps):
        return NOT_JUDGED
    return FAILED if mixed(laps) else DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--runs", type=int, default=RUNS, metavar="N", help=f"how often (default {RUNS})")
    add("--seeds", type=int, nargs="+", metavar="SEED", help="the orders; without it they are drawn")
    add("--folder", type=Path, default=Path("report/soak"), metavar="DIR", help="where the records go")
    add("pytest", nargs="*", metavar="-- OPTION", help="options of pytest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
