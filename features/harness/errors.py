"""What can go wrong in a run.

HarnessError
├── SubjectFailed     the subject's or the environment's fault: it did not start, did not end or died
├── Missing           the subject's fault: what it owed did not come in time (an AssertionError)
├── Unexpected        the subject's fault: something came that must not (an AssertionError)
├── PoolEmpty         the harness's fault: more scenarios want a fresh cabinet than were made
├── LintError         the author's fault: a feature file that would pass without proving anything
├── CatalogueError    the author's fault: the requirement catalogue contradicts itself or the features
├── SubjectFileError  the operator's fault: a subject file, or an option that names subjects, can't be
├── UnknownLiar       the operator's fault: the self-test was told a name that no liar has
├── Untestable        nobody's fault: this run lacks what the scenario needs
└── RecordError       the file's fault: a run record or a list of known failures can't be read or written
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class HarnessError(Exception):
    """Anything that the harness raises by itself."""


class SubjectFailed(HarnessError):
    """A process under test did not do what its command line promises. Carries the end of its log."""

    def __init__(self, name: str, sentence: str, log: Sequence[str] = ()) -> None:
        tail = "".join(f"\n    {line}" for line in log[-20:])
        super().__init__(f"{name}: {sentence}{tail}")
        self.name = name


class Missing(HarnessError, AssertionError):
    """``wanted`` did not happen within ``seconds``; ``seen`` is what happened instead."""

    def __init__(self, wanted: str, seconds: float, seen: Sequence[str]) -> None:
        instead = "".join(f"\n    {line}" for line in seen[-20:]) or " nothing"
        super().__init__(f"{wanted} was wanted within {seconds:g} s; instead came:{instead}")
        self.wanted = wanted
        self.seen = tuple(seen)


class Unexpected(HarnessError, AssertionError):
    """``seen`` came although ``unwanted`` must not happen."""

    def __init__(self, unwanted: str, seen: Sequence[str]) -> None:
        came = "".join(f"\n    {line}" for line in seen[:20])
        super().__init__(f"{unwanted} must not happen, but there came:{came}")
        self.unwanted = unwanted
        self.seen = tuple(seen)


class PoolEmpty(HarnessError):
    """The pool ``name`` of ``size`` fresh cabinets is used up."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(
            f"pool {name}: all {size} cabinets are used; make more of them in features/harness/floor.py"
        )


class LintError(HarnessError):
    """Every problem found in the linted feature files, each as ``file:line: sentence``."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n" + "\n".join(problems))
        self.problems = tuple(problems)


class CatalogueError(HarnessError):
    """Every problem found in the requirement catalogue."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n" + "\n".join(problems))
        self.problems = tuple(problems)


class SubjectFileError(HarnessError):
    """Every problem of a subject file, as line (0: none), field and sentence."""

    def __init__(self, path: Path | str, problems: Sequence[tuple[int, str, str]]) -> None:
        lines = [
            ": ".join(filter(None, (f"{path}:{line}" if line else str(path), name, sentence)))
            for line, name, sentence in problems
        ]
        super().__init__("\n".join(lines))
        self.problems = tuple(problems)


class UnknownLiar(HarnessError):
    """``names`` that are no liar's."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"there is no liar {', '.join(names)}; `smib-conform selftest --list` names them")
        self.names = tuple(names)


class Untestable(HarnessError):
    """What the scenario needs and this run lacks, as a sentence."""


class RecordError(HarnessError):
    """A run record, a line of one or a list of known failures is not what it should be; one sentence."""
