"""The options by which a fleet's run is summed up and judged, and what becomes of it at the end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.command_line import rate
from simulator.device.link import Refusal
from simulator.errors import SummaryError
from simulator.fleet.reading import Reading
from simulator.fleet.summary import Summary, write_report
from simulator.fleet.threshold import Threshold, threshold

CURES = {
    Refusal.LOST: "the broker ended the connections of the others at once, as one does at its limit: a "
    "higher one (max_connections of Mosquitto, its ulimit -n) was wanted",
    Refusal.REFUSED: "the broker refused the others: user names and passwords that it knows were wanted",
    Refusal.TIMED_OUT: "the broker did not answer the others in time: fewer devices, or a slower arrival, "
    "were wanted",
}
"""What is wrong where a broker takes some devices and not all, by what it says to them."""
REPORTS = ("summary_json", "summary_csv")


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """`--ask`, `--summary-json`, `--summary-csv` and `--fail-if`."""
    parser.add_argument(
        "--ask",
        type=rate,
        metavar="N/s",
        help="ask the devices for their configuration, one after the other, so many times a second, and time "
        "the answers through the broker",
    )
    parser.add_argument(
        "--summary-json",
        type=Path,
        metavar="FILE",
        help="write the figures of the run to this file at the end",
    )
    parser.add_argument("--summary-csv", type=Path, metavar="FILE", help="the same as CSV")
    parser.add_argument(
        "--fail-if",
        type=_expression,
        action="append",
        default=[],
        metavar="EXPR",
        help="exit with 1 if that is so at the end: 'p99>200ms', 'subscribed<100%%', 'errors>0', "
        "'sent<50/s'; give it again for more",
    )


def check_reports(args: argparse.Namespace) -> None:
    """SummaryError before anything runs, where a report could not be written after hours."""
    for name in REPORTS:
        path = getattr(args, name)
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            option = f"--{name.replace('_', '-')}"
            raise SummaryError(f"{option} {path}: a file in a folder that is there was wanted.")


def judged(reading: Reading, args: argparse.Namespace, *, was_ready: bool) -> int:
    """Say the figures on stderr, write the reports; the exit code."""
    summary = Summary(reading)
    thresholds: Sequence[Threshold] = args.fail_if
    sys.stderr.write(summary.text())
    if args.summary_json is not None:
        verdicts = [one.verdict(summary) for one in thresholds]
        write_report("--summary-json", args.summary_json, summary.json(verdicts))
    if args.summary_csv is not None:
        write_report("--summary-csv", args.summary_csv, summary.csv())
    reasons = [one.sentence(summary) for one in thresholds if one.failed(summary)]
    if reading.missing and (was_ready or args.duration is not None):
        reasons.append(f"the fleet is short: {shortage(reading)}.")
    if not summary.rates_stand:
        if args.duration is None and not thresholds:  # nobody is to be told a rate
            sys.stderr.write(f"! {summary.excuse}\n")
        else:
            reasons.append(summary.excuse)
    for reason in reasons:
        sys.stderr.write(f"smib-lab: {reason}\n")
    return 1 if reasons else 0


def shortage(reading: Reading) -> str:
    """How many are there of a fleet that is short, and the cure, where the brokers' refusals tell of one."""
    there = reading.devices - reading.missing
    told = f"{there} of {reading.devices} devices came to be subscribed"
    for reason, cure in CURES.items():
        if there and reading.errors[f"refused: {reason}"] >= reading.missing:
            return f"{told}; {cure}"
    return told


def _expression(text: str) -> Threshold:
    try:
        return threshold(text)
    except SummaryError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
