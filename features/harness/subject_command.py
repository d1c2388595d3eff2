"""``smib-conform check`` and ``smib-conform try``."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from features.harness.catalogue import read_catalogue
from features.harness.command import DONE, FAILED, Command, say
from features.harness.evidence.timeline import Timeline
from features.harness.plan import ENGINES, Choice, planned
from features.harness.process import ROOT
from features.harness.subject import CAPABILITIES, Subject, filled
from features.harness.subject_file import read_subject
from features.harness.tryout import Tryout

SHOWN = 30

CHECK_TEXT = """\
Judges a subject file without starting anything: every problem at once, with its line and field; then what
the file says, and what a run could not do with it.
"""
CHECK_EXAMPLES = """\
examples:
  smib-conform check fixtures/subjects/our-cms.yaml
  smib-conform check my-cms.yaml && pytest features --subject my-cms.yaml

exit codes: 0 it can be used; 1 what it would start is not on this machine; 2 it is refused.
"""
TRY_TEXT = """\
Tries a subject for some seconds: starts it, or joins what runs already, over a broker and a tap of the
harness; asks for one answer, opens one stream, and says what it saw.
"""
TRY_EXAMPLES = """\
examples:
  smib-conform try fixtures/subjects/pair-cms.yaml
  smib-conform try my-running-smib.yaml --broker-port 1883
      the SMIB was told to connect to port 1883 of this machine

exit codes: 0 it did all of that; 1 it did not, and what it did instead is shown; 2 it could not be tried.
"""


def _describe_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the subject file")


def _check(options: argparse.Namespace) -> int:
    subject = read_subject(options.file)
    for line in described(subject):
        say(line)
    program = shlex.split(filled(subject.start, {"python": "python3"}))[:1]
    if program and not _is_there(program[0], subject):
        say(f"start: {program[0]!r} is no program on this machine")
        return FAILED
    return DONE


def _is_there(program: str, subject: Subject) -> bool:
    return shutil.which(program) is not None or (Path(subject.folder or ROOT) / program).exists()


def described(subject: Subject) -> Iterator[str]:
    """What the file says, and what follows for a run."""
    place = subject.address or "as many as a run needs"
    yield f"{subject.name}: a {subject.role}, {place}"
    if subject.is_started:
        yield f"  it is started with: {subject.start}"
    else:
        yield "  it runs already: it is never killed, and scenarios that start or kill one are untestable"
    roles = Counter(one.role for one in read_catalogue().requirements)
    yield f"  {roles[subject.role]} requirements are its own, {roles['system']} are of both sides together"
    yield f"  it claims {', '.join(subject.capabilities)}"
    left = [name for name in CAPABILITIES if name not in subject.capabilities]
    yield f"  not applicable is what needs {', '.join(left)}"
    if subject.is_started and subject.role == "cms" and not subject.asks_for("host"):
        yield "  untestable is how it listens beyond this machine: it is not told {host}"
    yield f"  deadlines are {subject.timing.pace:g} times the usual ones"


def _describe_try(parser: argparse.ArgumentParser) -> None:
    _describe_check(parser)
    parser.add_argument("--broker-port", metavar="N", type=int, help="where what runs already connects to")
    parser.add_argument("--broker-uri", metavar="URI", default="", help="an external broker")
    parser.add_argument("--broker-engine", choices=ENGINES, default=ENGINES[0], help="which one is started")


def _try(options: argparse.Namespace) -> int:
    choice = Choice(
        [str(options.file)],
        broker_port=options.broker_port,
        broker_uri=options.broker_uri,
        engine=options.broker_engine,
    )
    plan = planned(choice)
    timeline = Timeline(pace=plan.pace)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="smib-conform-") as folder:
        found = Tryout(plan, Path(folder), timeline).found()
        try:
            with contextlib.closing(found):  # an interrupt ends what was started before the folder goes
                for sentence in found:
                    say(timeline.secrets.text(sentence))
        except AssertionError as exc:
            say(timeline.secrets.text(f"but then: {exc}"))
            for line in timeline.lines(limit=SHOWN):
                say(f"  {line}")
            return FAILED
    words = shlex.join(choice.words)
    say(f"it can be judged, tried in {time.monotonic() - began:.1f} s: pytest features {words}")
    return DONE


CHECK = Command("check", "judge a subject file offline", CHECK_TEXT, CHECK_EXAMPLES, _describe_check, _check)
TRY = Command("try", "try a subject for some seconds", TRY_TEXT, TRY_EXAMPLES, _describe_try, _try)
