"""`smib-lab profile`: what a firmware version is like, recorded from a device that runs it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from simulator.command_line import broker_uri, relay_id
from simulator.errors import RecordError

DESCRIPTION = """\
Record a firmware profile: ask a device its five components, and write down what its firmware has, lacks and
does by default. A group of a fleet file with `profile: FILE` is made of such boards.

Left out are secrets and what ties the device to its site: broker, network, credentials. Nothing is changed on
the device."""

EXAMPLES = """\
examples:
  smib-lab profile record --broker mqtt://192.0.2.7 --relay e831cdfa8384
  smib-lab profile record --broker mqtt://user:password@192.0.2.7 --relay e831cdfa8384 --out ours.yaml

then, in a fleet file:
  groups:
    - {name: like-ours, count: 50, profile: ours.yaml}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.add_argument(
        "what", choices=("record",), metavar="record", help="ask a device, and write its profile"
    )
    parser.add_argument(
        "--broker",
        type=broker_uri,
        required=True,
        metavar="URI",
        help="where the device is connected, [mqtt|mqtts|ws|wss://][user:password@]host[:port]",
    )
    parser.add_argument("--relay", type=relay_id, required=True, metavar="ID", help="the device's relay id")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to write; it must not be there (default: stdout)"
    )


def run(args: argparse.Namespace) -> int:
    """Record; OnlookerError or RecordError with a sentence if it can't be done."""
    from simulator.firmware.recording import profile_text, record
    from simulator.interrupt import until_interrupted
    from wire.topics import Topics

    if args.out is not None and args.out.exists():
        raise RecordError(f"--out {args.out}: it is there already; a new file was wanted.")
    texts: list[str] = []

    async def recorded() -> None:
        texts.append(profile_text(await record(args.broker, args.relay, Topics())))

    asyncio.run(until_interrupted(recorded()))
    for text in texts:
        _write(args.out, text)
    return 0


def _write(out: Path | None, text: str) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as exc:
        raise RecordError(f"--out {out}: a file that can be written was wanted ({exc.strerror}).") from exc
