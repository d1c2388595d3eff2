"""The run in a page of Markdown, for the summary of a CI job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from features.harness.record.ruling import RuledCheck, Ruling
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict

MOST = 40
"""Checks that a list names; such a summary has a limit of size."""

LONGEST = 200
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#!|~&@$])")


def summary(run: Run, ruling: Ruling) -> str:
    """Verdict, counts, what failed and what could not be judged."""
    lines = [f"## {_text(run.subjects)}: {ruling.word}", ""]
    lines += [f"- {_text(reason)}" for reason in ruling.reasons]
    lines += ["", *_counts(ruling)]
    failed = [check for check in ruling.checks if check.verdict is Verdict.FAIL]
    lines += _table("Failed", [check for check in failed if not check.known])
    lines += _table("Errors", [check for check in ruling.checks if check.verdict is Verdict.ERROR])
    lines += _table("Failed as known", [check for check in failed if check.known])
    lines += _table("Non-strict", [check for check in ruling.checks if check.verdict is Verdict.NON_STRICT])
    for verdict in (Verdict.UNTESTABLE, Verdict.NOT_APPLICABLE):
        lines += _reasons(verdict, ruling)
    return "\n".join([*lines, ""])


def _counts(ruling: Ruling) -> list[str]:
    requirements = Counter(one.verdict for one in ruling.requirements)
    names = [verdict.value for verdict in Verdict]
    return [
        f"| | {' | '.join(names)} | not checked |",
        f"|---|{'---:|' * (len(names) + 1)}",
        f"| checks | {' | '.join(str(ruling.counts[name]) for name in names)} | |",
        f"| requirements | {' | '.join(str(requirements[verdict]) for verdict in Verdict)} "
        f"| {requirements[None]} |",
    ]


def _table(title: str, checks: Sequence[RuledCheck]) -> Iterator[str]:
    if not checks:
        return
    yield from ("", f"### {title}", "", "| requirements | check | reason |", "|---|---|---|")
    for ruled in checks[:MOST]:
        cells = (" ".join(ruled.decisive), ruled.check.title, ruled.reason)
        yield f"| {' | '.join(map(_text, cells))} |"
    if len(checks) > MOST:
        yield from ("", f"and {len(checks) - MOST} more")


def _reasons(verdict: Verdict, ruling: Ruling) -> Iterator[str]:
    counted = Counter(check.check.reason for check in ruling.checks if check.verdict is verdict)
    if not counted:
        return
    yield from ("", f"### {verdict.value.capitalize()}", "")
    for reason, count in counted.most_common(MOST):
        yield f"- {count} × {_text(reason)}"


def _text(value: str) -> str:
    """One line that Markdown and HTML leave as it is."""
    line = " ".join(value.split())
    cut = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
    plain = cut.encode("utf-8", "backslashreplace").decode("utf-8")
    return _SPECIAL.sub(r"\\\1", plain)
