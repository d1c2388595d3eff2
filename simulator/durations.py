"""Lengths of time as people write them: `20s`, `500ms`, `2m`, `1h`, `00:30`, `1:02:03`."""

from __future__ import annotations

import re

LONGEST_MS = 366 * 24 * 3_600_000
WANTED = "a length of time as 500ms, 20s, 5m, 2h, 00:30 (minutes:seconds) or 01:00:00"
PATTERN = r"[0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h)|([0-9]{1,4}:)?[0-9]{1,4}:[0-5][0-9]"
"""What can be read, for JSON Schema too."""

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_WITH_UNIT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)")
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-5][0-9])")


def milliseconds(text: str) -> int | None:
    """How long `text` says, None where it says nothing of that kind or more than a year."""
    if found := _WITH_UNIT.fullmatch(text):
        length = round(float(found[1]) * _UNITS[found[2]])
    elif found := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        length = ((hours * 60 + minutes) * 60 + seconds) * 1_000
    else:
        return None
    return length if length <= LONGEST_MS else None
