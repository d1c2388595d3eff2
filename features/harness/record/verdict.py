"""The six verdicts on a check, and which of several is the worst."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Verdict(enum.StrEnum):
    """``NON_STRICT`` is an accepted other reading, or a should that is not met. ``NOT_APPLICABLE``: the
    subject does not claim what the check needs; ``UNTESTABLE``: the run lacks it. ``ERROR``: the harness,
    the set-up or the environment, never the subject."""

    PASS = "pass"
    NON_STRICT = "non-strict"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    UNTESTABLE = "untestable"
    ERROR = "error"

    @property
    def letter(self) -> str:
        return _LETTERS[self]

    @property
    def judges(self) -> bool:
        """Whether it says something about the subject."""
        return self in (Verdict.PASS, Verdict.NON_STRICT, Verdict.FAIL)


_LETTERS = {
    Verdict.PASS: "P",
    Verdict.NON_STRICT: "N",
    Verdict.FAIL: "F",
    Verdict.NOT_APPLICABLE: "A",
    Verdict.UNTESTABLE: "U",
    Verdict.ERROR: "E",
}

WORST_FIRST = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.NON_STRICT,
    Verdict.PASS,
    Verdict.UNTESTABLE,
    Verdict.NOT_APPLICABLE,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The one that decides; None of none. A pass outweighs what could not be judged."""
    found = set(verdicts)
    return next((verdict for verdict in WORST_FIRST if verdict in found), None)
