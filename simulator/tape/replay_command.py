"""`smib-lab replay`: a recorded floor again, at its own pace or faster."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from simulator.command_line import broker_uri

DESCRIPTION = """\
Play the messages of a file of `smib-lab record` or `smib-lab fleet --virtual-time` again, to a broker: in
their order, with their pauses. What a message says stays as it was, its times too: devices do not execute
commands that are older than 30 s. Nothing is retained unless --retain says so.

A line that is wrong ends it with the line's number and exit code 1; with --lenient it is skipped and
counted."""

EXAMPLES = """\
examples:
  smib-lab replay evening.ndjson.gz
  smib-lab replay evening.ndjson.gz --speed 10 --only reports       devices' side, ten times as fast
  smib-lab replay day.ndjson.gz --speed max --broker mqtt://192.0.2.7"""

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
FASTEST = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.add_argument("file", type=Path, metavar="FILE", help="the file to play; - = stdin")
    parser.add_argument(
        "--broker",
        type=broker_uri,
        default=DEFAULT_BROKER,
        metavar="URI",
        help=f"the broker, [mqtt|mqtts|ws|wss://][user:password@]host[:port] (default {DEFAULT_BROKER})",
    )
    parser.add_argument(
        "--speed",
        type=speed,
        default=1.0,
        metavar="N|max",
        help="how many times as fast as it was; max: without pauses (default 1)",
    )
    parser.add_argument(
        "--only", choices=("reports", "orders"), metavar="reports|orders", help="one direction, by its topics"
    )
    parser.add_argument("--retain", action="store_true", help="publish retained what was retained")
    parser.add_argument("--lenient", action="store_true", help="skip lines that are wrong, and count them")


def speed(text: str) -> float | None:
    """How many times as fast; None for without pauses."""
    if text == "max":
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= FASTEST:
        raise argparse.ArgumentTypeError(f"a number above 0, or max, was wanted, not {text[:40]!r}")
    return number


def run(args: argparse.Namespace) -> int:
    """Replay to the end, or until told to stop; OnlookerError or TapeError with a sentence."""
    from simulator.interrupt import until_interrupted
    from simulator.tape.replay import Only, Pace, Played, replay
    from simulator.tape.tape import TapeReader

    reader = TapeReader(args.file, lenient=args.lenient)
    only = None if args.only is None else Only(args.only)
    played = Played()
    try:
        asyncio.run(
            until_interrupted(
                replay(reader, args.broker, Pace(args.speed), played, only=only, retain=args.retain)
            )
        )
    finally:
        sys.stderr.write(f"= replay {played} skipped={reader.skipped}\n")
    return 0
