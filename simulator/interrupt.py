"""Ctrl-C, SIGTERM and a closed terminal: the ordinary end of a command that runs until told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def interrupted() -> None:
    """Return at the first of SIGNALS. They are caught from the first call on, and stay caught; but a SIGHUP
    that was ignored before (`nohup`) stays ignored.
    """
    await _caught().wait()


async def until_interrupted(work: Awaitable[object]) -> None:
    """Do `work` until it ends or the first signal comes; then it is cancelled, and its end is awaited.

    What `work` raises is raised here.
    """
    stop = asyncio.ensure_future(interrupted())
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((stop, task), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        if not task.done():
            task.cancel()
        await asyncio.wait((task,))
    if not task.cancelled():
        task.result()


def _caught() -> asyncio.Event:
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, event.set)
    return event
