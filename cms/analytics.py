"""What happened on the floor, minute by minute, for a day: what pictures are drawn from (section 7).

Pure, and of bounded size: what time it is and what was counted so far are arguments. Kept in memory alone, so
that a restart of the service begins anew.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from cms.floor import BUCKETS_S, Floor
from cms.scope import Scope
from cms.smib_state import STATES
from wire.timestamps import format_timestamp

MINUTE_MS = 60_000
KEPT = 24 * 60
"""Minutes."""

MAX_LOCATIONS = 100
"""How many locations have figures of their own; those of further ones are in the whole alone."""

PERCENTILES = {"p50Ms": 0.5, "p95Ms": 0.95, "p99Ms": 0.99}
NO_ANSWERS = (0,) * (len(BUCKETS_S) + 1)


@dataclass(frozen=True, slots=True)
class Figures:
    """Messages and errors, and how many cabinets are in each of STATES."""

    messages: int = 0
    errors: int = 0
    states: tuple[int, ...] = (0,) * len(STATES)

    def since(self, before: Figures) -> Figures:
        """What came to it; a count that shrank lost a cabinet."""
        messages, errors = self.messages - before.messages, self.errors - before.errors
        return Figures(max(messages, 0), max(errors, 0), self.states)

    def beside(self, other: Figures) -> Figures:
        """Of this place and another one."""
        states = tuple(one + two for one, two in zip(self.states, other.states, strict=True))
        return Figures(self.messages + other.messages, self.errors + other.errors, states)

    def then(self, later: Figures) -> Figures:
        """Of this time and a later one: states are those at its end."""
        return Figures(self.messages + later.messages, self.errors + later.errors, later.states)


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything that was counted since the start; ``answers`` as BUCKETS_S has them.

    ``relays`` tells of each SMIB where it is, and its messages and errors: cabinets move.
    """

    whole: Figures = Figures()
    answers: tuple[int, ...] = NO_ANSWERS
    places: Mapping[str, Figures] = field(default_factory=dict)
    relays: Mapping[str, tuple[str, int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, floor: Floor) -> Totals:
        states: dict[str, Counter[str]] = {}
        messages: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        relays: dict[str, tuple[str, int, int]] = {}
        for place in floor.places():
            where = place.identity.location.casefold()
            heard, failed = place.smib.rate.total, sum(place.smib.errors.values())
            states.setdefault(where, Counter())[place.shown.state] += 1
            messages[where] += heard
            errors[where] += failed
            relays[place.identity.relay_id] = where, heard, failed
        places = {
            where: Figures(messages[where], errors[where], tuple(found[name] for name in STATES))
            for where, found in states.items()
        }
        whole = Figures()
        for figures in places.values():
            whole = whole.beside(figures)
        # What the floor counts by itself holds relays without a cabinet.
        counted = Figures(floor.rate.total, whole.errors, whole.states)
        return cls(counted, tuple(floor.histogram), dict([*places.items()][:MAX_LOCATIONS]), relays)

    def since(self, before: Totals) -> Totals:
        answers = tuple(max(now - then, 0) for now, then in zip(self.answers, before.answers, strict=True))
        placed = before.placed_as(self)
        places = {
            where: figures.since(placed.get(where, Figures())) for where, figures in self.places.items()
        }
        return Totals(self.whole.since(before.whole), answers, places)

    def placed_as(self, now: Totals) -> Mapping[str, Figures]:
        """Its places, with each cabinet where it is ``now``: what it said elsewhere is no news there."""
        places = dict(self.places)
        for relay_id, (where, messages, errors) in self.relays.items():
            there = now.relays.get(relay_id, (None,))[0]
            if there == where:
                continue
            places[where] = places.get(where, Figures()).beside(Figures(-messages, -errors))
            if there is not None:
                places[there] = places.get(there, Figures()).beside(Figures(messages, errors))
        return places

    def within(self, limits: Scope) -> Figures:
        """What somebody sees of it."""
        if limits.whole:
            return self.whole
        seen = Figures()
        for where, figures in self.places.items():
            if limits.holds(where):
                seen = seen.beside(figures)
        return seen


@dataclass(frozen=True, slots=True)
class Span:
    """What happened from ``start_ms`` to ``end_ms``."""

    start_ms: int
    end_ms: int
    happened: Totals


class Minutes:
    """The last day, one span for each minute of the clock."""

    def __init__(self, now_ms: int) -> None:
        self._spans: deque[Span] = deque(maxlen=KEPT)
        self._since_ms = now_ms
        self._counted = Totals()

    def cut(self, now_ms: int, counted: Totals) -> None:
        """A minute is over, or more."""
        self._spans.append(self._open(now_ms, counted))
        self._since_ms, self._counted = now_ms, counted

    def spans(self, now_ms: int, counted: Totals) -> list[Span]:
        """Every minute, oldest first, and last the one that is not over."""
        return [*self._spans, self._open(now_ms, counted)]

    def _open(self, now_ms: int, counted: Totals) -> Span:
        return Span(self._since_ms, max(now_ms, self._since_ms), counted.since(self._counted))


def points(spans: Iterable[Span], limits: Scope, step_ms: int) -> list[dict[str, Any]]:
    """``spans`` in steps of the clock, as answers show them; a step without any is left out."""
    return [_point(start_ms, some, limits) for start_ms, some in _steps(spans, step_ms)]


def percentile_ms(counts: Sequence[int], share: float) -> float | None:
    """The time that so many answers do not exceed, as exactly as BUCKETS_S tell; None without an answer."""
    total = sum(counts)
    if not total:
        return None
    wanted = share * total
    bounds = (0.0, *BUCKETS_S, BUCKETS_S[-1])
    for slot, reached in enumerate(accumulate(counts)):
        if reached >= wanted and counts[slot]:
            part = 1 - (reached - wanted) / counts[slot]
            return round((bounds[slot] + part * (bounds[slot + 1] - bounds[slot])) * 1000, 2)
    return round(bounds[-1] * 1000, 2)


def _steps(spans: Iterable[Span], step_ms: int) -> Iterator[tuple[int, list[Span]]]:
    some: list[Span] = []
    start_ms = 0
    for span in spans:
        begin_ms = span.start_ms // step_ms * step_ms
        if some and begin_ms != start_ms:
            yield start_ms, some
            some = []
        start_ms = begin_ms
        some.append(span)
    if some:
        yield start_ms, some


def _point(start_ms: int, spans: Sequence[Span], limits: Scope) -> dict[str, Any]:
    seconds = sum(span.end_ms - span.start_ms for span in spans) / 1000
    seen = Figures()
    answers = [0] * len(NO_ANSWERS)
    for span in spans:
        seen = seen.then(span.happened.within(limits))
        answers = [one + two for one, two in zip(answers, span.happened.answers, strict=True)]
    told = {name: percentile_ms(answers, share) for name, share in PERCENTILES.items()}
    return {
        "at": format_timestamp(start_ms),
        "seconds": round(seconds, 3),
        "messages": seen.messages,
        "perMinute": round(seen.messages * 60 / seconds, 2) if seconds else 0,
        "errors": seen.errors,
        "states": dict(zip(STATES, seen.states, strict=True)),
        "answers": {"count": sum(answers), **told} if limits.whole else None,
    }
