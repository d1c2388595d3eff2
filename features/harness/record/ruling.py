"""What follows from a record: of each check, of each requirement, of the run. Pure.

A check that failed breaks what it was to prove by the level that the catalogue gives: a must is a failure, a
should or a may is non-strict, and so is another reading of an interpretation (contract, section 9). What a
monitor found breaks its own requirement in the same way, whatever the steps say. Exit code: 2 where the
record is incomplete; else 1 where a must failed that is not known to, or a failure that was known is gone;
else 2 where a check ended in an error or nothing could be judged; else 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from features.harness.catalogue import Catalogue, Requirement
from features.harness.record.check import Check
from features.harness.record.known import KnownFailure
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict, worst

CONFORMANT, NOT_CONFORMANT, NOT_JUDGED = 0, 1, 2
WORDS = {CONFORMANT: "conformant", NOT_CONFORMANT: "not conformant", NOT_JUDGED: "not judged"}

MUST, MAY = "must", "may"
INTERPRETATION = "INT-"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check says of one requirement. ``known`` is the entry that expects its failure."""

    requirement: str
    verdict: Verdict
    known: KnownFailure | None = None


@dataclass(frozen=True, slots=True)
class RuledCheck:
    check: Check
    outcomes: tuple[Outcome, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its outcomes; of a check that names no requirement its own."""
        return worst(outcome.verdict for outcome in self.outcomes) or self.check.verdict

    @property
    def known(self) -> bool:
        """Whether it fails, and in nothing that was not known to."""
        failed = [outcome for outcome in self.outcomes if outcome.verdict is Verdict.FAIL]
        return bool(failed) and all(outcome.known for outcome in failed)

    @property
    def decisive(self) -> tuple[str, ...]:
        """The requirements that it says the worst of."""
        return tuple(one.requirement for one in self.outcomes if one.verdict is self.verdict)

    @property
    def reason(self) -> str:
        """What its steps and the monitors say, what decides first."""
        found = [f"{one.requirement}: {one.sentence}" for one in self.check.breaches]
        own = [self.check.reason] if self.check.reason else []
        return "\n".join([*own, *found] if self.verdict is self.check.verdict else [*found, *own])


@dataclass(frozen=True, slots=True)
class RuledRequirement:
    """``verdicts`` gives, for each check that says something of it, its place in the ruling and its
    outcome."""

    id: str
    requirement: Requirement | None
    verdicts: tuple[tuple[int, Outcome], ...]

    @property
    def verdict(self) -> Verdict | None:
        """None where nothing checked it."""
        return worst(outcome.verdict for _, outcome in self.verdicts)

    @property
    def known(self) -> bool:
        failed = [outcome for _, outcome in self.verdicts if outcome.verdict is Verdict.FAIL]
        return bool(failed) and all(outcome.known for outcome in failed)


@dataclass(frozen=True, slots=True)
class Ruling:
    """``reasons`` are sentences, the weightiest first; ``gone`` the known failures that no longer fail."""

    code: int
    reasons: tuple[str, ...]
    checks: tuple[RuledCheck, ...]
    requirements: tuple[RuledRequirement, ...]
    gone: tuple[KnownFailure, ...]

    @property
    def word(self) -> str:
        return WORDS[self.code]

    @property
    def counts(self) -> Mapping[str, int]:
        """Checks of each verdict, the worst first; none is left out."""
        counted = Counter(check.verdict for check in self.checks)
        return {verdict.value: counted[verdict] for verdict in Verdict}


def ruled(
    run: Run, catalogue: Catalogue, known: Sequence[KnownFailure] | None = None, *, strict: bool | None = None
) -> Ruling:
    """The ruling on a run; ``known`` and ``strict`` go before what its header says."""
    header = run.header
    failures = (header.known if header else ()) if known is None else tuple(known)
    strictly = bool(header and header.strict) if strict is None else strict
    checks = tuple(ruled_check(check, catalogue, failures, strict=strictly) for check in run.checks)
    gone = tuple(entry for entry in failures if _is_gone(entry, checks))
    code, reasons = _judged(run.trouble, checks, gone)
    return Ruling(code, tuple(reasons), checks, tuple(_requirements(catalogue, checks)), gone)


def ruled_check(
    check: Check, catalogue: Catalogue, known: Sequence[KnownFailure] = (), *, strict: bool = False
) -> RuledCheck:
    """The ruling on one check by itself."""
    levels = {one.id: one.level for one in catalogue.requirements}
    return RuledCheck(check, tuple(_outcomes(check, levels, known, strict)))


def _outcomes(
    check: Check, levels: Mapping[str, str], known: Sequence[KnownFailure], strict: bool
) -> Iterator[Outcome]:
    found: dict[str, list[Verdict]] = {name: [check.verdict] for name in check.requirements}
    for breach in check.breaches:
        found.setdefault(breach.requirement, []).append(Verdict.FAIL)
    for name, verdicts in found.items():
        level = MAY if name.startswith(INTERPRETATION) else levels.get(name, MUST)
        verdict = _graded(worst(verdicts) or check.verdict, level, strict)
        entry = next((one for one in known if one.covers(name, check.id, check.name)), None)
        yield Outcome(name, verdict, entry)


def _graded(verdict: Verdict, level: str, strict: bool) -> Verdict:
    if verdict is Verdict.FAIL and level != MUST:
        verdict = Verdict.NON_STRICT
    return Verdict.FAIL if strict and verdict is Verdict.NON_STRICT else verdict


def _is_gone(entry: KnownFailure, checks: Iterable[RuledCheck]) -> bool:
    """It was looked for where it was known to be, and everything there passed."""
    covered = [
        outcome.verdict
        for ruled_check in checks
        for outcome in ruled_check.outcomes
        if entry.covers(outcome.requirement, ruled_check.check.id, ruled_check.check.name)
    ]
    judged = [verdict for verdict in covered if verdict not in (Verdict.NOT_APPLICABLE, Verdict.UNTESTABLE)]
    return bool(judged) and all(verdict is Verdict.PASS for verdict in judged)


def _requirements(catalogue: Catalogue, checks: Sequence[RuledCheck]) -> Iterator[RuledRequirement]:
    said: dict[str, list[tuple[int, Outcome]]] = {one.id: [] for one in catalogue.requirements}
    for place, check in enumerate(checks):
        for outcome in check.outcomes:
            said.setdefault(outcome.requirement, []).append((place, outcome))
    known = {one.id: one for one in catalogue.requirements}
    for name, verdicts in said.items():
        yield RuledRequirement(name, known.get(name), tuple(verdicts))


def _judged(
    trouble: Sequence[str], checks: Sequence[RuledCheck], gone: Sequence[KnownFailure]
) -> tuple[int, list[str]]:
    failed = [check for check in checks if check.verdict is Verdict.FAIL and not check.known]
    errors = [check for check in checks if check.verdict is Verdict.ERROR or _hides_error(check)]
    judged = [check for check in checks if check.verdict.judges]
    reasons = list(trouble)
    if failed:
        reasons.append(_failed_sentence(failed))
    reasons += [f"a known failure no longer fails, take it off the list: {entry}" for entry in gone]
    if errors:
        reasons.append(f"{_checks(len(errors))} ended in an error of the harness or of its surroundings")
    if not judged:
        reasons.append("no check could be judged")
    if trouble:
        return NOT_JUDGED, reasons
    if failed or gone:
        return NOT_CONFORMANT, reasons
    return (NOT_JUDGED if errors or not judged else CONFORMANT), reasons or [_passed_sentence(checks)]


def _hides_error(check: RuledCheck) -> bool:
    return check.known and any(outcome.verdict is Verdict.ERROR for outcome in check.outcomes)


def _failed_sentence(failed: Sequence[RuledCheck]) -> str:
    names = sorted(
        {
            outcome.requirement
            for check in failed
            for outcome in check.outcomes
            if outcome.verdict is Verdict.FAIL and not outcome.known
        }
    )
    return f"{_checks(len(failed))} failed: {', '.join(names) or 'no requirement was named'}"


def _passed_sentence(checks: Sequence[RuledCheck]) -> str:
    counted = Counter(check.verdict for check in checks)
    known = sum(check.known for check in checks)
    parts = [f"{_checks(counted[Verdict.PASS])} passed"]
    parts += [f"{known} failed as known"] if known else []
    for verdict in (Verdict.NON_STRICT, Verdict.NOT_APPLICABLE, Verdict.UNTESTABLE):
        parts += [f"{counted[verdict]} {verdict.value}"] if counted[verdict] else []
    return ", ".join(parts)


def _checks(count: int) -> str:
    return f"{count} check{'' if count == 1 else 's'}"
