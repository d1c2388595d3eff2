"""Signals end a command in the ordinary way."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from simulator.interrupt import SIGNALS, until_interrupted


@contextmanager
def started_with(number: signal.Signals, disposition: signal.Handlers) -> Iterator[None]:
    """As a program is where whoever started it let the signal be handled, or ignored (`nohup`)."""
    before = signal.signal(number, disposition)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_cancels_the_work_and_awaits_its_end(number: signal.Signals) -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0)
            told.append("ended in order")

    with started_with(number, signal.SIG_DFL):
        asyncio.run(until_interrupted(work()))
    assert told == ["ended in order"]


def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise ValueError("no coins")

    with pytest.raises(ValueError, match="no coins"):
        asyncio.run(until_interrupted(work()))


def test_work_that_ends_by_itself_is_the_end() -> None:
    async def work() -> None:
        return

    asyncio.run(until_interrupted(work()))


def test_a_hangup_that_nohup_ignores_stays_ignored() -> None:
    ended: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        ended.append("by itself")

    with started_with(signal.SIGHUP, signal.SIG_IGN):
        asyncio.run(until_interrupted(work()))
    assert ended == ["by itself"]
