"""`smib-lab watch`: the floor's traffic, one decoded line a message."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys

from simulator.command_line import broker_uri, relay_id
from simulator.traffic.traffic import KINDS, Mark

DESCRIPTION = """\
Show the floor's MQTT traffic, one line a message: time, direction, relay, kind and a summary. Passwords
are shown as ***. Bytes that are no message are described and never shown. Ctrl-C ends it.

  >  to the SMIB       <  from the SMIB       !  malformed, either way

On a terminal a line ends at its edge; in a file or a pipe it is whole. A broker that goes away is tried
again, with a note on stderr; what is sent meanwhile is not seen."""

EXAMPLES = """\
examples:
  smib-lab watch                                     everything on the lab's broker
  smib-lab watch --relay e831cdfa8384                one device
  smib-lab watch --kind update --kind answer         what is ordered, and what is confirmed
  smib-lab watch --broker mqtt://user:pass@192.0.2.7:1883 --kind malformed
  smib-lab watch --json | jq 'select(.kind == "event") | .message'"""

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = f"{kinds_table()}\n\n{EXAMPLES}"
    parser.add_argument(
        "--broker",
        type=broker_uri,
        default=DEFAULT_BROKER,
        metavar="URI",
        help=f"the broker, [mqtt|mqtts|ws|wss://][user:password@]host[:port] (default {DEFAULT_BROKER})",
    )
    parser.add_argument(
        "--relay",
        type=relay_id,
        action="append",
        default=[],
        metavar="ID",
        help="only this device; give it again for more",
    )
    parser.add_argument(
        "--kind",
        choices=tuple(KINDS),
        action="append",
        default=[],
        metavar="KIND",
        help="only this kind, one of those below; give it again for more",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")


def run(args: argparse.Namespace) -> int:
    """Watch until told to stop; OnlookerError with a sentence if the broker can't be reached."""
    from simulator.interrupt import until_interrupted
    from simulator.traffic.watch import Selection, Style, standard_output, watch

    out = standard_output()
    terminal = out.isatty()
    style = Style(
        as_json=args.json,
        colour=terminal and "NO_COLOR" not in os.environ,
        width=_columns if terminal else lambda: None,
    )
    selection = Selection(frozenset(args.relay), frozenset(args.kind))
    asyncio.run(until_interrupted(watch(args.broker, selection, style, out, sys.stderr)))
    return 0


def kinds_table() -> str:
    """The kinds, made from the table that decodes by them."""
    headings: dict[Mark, str] = {">": "to the SMIB", "<": "from the SMIB", "!": "malformed"}
    tables = (
        "\n".join(
            (
                f"kinds, {heading}:",
                *(f"  {kind.name:<10} {kind.meaning}" for kind in KINDS.values() if kind.mark == mark),
            )
        )
        for mark, heading in headings.items()
    )
    return "\n\n".join(tables)


def _columns() -> int:
    return shutil.get_terminal_size().columns
