"""``smib-conform report`` and ``smib-conform compare``."""

from __future__ import annotations

import argparse
from pathlib import Path

from features.harness.catalogue import read_catalogue
from features.harness.command import DONE, FAILED, NOT_JUDGED, Command, say
from features.harness.record.known import read_known
from features.harness.record.ruling import ruled
from features.harness.record.run import read_run
from features.harness.report.comparison import as_text, columns, progress, rows
from features.harness.report.publication import JUNIT, PAGE, SUMMARY, publish

REPORT_TEXT = """\
Rules on a recorded run and writes what can be read of it: report.html (one page that stands alone),
junit.xml and summary.md. Nothing is run again: the levels come from the requirement catalogue, everything
else from the record. A record that is cut short or damaged is read as far as it goes.
"""

REPORT_EXAMPLES = """\
examples:
  smib-conform report report/run.ndjson
      writes report/report.html and its neighbours, and prints the verdict
  smib-conform report report --strict --out /srv/www/floor
      the same run, judged strictly (non-strict counts as failed), into another folder
  smib-conform report report --known their-tickets.yaml
      with the failures that the list names expected; one that is gone is red

a list of known failures:
  known_failures:
    - {requirement: ROUTE-3, reason: "their ticket 812", date: 2026-11-02}
    - {requirement: CFG-4, scenario: "An update changes one field", reason: "...", date: 2026-11-02}

exit codes: 0 conformant; 1 a must failed, or a known failure no longer fails; 2 it can't be judged (an error,
a record that is incomplete or can't be read, nothing that ran).
"""

COMPARE_TEXT = """\
Puts several runs side by side: a row for each requirement, a letter for each run. Of runs of one subject,
given in the order in which they were made, it says what changed from each to the next.
"""

COMPARE_EXAMPLES = """\
examples:
  smib-conform compare ours/run.ndjson theirs/run.ndjson
      two subjects, every requirement
  smib-conform compare --differing monday/ tuesday/
      only where they differ; of the same subject also which requirements and scenarios changed

exit codes: 0 compared, nothing got worse; 1 a requirement is worse in a later run of the same subject, or
is no longer proven; 2 a record can't be read or is incomplete.
"""


def _describe_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("record", metavar="FILE", type=Path, help="the record, or the folder that holds it")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="where to write; beside the record by default"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        default=None,
        help="non-strict counts as failed; as the run says by default",
    )
    parser.add_argument(
        "--known", metavar="FILE", type=Path, help="known failures, in place of the run's own"
    )


def _report(options: argparse.Namespace) -> int:
    record: Path = options.record
    known = read_known(options.known) if options.known else None
    run = read_run(record)
    ruling = ruled(run, read_catalogue(), known, strict=options.strict)
    folder: Path = options.out or (record if record.is_dir() else record.parent)
    publish(run, ruling, folder)
    say(f"{run.subjects}: {ruling.word}")
    for reason in ruling.reasons:
        say(f"  {reason}")
    say(f"{folder / PAGE}, {JUNIT}, {SUMMARY}")
    return ruling.code


def _describe_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "records", metavar="FILE", type=Path, nargs="+", help="records, or folders that hold one"
    )
    parser.add_argument("--differing", action="store_true", help="only the requirements in which they differ")


def _compare(options: argparse.Namespace) -> int:
    catalogue = read_catalogue()
    runs = [(str(path), read_run(path)) for path in options.records]
    shown = columns((file, run, ruled(run, catalogue)) for file, run in runs)
    table = [row for row in rows(shown) if row.differs or not options.differing]
    made = progress(shown)
    say(as_text(shown, table, made).rstrip())
    trouble = [f"{column.label}: {what}" for column in shown for what in column.run.trouble]
    for sentence in trouble:
        say(sentence)
    if trouble:
        return NOT_JUDGED
    return FAILED if any(one.worse for one in made) else DONE


REPORT = Command(
    "report",
    "rule on a recorded run and write its reports",
    REPORT_TEXT,
    REPORT_EXAMPLES,
    _describe_report,
    _report,
)
COMPARE = Command(
    "compare", "put several runs side by side", COMPARE_TEXT, COMPARE_EXAMPLES, _describe_compare, _compare
)
