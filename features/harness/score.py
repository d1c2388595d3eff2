"""What a self-test says: of each subject, and of the harness as a whole (issue 3, "Liars")."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

FAILED, PASSED, ERROR, SKIPPED = "fail", "pass", "error", "skipped"
"""What a scenario says of a subject."""


@dataclass(frozen=True)
class Case:
    """One subject before some scenarios. ``requirements`` None means all of its side."""

    name: str
    side: str
    command: str
    requirements: tuple[str, ...]
    once: bool = False
    sample: bool = False
    folders: tuple[str, ...] = ()
    share: tuple[int, int] = (0, 1)

    @property
    def is_pair(self) -> bool:
        """Whether it conforms, as far as anybody knows."""
        return not (self.once or self.sample)


@dataclass(frozen=True)
class Outcome:
    """What the scenarios said, and whether the subject owned up."""

    case: Case
    seconds: float
    cpu: float = 0.0
    lied: bool = False
    verdicts: dict[str, str] = field(default_factory=dict)
    proves: dict[str, list[str]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    def of(self, verdict: str) -> list[str]:
        return [name for name, said in self.verdicts.items() if said == verdict]

    @property
    def word(self) -> str:
        """``killed``, or why not; of a subject that is no liar, what it got."""
        if self.trouble:
            return "unjudged"
        if not self.case.once:
            return f"{len(self.of(PASSED))} passes, {len(self.of(FAILED))} accusations"
        if not self.verdicts:
            return "no scenario"
        if not self.of(FAILED):
            return "survived" if self.lied else "not exercised"
        return "killed" if self.lied else "accused, not exercised"


@dataclass
class Score:
    """What the trials say together."""

    outcomes: list[Outcome] = field(default_factory=list)
    killed_once: Collection[str] = ()
    seconds: float = 0.0

    @property
    def is_reference_red(self) -> bool:
        return any(one.of(FAILED) for one in self.pair)

    @property
    def pair(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.case.is_pair]

    @property
    def dead(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.case.sample]

    @property
    def liars(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.case.once]

    @property
    def killed(self) -> list[str]:
        return [one.case.name for one in self.liars if one.word == "killed"]

    def faults(self) -> Iterator[str]:
        """What is not as it should be: sentences for exit code 1."""
        for one in self.pair:
            for name in one.of(FAILED):
                yield f"the conforming {one.case.name} was accused by {name}: {one.why.get(name, '')}"
        for one in self.dead:
            for name in one.of(PASSED):
                yield f"the dead {one.case.name} passed {name}"
        for one in self.liars:
            if one.word != "killed" and one.case.name in self.killed_once:
                yield f"{one.case.name} was killed once and is not now: {one.word}"

    def doubts(self) -> Iterator[str]:
        """What could not be judged: sentences for exit code 2."""
        for one in self.outcomes:
            if one.trouble:
                yield f"{one.case.name}: {one.trouble}"
        for one in (*self.pair, *self.dead):
            if not one.trouble and not one.verdicts:
                yield f"{one.case.name}: no scenario judged it"
        for one in self.pair:
            for name in one.of(ERROR):
                yield f"{one.case.name}: {name} could not judge: {one.why.get(name, '')}"

    @property
    def code(self) -> int:
        return 1 if any(self.faults()) else 2 if any(self.doubts()) else 0

    def lines(self) -> Iterator[str]:
        """The kill matrix: a requirement a line, its liars with what became of them."""
        by_requirement: dict[str, list[Outcome]] = {}
        for one in self.liars:
            by_requirement.setdefault(one.case.requirements[0], []).append(one)
        for requirement, liars in by_requirement.items():
            words = [f"{one.case.name}{'' if one.word == 'killed' else f' ({one.word})'}" for one in liars]
            killed = sum(one.word == "killed" for one in liars)
            yield f"{requirement:<10} {killed}/{len(liars)}  {', '.join(words)}"
        for one in self.dead:
            yield f"{one.case.name:<22} {one.word}"
        for one in self.pair:
            yield f"{one.case.name:<22} {one.word}"
        if self.liars:
            share = 100 * len(self.killed) / len(self.liars)
            yield f"score: {len(self.killed)} of {len(self.liars)} liars killed, {share:.0f} %"
        cpu = sum(one.cpu for one in self.outcomes)
        yield f"{len(self.outcomes)} trials in {self.seconds:.0f} s, {cpu:.0f} s of CPU"
