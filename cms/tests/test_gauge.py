"""Instruments: rates over minutes, and percentiles, of bounded size."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.gauge import Durations, Rate


def test_a_steady_rate_is_what_it_is() -> None:
    rate = Rate(0.0)
    for second in range(600):
        for _ in range(4):
            rate.add(second + 0.5)
    assert rate.total == 2400
    assert rate.per_second(60, 600.0) == pytest.approx(4.0, abs=0.1)
    assert rate.per_second(300, 600.0) == pytest.approx(4.0, abs=0.1)


def test_what_is_over_is_forgotten() -> None:
    rate = Rate(0.0)
    for _ in range(60):
        rate.add(5.0)
    assert rate.per_second(60, 60.0) == pytest.approx(1.0)
    assert rate.per_second(60, 75.0) == 0.0
    assert rate.per_second(300, 75.0) == pytest.approx(60 / 75)
    assert rate.per_second(300, 100_000.0) == 0.0


def test_a_young_rate_counts_from_its_start() -> None:
    rate = Rate(1000.0)
    for _ in range(20):
        rate.add(1002.0)
    assert rate.per_second(60, 1004.0) == pytest.approx(5.0)
    assert Rate(7.0).per_second(60, 7.0) == 0.0


@given(st.lists(st.floats(0, 10_000), max_size=200))
def test_never_more_than_there_were(times: list[float]) -> None:
    rate = Rate(0.0)
    for at_s in sorted(times):
        rate.add(at_s)
    assert rate.per_second(300, 10_000.0) * 300 <= len(times) + 1e-6
    assert rate.total == len(times)


def test_percentiles_of_the_last_ones() -> None:
    durations = Durations(size=4)
    assert durations.percentiles((0.5, 0.95)) == [None, None]
    for seconds in (9.0, 9.0, 1.0, 2.0, 3.0, 4.0):
        durations.add(seconds)
    assert durations.percentiles((0.0, 0.5, 0.95)) == [1.0, 3.0, 4.0]
    assert (durations.count, durations.total_s) == (6, 28.0)


def test_neither_grows() -> None:
    rate, durations = Rate(0.0), Durations()
    for number in range(10_000):
        rate.add(number / 10)
        durations.add(1.0)
    assert sys.getsizeof(rate._counts) < 400
    assert sys.getsizeof(durations._values) < 400
