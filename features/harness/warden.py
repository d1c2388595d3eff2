"""Kills what a harness that died has left running. Started by ``process.Warden``, one for each run.

It reads lines ``+PGID`` and ``-PGID`` from its standard input and ends, with every process group that is
still listed, when that input ends: however its parent came to die.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable


def guard(lines: Iterable[str]) -> set[int]:
    """The process groups that are still listed when ``lines`` end."""
    listed: set[int] = set()
    for line in lines:
        (listed.add if line[0] == "+" else listed.discard)(int(line[1:]))
    return listed


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for group in guard(sys.stdin):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
