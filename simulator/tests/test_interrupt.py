"""Signals end a command in the ordinary way."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from simulator.interrupt import SIGNALS, until_interrupted


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_cancels_the_work_and_awaits_its_end(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # nohup, say, may have let it be ignored
    told: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0)
            told.append("ended in order")

    try:
        asyncio.run(until_interrupted(work()))
    finally:
        signal.signal(number, before)
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
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ended: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        ended.append("by itself")

    try:
        asyncio.run(until_interrupted(work()))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ended == ["by itself"]
