"""A subcommand of ``smib-conform``: its words, its arguments and what it does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

DONE, FAILED, NOT_JUDGED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Command:
    """``describe`` adds the arguments to its parser; ``run`` does it and gives the exit code; it may raise a
    HarnessError, which is written as a sentence (exit code 2)."""

    name: str
    help: str
    description: str
    epilog: str
    describe: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def say(text: str) -> None:
    """A line on standard output, whatever is in it."""
    sys.stdout.write(f"{text.encode('utf-8', 'backslashreplace').decode('utf-8')}\n")
    sys.stdout.flush()
