"""Several runs side by side: subjects by requirement, and what changed between two runs of one subject."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from features.harness.record.ruling import Ruling
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict

UNCHECKED = "-"
WORSE, BETTER, OTHER = "worse", "better", "changed"
_ORDER = {Verdict.PASS: 0, Verdict.NON_STRICT: 1, Verdict.FAIL: 2}


@dataclass(frozen=True, slots=True)
class Column:
    """One run. ``label`` is a letter or two, ``file`` where its record stands."""

    label: str
    file: str
    run: Run
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Row:
    """``letters`` of each column for one requirement; ``-`` where nothing checked it."""

    requirement: str
    level: str
    sentence: str
    letters: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.letters)) > 1


@dataclass(frozen=True, slots=True)
class Change:
    """``what`` is a requirement or a check; None means that it was not there, or not checked."""

    what: str
    before: Verdict | None
    after: Verdict | None

    @property
    def kind(self) -> str:
        """``worse`` too where what was proven is proven no more."""
        if self.before in _ORDER and self.after in _ORDER:
            return WORSE if _ORDER[self.after] > _ORDER[self.before] else BETTER
        if self.after is Verdict.FAIL or self.before in (Verdict.PASS, Verdict.NON_STRICT):
            return WORSE
        return BETTER if self.after is Verdict.PASS else OTHER

    def __str__(self) -> str:
        before, after = (verdict.value if verdict else "not checked" for verdict in (self.before, self.after))
        return f"{self.what}: {before}, then {after}"


@dataclass(frozen=True, slots=True)
class Progress:
    """What changed from one run of a subject to another."""

    before: Column
    after: Column
    requirements: tuple[Change, ...]
    checks: tuple[Change, ...]

    @property
    def worse(self) -> bool:
        return any(change.kind == WORSE for change in self.requirements)


def columns(runs: Iterable[tuple[str, Run, Ruling]]) -> list[Column]:
    """``runs`` as file, run and ruling, in the order in which they were made."""
    return [Column(_label(at), *one) for at, one in enumerate(runs)]


def rows(shown: Sequence[Column]) -> list[Row]:
    """A row for each requirement that any of the rulings knows."""
    tables = [{one.id: one for one in column.ruling.requirements} for column in shown]
    found: list[Row] = []
    for name in dict.fromkeys(itertools.chain.from_iterable(tables)):
        ruled = [table.get(name) for table in tables]
        known = next((one.requirement for one in ruled if one and one.requirement), None)
        letters = tuple(one.verdict.letter if one and one.verdict else UNCHECKED for one in ruled)
        level, sentence = (known.level, known.sentence) if known else ("?", "in no catalogue")
        found.append(Row(name, level, sentence, letters))
    return found


def progress(shown: Sequence[Column]) -> list[Progress]:
    """For each subject that has several runs, each run against the one before."""
    found: list[Progress] = []
    for name in dict.fromkeys(column.run.subjects for column in shown):
        own = [column for column in shown if column.run.subjects == name]
        found += [_progress(before, after) for before, after in itertools.pairwise(own)]
    return found


def _progress(before: Column, after: Column) -> Progress:
    return Progress(
        before,
        after,
        tuple(_changes(*(_requirements(column.ruling) for column in (before, after)))),
        tuple(_changes(*(_checks(column.ruling) for column in (before, after)))),
    )


def _requirements(ruling: Ruling) -> dict[str, Verdict | None]:
    return {one.id: one.verdict for one in ruling.requirements}


def _checks(ruling: Ruling) -> dict[str, Verdict | None]:
    return {one.check.id: one.verdict for one in ruling.checks}


def _changes(before: dict[str, Verdict | None], after: dict[str, Verdict | None]) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        change = Change(name, before.get(name), after.get(name))
        if change.before is not change.after:
            yield change


def _label(at: int) -> str:
    first, second = divmod(at, 26)
    return (chr(64 + first) if first else "") + chr(65 + second)


def as_text(shown: Sequence[Column], table: Sequence[Row], made: Sequence[Progress]) -> str:
    """For a terminal."""
    lines = [_legend(column) for column in shown]
    width = max((len(row.requirement) for row in table), default=0)
    lines += ["", f"{'':<{width}}  {'':<6}  {'  '.join(f'{column.label:<2}' for column in shown)}"]
    for row in table:
        letters = "  ".join(f"{letter:<2}" for letter in row.letters)
        lines.append(f"{row.requirement:<{width}}  {row.level:<6}  {letters}  {row.sentence}")
    lines += ["", LETTERS]
    for one in made:
        lines += ["", f"{one.before.run.subjects}, from {one.before.label} to {one.after.label}:"]
        lines += [f"  {change.kind:<7}  {change}" for change in (*one.requirements, *one.checks)]
        lines += [] if one.requirements or one.checks else ["  nothing changed"]
    return "\n".join([*lines, ""])


LETTERS = ", ".join(f"{verdict.letter} {verdict.value}" for verdict in Verdict) + f", {UNCHECKED} not checked"


def _legend(column: Column) -> str:
    started = column.run.header.started if column.run.header else "at an unknown time"
    return f"{column.label}  {column.run.subjects}: {column.ruling.word}  ({column.file}, {started})"
