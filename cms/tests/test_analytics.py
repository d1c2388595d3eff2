"""Minutes of the floor: what is counted, how it is put together, and who sees what of it."""

from __future__ import annotations

import pytest

from cms.analytics import KEPT, MINUTE_MS, NO_ANSWERS, Figures, Minutes, Totals, percentile_ms, points
from cms.floor import BUCKETS_S
from cms.role import Role
from cms.scope import EVERYWHERE, Scope
from cms.tests.desk import NOW, NOW_MS, RELAY, Desk, at_desk
from cms.tests.test_access import bearer
from cms.tests.test_scope import ANNEX_RELAY, admit, furnish
from wire.jsontext import to_bytes

PATH = "/api/analytics"
START = NOW_MS // MINUTE_MS * MINUTE_MS
ONLINE = (1, 0, 0, 0, 0, 0)
OFFLINE = (0, 1, 0, 0, 0, 0)


def totals(messages: int, states: tuple[int, ...] = ONLINE, answers: tuple[int, ...] = NO_ANSWERS) -> Totals:
    bar = Figures(messages, messages // 10, states)
    return Totals(Figures(2 * messages, messages // 10, states), answers, {"bar": bar})


def counted(*slots: int) -> tuple[int, ...]:
    return tuple(slots.count(slot) for slot in range(len(NO_ANSWERS)))


class TestMinutes:
    def test_each_has_what_came_in_it_and_the_states_at_its_end(self) -> None:
        minutes = Minutes(START)
        minutes.cut(START + MINUTE_MS, totals(30))
        minutes.cut(START + 2 * MINUTE_MS, totals(50, OFFLINE))
        spans = minutes.spans(START + 2 * MINUTE_MS + 15_000, totals(55))
        found = points(spans, EVERYWHERE, MINUTE_MS)
        assert [(one["messages"], one["seconds"], one["perMinute"]) for one in found] == [
            (60, 60.0, 60.0),
            (40, 60.0, 40.0),
            (10, 15.0, 40.0),
        ]
        assert [one["states"]["offline"] for one in found] == [0, 1, 0]

    def test_steps_are_put_together(self) -> None:
        minutes = Minutes(START)
        for minute in range(1, 7):
            minutes.cut(START + minute * MINUTE_MS, totals(10 * minute, answers=counted(*[2] * minute)))
        spans = minutes.spans(START + 6 * MINUTE_MS, totals(60, answers=counted(*[2] * 6)))
        five = points(spans, EVERYWHERE, 5 * MINUTE_MS)
        assert sum(one["messages"] for one in five) == 120
        assert sum(one["answers"]["count"] for one in five) == 6
        assert all(one["at"][14:16] in ("00", "05", "10", "30", "35") for one in five)

    def test_a_day_is_kept(self) -> None:
        minutes = Minutes(START)
        for minute in range(KEPT + 10):
            minutes.cut(START + minute * MINUTE_MS, totals(minute))
        assert len(minutes.spans(START, totals(0))) == KEPT + 1

    def test_a_location_that_lost_a_cabinet_counts_nothing_twice(self) -> None:
        minutes = Minutes(START)
        minutes.cut(START + MINUTE_MS, totals(100))
        (_, point) = points(minutes.spans(START + 61_000, totals(40)), Scope.of(["BAR"]), MINUTE_MS)
        assert (point["messages"], point["answers"]) == (0, None)

    def test_what_a_cabinet_said_elsewhere_is_no_news_where_it_moves(self) -> None:
        def heard(bar: int, hall: int, moved: int, where: str) -> Totals:
            relays = {"a": ("bar", bar, 0), "b": ("hall", hall, 0), "c": (where, moved, moved)}
            places = {
                place: Figures(count + moved * (where == place), moved * (where == place))
                for place, count in (("bar", bar), ("hall", hall))
            }
            return Totals(Figures(bar + hall + moved, moved), NO_ANSWERS, places, relays)

        minutes = Minutes(START)
        minutes.cut(START + MINUTE_MS, heard(10, 10, 1000, "bar"))
        spans = minutes.spans(START + 2 * MINUTE_MS, heard(13, 14, 1002, "hall"))
        for place, messages, errors in (("bar", 3, 0), ("hall", 6, 2)):
            (_, point) = points(spans, Scope.of([place]), MINUTE_MS)
            assert (point["messages"], point["errors"]) == (messages, errors)


@pytest.mark.parametrize(
    ("counts", "share", "wanted"),
    [
        (counted(), 0.5, None),
        (counted(0), 0.5, BUCKETS_S[0] * 500),
        (counted(0, 0, 0, 0), 1.0, BUCKETS_S[0] * 1000),
        (counted(2, 3), 0.5, BUCKETS_S[2] * 1000),
        (counted(len(BUCKETS_S)), 0.99, BUCKETS_S[-1] * 1000),
    ],
)
def test_percentiles_are_read_from_the_buckets(
    counts: tuple[int, ...], share: float, wanted: float | None
) -> None:
    assert percentile_ms(counts, share) == wanted


class TestRoute:
    def test_it_tells_what_happens_at_once(self) -> None:
        async def act(desk: Desk) -> None:
            for typ in ("GAME_PLAYED", "HARDWARE_ERROR", "GAME_WON"):
                desk.link.hub.route("sas/gy/server", to_bytes({"rly": RELAY, "typ": typ, "pyd": ""}))
            answer = (await desk.ask("GET", PATH)).json()
            (point,) = answer["points"]
            assert (point["messages"], point["errors"], point["states"]["online"]) == (3, 1, 1)
            assert (answer["step"], answer["count"]) == (60, 1)
            assert point["at"] == NOW
            assert (await desk.ask("GET", f"{PATH}?to=2020-01-01T00:00:00Z")).json()["points"] == []

        at_desk(act)

    def test_whoever_is_limited_sees_its_own_locations(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.VIEWER)
            for relay in (RELAY, ANNEX_RELAY, ANNEX_RELAY):
                desk.link.hub.route("sas/gy/server", to_bytes({"rly": relay, "typ": "GAME_WON", "pyd": ""}))

            for query, count in (("", 1), ("?location=Annex", 0), ("?location=main", 1)):
                answer = await desk.ask("GET", f"{PATH}{query}", headers=bearer("viewer"))
                assert [point["messages"] for point in answer.json()["points"]] == [count], query

        at_desk(act)
