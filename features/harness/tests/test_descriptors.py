"""The limit of open files: raised as far as the system lets it, never lowered."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from features.harness.descriptors import with_more_files


@pytest.fixture
def limited() -> Iterator[int]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 100, hard))
    yield soft - 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_limit_is_raised(limited: int) -> None:
    assert with_more_files(limited + 10) == limited + 10
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == limited + 10


def test_it_is_never_lowered(limited: int) -> None:
    assert with_more_files(limited - 10) == limited
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == limited


def test_more_than_the_system_allows_is_not_asked_for(limited: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert with_more_files(hard + 1) == max(limited, hard)
