"""`smib-lab record`: the floor's traffic into a file."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.command_line import broker_uri, count, duration, size

if TYPE_CHECKING:
    from simulator.tape.roll import Rolling

DESCRIPTION = """\
Keep the floor's MQTT traffic, both directions, in a file: one JSON object a line with time, topic, QoS,
retain flag and payload, exactly as it came. Ctrl-C ends it; a broker that goes away is tried again.

The file may hold passwords, as the traffic does, and is made for its owner only. With --mask it holds none:
secrets are ***, and so are payloads that nobody can read."""

EXAMPLES = """\
examples:
  smib-lab record --out evening.ndjson.gz
  smib-lab record --broker mqtt://user:password@192.0.2.7 --mask --duration 1h --out hour.ndjson
  smib-lab record --mask --roll-every 1h --keep 24 --out floor.ndjson.gz    the last day, an hour a file
  smib-lab record --out - | grep JACKPOT_HIT

then:
  smib-lab replay evening.ndjson.gz --speed 10
  smib-lab clone evening.ndjson.gz --out ours.yaml"""

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--broker",
        type=broker_uri,
        default=DEFAULT_BROKER,
        metavar="URI",
        help=f"the broker, [mqtt|mqtts|ws|wss://][user:password@]host[:port] (default {DEFAULT_BROKER})",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the new file, compressed if it ends in .gz; - = stdout",
    )
    parser.add_argument("--mask", action="store_true", help="secrets as ***")
    parser.add_argument(
        "--roll-at", type=size, metavar="SIZE", help="begin another file after so much, as 100MB: FILE-0001 …"
    )
    parser.add_argument("--roll-every", type=duration, metavar="D", help="begin another file after that long")
    parser.add_argument(
        "--keep", type=count, metavar="N", help="remove the oldest of more than so many files (default: none)"
    )
    parser.set_defaults(refuse=parser.error)
    parser.add_argument(
        "--duration", type=duration, metavar="D", help="end after that long: 20s, 5m, 1h (default: at Ctrl-C)"
    )


def run(args: argparse.Namespace) -> int:
    """Record until told to stop; OnlookerError or TapeError with a sentence if that can't be."""
    rolling = _rolling(args)
    from simulator.interrupt import until_interrupted
    from simulator.tape.recorder import record
    from simulator.tape.roll import TapeRoll
    from simulator.tape.tape import STDOUT, TapeWriter
    from simulator.traffic.terminal import printable
    from wire.topics import Topics

    ready_to = sys.stderr if args.out == STDOUT else sys.stdout
    was_ready = False

    def link(trouble: str | None) -> None:
        nonlocal was_ready
        if trouble is not None:
            _say(f"! record {printable(trouble)}; trying again")
        elif was_ready:
            _say(f"= record connected again broker={args.broker}")
        else:
            was_ready = True
            print(f"ready record broker={args.broker} out={args.out}", file=ready_to, flush=True)

    async def recorded(tape: TapeWriter | TapeRoll) -> None:
        try:
            async with asyncio.timeout(None if args.duration is None else args.duration / 1000):
                await record(args.broker, tape, Topics(), link, _say)
        except TimeoutError:
            return

    whole = TapeWriter(args.out, mask=args.mask)
    with whole if rolling is None else TapeRoll(args.out, rolling, _say, mask=args.mask) as tape:
        asyncio.run(until_interrupted(recorded(tape)))
    _say(f"= record ended messages={tape.written}")
    return 0


def _rolling(args: argparse.Namespace) -> Rolling | None:
    """How the recording is split; None for one file."""
    if args.roll_at is None and args.roll_every is None:
        if args.keep is not None:
            args.refuse("--keep: --roll-at or --roll-every was wanted too")
        return None
    if str(args.out) == "-":
        args.refuse("--out -: a file was wanted, because the recording is to be split")
    from simulator.tape.roll import Rolling

    return Rolling(args.roll_at, args.roll_every, args.keep)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
