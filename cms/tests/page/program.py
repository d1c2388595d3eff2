"""A program of ours as a process: started by its command line, found by its ready line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

READY_S = 40.0


class Program:
    """``python -m`` with ``arguments``; ``facts`` is what its ready line says. stop() ends it."""

    def __init__(self, log: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self.facts: dict[str, str] = {}
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **(environ or {})},
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(READY_S) or not self.facts:
            self.stop()
            raise AssertionError(f"{' '.join(arguments)} did not become ready:\n{log.read_text()[-2000:]}")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            first, *words = line.decode().split()
            if first == "ready" and not self._ready.is_set():
                self.facts = dict(word.split("=", 1) for word in words if "=" in word)
                self._ready.set()
        self._ready.set()
