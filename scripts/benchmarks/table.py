"""Tables for a terminal, and the few numbers that stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles


def milliseconds(samples: Sequence[float]) -> str:
    """Median and 95th percentile of ``samples`` (seconds)."""
    return f"{median(samples) * 1000:.2f} ms (p95 {quantiles(samples, n=20)[-1] * 1000:.2f})"


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints one table in Markdown, its columns aligned."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    print(f"\n{title}\n")
    for row in (head, ["-" * width for width in widths], *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    print(flush=True)
