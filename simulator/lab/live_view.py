"""The view of a lab on a terminal: a screen that is drawn over itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import NoReturn, TextIO

from rich.console import Console
from rich.live import Live
from rich.segment import Segment, Segments
from rich.style import Style

from simulator.lab.snapshot import Row

REDRAW_S = 0.25

Picture = Callable[[int, int], list[Row]]
"""The rows for a terminal of that width and height."""

STYLES: Mapping[str, Style] = {
    "": Style(),
    "title": Style(bold=True),
    "number": Style(bold=True),
    "faint": Style(dim=True),
    "good": Style(color="green"),
    "bad": Style(color="yellow", bold=True),
    "place": Style(color="cyan"),
    "command": Style(bold=True),
    ">": Style(color="cyan"),
    "<": Style(color="green"),
    "!": Style(color="red"),
}


def drawn(rows: list[Row]) -> Segments:
    """The rows for rich, which is not to wrap, mark up or highlight anything of them."""
    segments: list[Segment] = []
    for number, row in enumerate(rows):
        if number:
            segments.append(Segment.line())
        segments += (Segment(text, STYLES[style]) for text, style in row.pieces)
    return Segments(segments)


async def show_screen(picture: Picture, out: TextIO) -> NoReturn:
    """Draw it again and again until cancelled; then the terminal shows again what it showed before."""
    console = Console(file=out)
    shown = picture(console.width, console.height)
    with Live(drawn(shown), console=console, screen=True, auto_refresh=False, redirect_stderr=False) as live:
        while True:
            await asyncio.sleep(REDRAW_S)
            rows = picture(console.width, console.height)
            if rows != shown:
                shown = rows
                live.update(drawn(rows), refresh=True)
