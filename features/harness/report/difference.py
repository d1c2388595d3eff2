"""What was expected and what was seen, line by line."""

from __future__ import annotations

import difflib

MOST = 200
"""Lines of either side beyond which nothing is compared: it costs the square of them."""


def difference(expected: str, seen: str) -> list[tuple[str, str]]:
    """Lines with ``-`` (expected alone), ``+`` (seen alone) or a blank (both); empty where one side says
    nothing, or too much."""
    wanted, found = expected.splitlines(), seen.splitlines()
    if not wanted or not found or max(len(wanted), len(found)) > MOST:
        return []
    lines: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(None, wanted, found, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            lines += [(" ", line) for line in wanted[i1:i2]]
        else:
            lines += [("-", line) for line in wanted[i1:i2]] + [("+", line) for line in found[j1:j2]]
    return lines
