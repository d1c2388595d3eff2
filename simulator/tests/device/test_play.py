"""How a machine is played, as a fleet file says it."""

from __future__ import annotations

from dataclasses import fields
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.dice import SmallDice
from simulator.device.play import HABITS, HOUR_MS, Play, play_from, play_problems
from simulator.errors import PlaySpecError


def test_the_table_of_habits_is_the_one_of_the_class_and_accepts_its_defaults() -> None:
    assert [field.name for field in fields(Play)] == list(HABITS)
    assert all(HABITS[field.name].accepts(field.default) for field in fields(Play))


def test_what_is_not_said_is_as_usual() -> None:
    assert play_from({}) == Play()
    assert play_from({"bet": 5, "bills": [20]}) == Play(bet=5, bills=(20,))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("games_per_minute", -1),
        ("games_per_minute", float("nan")),
        ("games_per_minute", True),
        ("bet", 0.5),
        ("bet", "50"),
        ("return_to_player", 92),
        ("bills", []),
        ("bills", [0]),
        ("bills", 20),
        ("stacker", None),
        ("reject", -0.1),
        ("day", [0.5] * 23),
        ("day", [2] * 24),
        ("colour", "red"),
    ],
)
def test_what_can_not_be_is_refused_with_its_field(name: str, value: Any) -> None:
    assert [problem.field for problem in play_problems({name: value, "tilt": 0.5})] == [name]
    with pytest.raises(PlaySpecError, match=name):
        play_from({name: value})


@given(st.integers(), st.integers(1, 2**40))
def test_small_dice_throw_within_their_bounds_and_again_the_same(seed: int, stop: int) -> None:
    dice, again = SmallDice(seed), SmallDice(seed)
    throws = [(dice.random(), dice.randrange(stop)) for _ in range(20)]
    assert all(0 <= number < 1 and 0 <= whole < stop for number, whole in throws)
    assert throws == [(again.random(), again.randrange(stop)) for _ in range(20)]


def test_small_dice_are_fair() -> None:
    dice = SmallDice(42)
    throws = [dice.randrange(6) for _ in range(60_000)]
    assert all(9_600 <= throws.count(face) <= 10_400 for face in range(6))
    assert sum(dice.random() for _ in range(20_000)) / 20_000 == pytest.approx(0.5, abs=0.01)


def test_any_random_will_do() -> None:
    assert Play().drawn_bill(Random(1)) in Play().bills


def test_a_day_has_busy_hours_and_hours_in_which_nobody_plays() -> None:
    play = play_from({"games_per_minute": 60, "day": [0] * 6 + [0.1] * 6 + [1] * 12})
    dice = SmallDice(3)
    assert play.drawn_pause_ms(dice, 3 * HOUR_MS + 60_000) == HOUR_MS - 60_000
    quiet = sum(play.drawn_pause_ms(dice, 7 * HOUR_MS) for _ in range(500))
    busy = sum(play.drawn_pause_ms(dice, 20 * HOUR_MS) for _ in range(500))
    assert quiet / busy == pytest.approx(10, rel=0.1)
