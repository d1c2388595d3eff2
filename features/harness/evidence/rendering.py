"""The timeline as text: aligned columns of time, who, to whom, and what."""

from __future__ import annotations

from collections.abc import Sequence

from features.harness.evidence.entry import Entry, Step

WIDEST = 24
LONGEST = 400


def lines(entries: Sequence[Entry]) -> list[str]:
    """One line for each entry, times in seconds since the first of them; a step stands out."""
    start = entries[0].at if entries else 0.0
    pairs = [_pair(entry) for entry in entries]
    width = max((len(pair) for pair in pairs), default=0)
    return [
        f"{entry.at - start:8.3f}  {pair:<{width}}  {_cut(entry.what)}"
        for entry, pair in zip(entries, pairs, strict=True)
    ]


def _pair(entry: Entry) -> str:
    if isinstance(entry, Step):
        return "────"
    source, target = entry.source[:WIDEST], entry.target[:WIDEST]
    return f"{source} → {target}" if target else source


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
