"""The view of a lab where there is no terminal: a line every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn, TextIO

from simulator.lab.snapshot import Snapshot, curl_lines, status_line

STATUS_S = 5.0

Look = Callable[[], Snapshot]


async def show_lines(look: Look, out: TextIO) -> NoReturn:
    """Say what can be pasted, then how the lab is every few seconds, until cancelled."""
    for line in curl_lines(look().places):
        _say(out, f"try: {line}")
    while True:
        _say(out, status_line(look()))
        await asyncio.sleep(STATUS_S)


def _say(out: TextIO, line: str) -> None:
    out.write(line + "\n")
    out.flush()
