"""`smib-lab fleet summarize`: the reports of a fleet's parts, which ran wherever they did, as one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from simulator.errors import SummaryError
from simulator.fleet.reading import Reading, together
from simulator.fleet.report_options import check_reports, judged

LARGEST_REPORT = 64 * 1024 * 1024


def summarize(files: Sequence[str], args: argparse.Namespace) -> int:
    """Say what the parts were together, write the reports, judge; the exit code. SummaryError for a file that
    is none of `--summary-json`.
    """
    check_reports(args)
    return judged(together(read_report(Path(file)) for file in files), args, was_ready=True)


def read_report(path: Path) -> Reading:
    """The figures that a report holds."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_REPORT)
    except OSError as exc:
        raise SummaryError(f"{path}: a file that can be read was wanted ({exc.strerror}).") from exc
    try:
        return Reading.from_dict(json.loads(text)["reading"])
    except (ValueError, KeyError, TypeError, RecursionError, SummaryError) as exc:
        raise SummaryError(f"{path}: a report of --summary-json was wanted.") from exc
