"""What a program of the pair says: its ready line to stdout, everything else to stderr, a line each."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def log(mark: str, event: str, **facts: object) -> None:
    words = [mark, event, *(f"{name}={value}" for name, value in facts.items())]
    sys.stderr.write(" ".join(words) + "\n")
    sys.stderr.flush()
