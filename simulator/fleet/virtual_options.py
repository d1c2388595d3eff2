"""The options of a fleet in virtual time, and what goes with what."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulator.command_line import duration, moment

START = "2026-01-01T00:00:00.000Z"
"""The first moment of a floor in virtual time where none is given: always the same, so that its file is."""


def add_virtual_options(parser: argparse.ArgumentParser) -> None:
    """`--virtual-time`, `--duration` and what they take."""
    parser.add_argument(
        "--virtual-time",
        action="store_true",
        help="play the fleet without a broker and without waiting, into a file of messages: the same fleet "
        "and seed give the same file, byte for byte",
    )
    parser.add_argument(
        "--duration", type=duration, metavar="D", help="end after that long: 500ms, 20s, 5m, 24h or 01:00:00"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the new file for --virtual-time: a JSON object a line; "
        "compressed if it ends in .gz; - = stdout",
    )
    parser.add_argument(
        "--start", type=moment, metavar="T", help=f"the first moment of --virtual-time (default {START})"
    )
    parser.add_argument("--mask", action="store_true", help="secrets as *** in the file of --virtual-time")


NOT_VIRTUAL = (
    *("state", "control_port", "ca_file", "patience", "summary_json", "summary_csv", "fail_if"),
    *("processes", "workers", "plain", "ask"),
    *("credentials", "username", "password_file", "cert", "key", "bind_address"),
)
"""What a fleet in virtual time has not."""
ONLY_VIRTUAL = ("out", "start", "mask")


def refuse_odd_options(args: argparse.Namespace) -> None:
    """Wrong use, where options do not go together."""
    if args.virtual_time:
        for name in ("duration", "out"):
            if getattr(args, name) is None:
                args.refuse(f"--virtual-time: --{name} was wanted too")
        _refuse(args, NOT_VIRTUAL, "a fleet in virtual time has none")
        return
    if args.broker is None:
        args.refuse("the following arguments are required: --broker")
    _refuse(args, ONLY_VIRTUAL, "only with --virtual-time")
    if args.workers is not None:
        _refuse(args, ("state", "processes", "control_port"), "a fleet on --workers has none")


def _refuse(args: argparse.Namespace, names: tuple[str, ...], why: str) -> None:
    for name in names:
        given = getattr(args, name)
        if not (given is None or given is False or given == []):
            args.refuse(f"--{name.replace('_', '-')}: {why}")
