"""MQTT topic filters."""

from __future__ import annotations

import pytest

from cms.filters import covers, is_filter


@pytest.mark.parametrize("text", ["a", "a/b", "+", "#", "a/+/b", "a/#", "+/+", "/", "a//b", "$SYS/#"])
def test_filters(text: str) -> None:
    assert is_filter(text)


@pytest.mark.parametrize("text", ["", "a+", "a/#/b", "#/a", "a#", "a\n", "a\0", "x" * 300, "\ud800"])
def test_what_is_none(text: str) -> None:
    assert not is_filter(text)


@pytest.mark.parametrize(
    ("name", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/+", "a/b/c", False),
        ("a/+", "a", False),
        ("a/+", "a/#", False),
        ("a/b", "a/+", False),
        ("+/+", "a/+", True),
        ("#", "a/b", True),
        ("#", "#", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "a/+/#", True),
        ("a/#", "b", False),
        ("a/#", "#", False),
        ("a", "a/b", False),
    ],
)
def test_covers(name: str, topic: str, expected: bool) -> None:
    assert covers(name, topic) is expected
