"""A `smib-lab` process as its user sees it: what it prints, with a deadline, and how it ends."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Self

DEADLINE_S = 20.0


class Program:
    """Runs `python -m simulator ARGS`; it is killed on leaving the context if it still runs."""

    def __init__(self, *args: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulator", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out = _Lines(self.process.stdout)
        self.err = _Lines(self.process.stderr)

    def ready(self) -> dict[str, str]:
        """The facts of the ready line."""
        line = self.out.find(lambda line: line.startswith("ready "), "a ready line")
        return dict(fact.split("=", 1) for fact in line.split()[2:])

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, float]:
        """Send a signal; the exit code, and the seconds until it came."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE_S)
        return code, time.monotonic() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        self.out.close()
        self.err.close()


class _Lines:
    """The lines of a stream, read as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.seen: list[str] = []

    def find(self, wanted: Callable[[str], bool], what: str) -> str:
        """The next line that is wanted; a failed test if the stream ends or the deadline passes first."""
        until = time.monotonic() + DEADLINE_S
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{what} did not come within {DEADLINE_S} s after {self.seen}") from None
            assert line is not None, f"{what} did not come before the end, only {self.seen}"
            self.seen.append(line)
            if wanted(line):
                return line

    def next(self) -> str:
        """The next line, whatever it is."""
        return self.find(lambda _: True, "a line")

    def rest(self) -> list[str]:
        """Everything until the end of the stream."""
        self._thread.join(DEADLINE_S)
        lines = iter(self._queue.get_nowait, None)
        self.seen.extend(lines)
        return self.seen

    def close(self) -> None:
        self._thread.join(DEADLINE_S)
        self._stream.close()

    def _read(self) -> None:
        for line in self._stream:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)


def run(*args: str) -> subprocess.CompletedProcess[str]:
    """A `smib-lab` that ends by itself."""
    command = [sys.executable, "-m", "simulator", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
