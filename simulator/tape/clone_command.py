"""`smib-lab clone`: a fleet file that behaves like a floor that was recorded, or that is there now."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.command_line import broker_uri, duration
from simulator.errors import FleetFileError, TapeError

if TYPE_CHECKING:
    from simulator.tape.survey import Survey

DESCRIPTION = """\
Make a fleet file out of a floor's traffic: its relay ids, grouped by firmware and settings, with a profile
for each firmware, and machines that are played as often, with the same bets and bills. From a file of
`smib-lab record`, or from a broker, where each device that speaks is asked its five components.

Left out are secrets and what ties devices to their site: broker, network, credentials."""

EXAMPLES = """\
examples:
  smib-lab clone evening.ndjson.gz --out ours.yaml
  smib-lab clone --broker mqtt://user:password@192.0.2.7 --duration 10m --out ours.yaml

then:
  smib-lab up --fleet ours.yaml"""

LISTEN_MS = 60_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.set_defaults(refuse=parser.error)
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a recording; - = stdin")
    parser.add_argument(
        "--broker",
        type=broker_uri,
        metavar="URI",
        help="look at this broker instead, [mqtt|mqtts|ws|wss://][user:password@]host[:port]",
    )
    parser.add_argument(
        "--duration",
        type=duration,
        default=LISTEN_MS,
        metavar="D",
        help="how long to look at the broker; Ctrl-C ends it before (default 1m)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE.yaml",
        help="the new fleet file; its profiles are put next to it as FILE-profile-1.yaml, ...",
    )
    parser.add_argument("--lenient", action="store_true", help="skip lines that are wrong, and count them")


def run(args: argparse.Namespace) -> int:
    """Clone; TapeError or OnlookerError with a sentence if that can't be done."""
    from simulator.fleet_file.check import summary
    from simulator.fleet_file.fleet_file import load_plan
    from simulator.tape.clone import clone
    from simulator.tape.survey import Survey

    if (args.file is None) == (args.broker is None):
        args.refuse("a FILE or --broker was wanted, one of the two")
    survey = Survey()
    skipped = _read(args, survey) if args.broker is None else _looked(args, survey)
    write(clone(survey, args.out))
    try:
        plan = load_plan(str(args.out))
    except FleetFileError as exc:
        raise TapeError(f"{args.out}: what was cloned is no fleet file:\n{exc}") from exc
    sys.stderr.write(f"= clone {args.out}: {summary(plan)}; skipped={skipped}\n")
    return 0


def _read(args: argparse.Namespace, survey: Survey) -> int:
    """The lines that were skipped."""
    from simulator.tape.tape import TapeReader

    reader = TapeReader(args.file, lenient=args.lenient)
    for message in reader:
        survey.see(message)
    return reader.skipped


def _looked(args: argparse.Namespace, survey: Survey) -> int:
    from simulator.interrupt import until_interrupted
    from simulator.tape.visit import visit

    asyncio.run(until_interrupted(visit(args.broker, survey, args.duration)))
    return 0


def write(files: Mapping[Path, str]) -> None:
    """Write new files, none if one of them is there already; TapeError."""
    for path in files:
        if path.exists():
            raise TapeError(f"--out: {path} is there already; a new file was wanted.")
    for path, text in files.items():
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as exc:
            raise TapeError(f"--out {path}: a file that can be written was wanted ({exc.strerror}).") from exc
