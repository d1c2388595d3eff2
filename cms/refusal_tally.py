"""How often the same was refused to the same caller: the first times are told one by one, then once a minute.

So a flood of requests fills no audit trail, and none of it goes untold. Pure: the time is an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from cms.audit import Draft

ONE_BY_ONE = 10
WINDOW_MS = 60_000
KINDS = 1_000
"""How many different ones are told apart; the oldest go first, and are told then."""

Key = tuple[str, str, str, str]
"""User, address, what was wanted, and why it was refused."""


@dataclass(slots=True)
class _Run:
    since_ms: int
    seen: int
    held: int
    last: Draft


class RefusalTally:
    """Give each refusal to ``note``, and tell what it and ``due`` give back."""

    def __init__(self) -> None:
        self._runs: OrderedDict[Key, _Run] = OrderedDict()

    def note(self, draft: Draft, now_ms: int) -> list[Draft]:
        """What is to be told now."""
        told: list[Draft] = []
        key = _key(draft)
        run = self._runs.get(key)
        if run is not None and now_ms - run.since_ms >= WINDOW_MS:
            told += _told(self._runs.pop(key))
            run = None
        if run is None:
            run = self._runs[key] = _Run(now_ms, 0, 0, draft)
        run.seen, run.last = run.seen + 1, draft
        if run.seen <= ONE_BY_ONE:
            told.append(draft)
        else:
            run.held += 1
        while len(self._runs) > KINDS:
            told += _told(self._runs.popitem(last=False)[1])
        return told

    def due(self, now_ms: int | None) -> list[Draft]:
        """What was held back for a minute; for None, all of it."""
        return list(self._due(now_ms))

    def _due(self, now_ms: int | None) -> Iterator[Draft]:
        while self._runs:
            key, run = next(iter(self._runs.items()))
            if now_ms is not None and now_ms - run.since_ms < WINDOW_MS:
                return
            del self._runs[key]
            yield from _told(run)


def _told(run: _Run) -> Iterator[Draft]:
    if run.held:
        yield Draft(run.last.act, run.last.cabinet_id, facts={**run.last.facts, "times": run.held})


def _key(draft: Draft) -> Key:
    actor, facts = draft.act.actor, draft.facts
    return actor.user, actor.address, str(facts.get("wanted")), str(facts.get("kind"))
