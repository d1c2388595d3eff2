"""Text from the floor made fit for a terminal: nothing in it can move the cursor, change a title or a
colour, turn the reading direction round or break the line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime

from simulator.traffic.traffic import Sighting

KIND_WIDTH = 9
RELAY_WIDTH = 12
SHORTENED = "…"

RESET = "\x1b[0m"
COLOURS: Mapping[str, str] = {">": "\x1b[36m", "<": "\x1b[32m", "!": "\x1b[31m", "dim": "\x1b[2m"}


def printable(text: str) -> str:
    """`text` with every character that is not a plain visible one spelled out, as `\\x1b` or `\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes; it must be printable."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def clipped(text: str, width: int) -> str:
    """`text` cut to `width` columns, with a mark at the end where something was cut."""
    if cells(text) <= width:
        return text
    kept, used = [], 1
    for char in text:
        used += _cells(char)
        if used > width:
            break
        kept.append(char)
    return "".join(kept) + SHORTENED if width > 0 else ""


def clock(time_ms: int) -> str:
    """The time of day here, to the millisecond."""
    moment = datetime.fromtimestamp(time_ms / 1000).astimezone()
    return f"{moment:%H:%M:%S}.{time_ms % 1000:03d}"


def sighting_parts(sighting: Sighting) -> tuple[str, str, str]:
    """The three parts of a line, each printable: time, mark and relay with kind, summary."""
    retained = " (retained)" if sighting.retained else ""
    relay = printable(sighting.relay_id or "-")
    middle = f"{sighting.mark} {relay:<{RELAY_WIDTH}} {sighting.kind:<{KIND_WIDTH}}"
    return clock(sighting.time_ms), middle, printable(sighting.summary) + retained


def sighting_line(sighting: Sighting, *, width: int | None = None, colour: bool = False) -> str:
    """One line for one message: cut to `width` columns, or whole."""
    time, middle, summary = sighting_parts(sighting)
    if width is not None:
        summary = clipped(summary, max(0, width - cells(time) - cells(middle) - 2))
    if not colour:
        return f"{time} {middle} {summary}".rstrip()
    return f"{COLOURS['dim']}{time}{RESET} {COLOURS[sighting.mark]}{middle}{RESET} {summary}"


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
