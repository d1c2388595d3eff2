"""Waiting: a condition with a deadline, never a sleep."""

from __future__ import annotations

import threading

import pytest

from features.harness.errors import Missing
from features.harness.inbox import Inbox
from features.harness.waiting import eventually


def inbox(*items: int) -> Inbox[int]:
    made: Inbox[int] = Inbox("numbers")
    for item in items:
        made.put(item)
    return made


def test_what_has_come_already_is_found() -> None:
    assert inbox(1, 2, 3).first(lambda n: n > 1, "more than 1") == 2


def test_what_came_before_the_position_is_not() -> None:
    assert inbox(5, 1, 6).first(lambda n: n > 4, "more than 4", since=1) == 6


def test_everything_up_to_the_marker_is_given() -> None:
    assert inbox(1, 2, 9, 3).upto(lambda n: n == 9, "the marker") == [1, 2, 9]
    assert inbox(1, 9, 2, 9, 9).several(lambda n: n == 9, 2, "two") == [1, 9, 2, 9]


def test_a_reader_is_woken_by_what_comes_later() -> None:
    numbers = inbox()
    threading.Thread(target=numbers.put, args=(7,)).start()
    assert numbers.first(lambda n: n == 7, "seven") == 7


def test_what_does_not_come_is_told_with_what_came_instead() -> None:
    with pytest.raises(Missing, match=r"(?s)numbers: seven was wanted within 0\.01 s.*\n    1\n    2"):
        inbox(1, 2).first(lambda n: n == 7, "seven", within=0.01)


def test_nobody_waits_for_what_can_no_longer_come() -> None:
    numbers = inbox(1)
    numbers.close("the line was cut")
    with pytest.raises(Missing, match="the line was cut"):
        numbers.first(lambda n: n == 7, "seven", within=60)
    assert numbers.closed("its end") == "the line was cut"


def test_an_inbox_that_stays_open_is_told() -> None:
    with pytest.raises(Missing, match="is still open"):
        inbox().closed("its end", within=0.01)


def test_a_condition_that_is_asked_for_is_waited_for() -> None:
    seen = iter(range(10))
    assert eventually(lambda: next(seen), lambda n: n == 3, "three") == 3
    with pytest.raises(Missing, match="never"):
        eventually(lambda: 1, lambda n: n == 3, "never", within=0.01)
