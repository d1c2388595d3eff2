"""Parts of a fleet: nobody twice, nobody left out, and the same devices however many parts there are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.identities import BATCH, Register, Seat, identities
from simulator.fleet.plan import FleetPlan, Group
from simulator.fleet.shard import WHOLE, Shard, shard

PLAN = FleetPlan(
    (
        Group("slots", BATCH + 40),
        Group("poker", 11, faults=({"kind": "silent"},)),
        Group("bench", 2, relays=("e831cdfa8384", "e831cdfa8464")),
    )
)

SHARDS = st.integers(1, 12).flatmap(lambda of: st.builds(Shard, st.integers(1, of), st.just(of)))


def parts(of: int) -> list[FleetPlan]:
    return [replace(PLAN, shard=Shard(number, of)) for number in range(1, of + 1)]


class TestShard:
    @given(SHARDS, st.integers(0, 40), st.integers(0, 40))
    def test_its_share_is_counted_as_it_takes(self, one: Shard, begin: int, length: int) -> None:
        end = begin + length
        assert one.share(begin, end) == sum(map(one.takes, range(begin, end)))

    @given(SHARDS, SHARDS)
    def test_a_part_of_a_part_is_one_of_the_whole(self, outer: Shard, inner: Shard) -> None:
        of_outer = [place for place in range(300) if outer.takes(place)]
        chosen = [place for number, place in enumerate(of_outer) if inner.takes(number)]
        part = outer.part(inner.number, inner.of)
        assert chosen == [place for place in range(300) if part.takes(place)]

    @pytest.mark.parametrize("text", ["1/1", "2/8", "8/8", "1000/1000"])
    def test_it_is_read_as_it_is_written(self, text: str) -> None:
        assert str(shard(text)) == text

    @pytest.mark.parametrize("text", ["", "0/2", "3/2", "1/0", "1", "1/2/3", "-1/2", "1/1001", "²/3", " 1/2"])
    def test_what_is_none_is_none(self, text: str) -> None:
        assert shard(text) is None


class TestParts:
    @pytest.mark.parametrize("of", [1, 2, 5])
    def test_together_they_are_the_fleet(self, of: int) -> None:
        whole = [identity for _, identity in identities(PLAN)]
        split = [identity for plan in parts(of) for _, identity in identities(plan)]
        assert sorted(split, key=str) == sorted(whole, key=str)

    def test_each_has_its_place_in_the_whole_by_which_it_is_switched_on(self) -> None:
        places = [place for plan in parts(3) for place, _ in Register(plan).seats()]
        assert sorted(places) == list(range(PLAN.count))

    @pytest.mark.parametrize("of", [1, 2, 5])
    def test_they_know_how_many_they_are(self, of: int) -> None:
        for plan in parts(of):
            seats: list[Seat] = [seat for _, seat in Register(plan).seats()]
            assert plan.share == len(seats)
            assert plan.sound == sum(1 for seat in seats if not seat.group.faults)
        assert sum(plan.share for plan in parts(of)) == PLAN.count

    def test_who_comes_later_is_nobody_else_s_either(self) -> None:
        later: list[str] = []
        for plan in parts(3):
            register = Register(plan)
            assert list(register.seats())
            later += (register.another(PLAN.groups[0]).relay_id for _ in range(10))
        assert len(set(later)) == 30
        assert not set(later) & {identity.relay_id for _, identity in identities(PLAN)}

    def test_a_plan_is_whole_unless_told_otherwise(self) -> None:
        assert (PLAN.shard, PLAN.share) == (WHOLE, PLAN.count)
