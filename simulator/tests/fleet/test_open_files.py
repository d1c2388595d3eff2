"""A floor has as many files open as it has connections."""

from __future__ import annotations

import resource

import pytest

from simulator.errors import ShortageError
from simulator.fleet.open_files import BESIDE, allow_open_files


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What the process asked the system for; it starts with 256 of at most 4096."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: asked.append(pair))
    return asked


def test_what_is_enough_is_left_alone(limits: list[tuple[int, int]]) -> None:
    allow_open_files(256 - BESIDE)
    assert limits == []


def test_what_is_allowed_is_asked_for(limits: list[tuple[int, int]]) -> None:
    allow_open_files(1000)
    assert limits == [(1000 + BESIDE, 4096)]


def test_what_is_forbidden_is_a_sentence(limits: list[tuple[int, int]]) -> None:
    with pytest.raises(
        ShortageError, match=r"^5000 connections need 5200 open files and this system allows 4096"
    ):
        allow_open_files(5000)
    assert limits == []


def test_no_limit_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    unlimited = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda _: (unlimited, unlimited))
    allow_open_files(10**9)
