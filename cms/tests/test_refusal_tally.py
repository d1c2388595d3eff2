"""What is refused again and again is counted, and told: no flood fills the audit trail, none goes untold."""

from __future__ import annotations

from cms.actor import Act, Actor
from cms.audit import AuditFilter, Draft
from cms.refusal_tally import KINDS, ONE_BY_ONE, WINDOW_MS, RefusalTally
from cms.tests.desk import NOW_MS, Desk, at_desk
from cms.tests.test_access import add_everybody


def refusal(user: str = "ann", kind: str = "NotAllowed", n: int = 0) -> Draft:
    facts = {"wanted": "export", "kind": kind, "reason": f"no {n}"}
    return Draft(Act(Actor(user, "10.0.0.1", f"r-{n}"), "refusal"), None, facts=facts)


def test_the_first_ones_are_told_one_by_one_and_the_others_together_after_a_minute() -> None:
    tally = RefusalTally()
    told = [tally.note(refusal(n=n), n) for n in range(ONE_BY_ONE + 5)]
    assert [len(one) for one in told] == [1] * ONE_BY_ONE + [0] * 5
    assert tally.due(WINDOW_MS - 1) == []
    (late,) = tally.due(WINDOW_MS)
    assert (late.facts["times"], late.facts["reason"]) == (5, f"no {ONE_BY_ONE + 4}")
    assert tally.due(None) == []


def test_one_caller_does_not_hide_another() -> None:
    tally = RefusalTally()
    for n in range(2 * ONE_BY_ONE):
        tally.note(refusal(n=n), 0)
    assert len(tally.note(refusal("bob"), 1)) == 1
    assert len(tally.note(refusal(kind="NotSignedIn"), 1)) == 1


def test_after_a_minute_it_begins_anew() -> None:
    tally = RefusalTally()
    for n in range(ONE_BY_ONE + 2):
        tally.note(refusal(n=n), 0)
    assert [draft.facts.get("times") for draft in tally.note(refusal(), WINDOW_MS)] == [2, None]


def test_however_many_callers_come_it_stays_small_and_tells_of_each() -> None:
    tally = RefusalTally()
    told = 0
    for n in range(KINDS + 50):
        for _ in range(ONE_BY_ONE + 1):
            told += len(tally.note(refusal(f"u-{n}"), 0))
    assert told == (KINDS + 50) * ONE_BY_ONE + 50
    assert len(tally.due(None)) == KINDS


def test_a_flood_of_requests_makes_a_handful_of_entries() -> None:
    async def act(desk: Desk) -> None:
        await add_everybody(desk)
        store = desk.application.store
        before = len(await store.audit(AuditFilter(limit=10_000)))
        for _ in range(100):
            assert (await desk.ask("GET", "/api/cabinets")).status_code == 401
        await desk.application.records.tell_refusals(all_of_them=True)
        entries = (await store.audit(AuditFilter(limit=10_000)))[: -before or None]
        assert len(entries) == ONE_BY_ONE + 1
        assert entries[0].document["times"] == 100 - ONE_BY_ONE
        assert {one.document["kind"] for one in entries} == {"NotSignedIn"}
        assert {one.document["wanted"] for one in entries} == {"listCabinets"}

    at_desk(act)
    assert NOW_MS
