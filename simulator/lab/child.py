"""A program of ours in a process of its own, which never outlives us."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from simulator.errors import LabError

PR_SET_PDEATHSIG = 1
LOG_TAIL_BYTES = 8192


class Child:
    """A program that prints a ready line, logs to a file and ends at SIGTERM.

    It has a session of its own, so that Ctrl-C reaches only us and we choose the order of the end. On Linux
    it gets SIGTERM from the kernel when we die, however we die; elsewhere only `stop` ends it.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path | None) -> None:
        self._name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path | None
    ) -> Self:
        """Start `command`; its stderr goes to the file `log`, or to ours where that is None."""
        with contextlib.ExitStack() as opened:
            errors = None if log is None else opened.enter_context(log.open("ab"))
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                preexec_fn=dies_with_its_parent(),
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ready(self, within: float) -> dict[str, str]:
        """The facts of its ready line; LabError if it ends first, or says nothing in time."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(within):
                while line := await self._process.stdout.readline():
                    words = line.decode(errors="replace").split()
                    if words[:1] == ["ready"]:
                        return dict(word.partition("=")[::2] for word in words[2:])
        except TimeoutError as exc:
            raise LabError(f"{self._name} was not ready within {within:g} s{self._reason()}") from exc
        await self._process.wait()
        raise LabError(f"{self._name} ended during its start{self._reason()}")

    async def ended(self) -> str:
        """Wait until it ends by itself, and say so in a sentence."""
        code = await self._process.wait()
        if code < 0:  # the last line of its log need not be about that, but is the last that it did
            end = f"by signal {signal.Signals(-code).name}"
            return f"{self._name} ended by itself, {end}{self._reason('; its log ends in')}"
        return f"{self._name} ended by itself, with exit code {code}{self._reason()}"

    async def stop(self, within: float) -> None:
        """SIGTERM, and SIGKILL for it and all of its own after `within` seconds."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), within)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    def _reason(self, before: str = "") -> str:
        """The last line of its log, where there is one, after a colon."""
        if self._log is None:
            return ""
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            file.seek(max(0, self._log.stat().st_size - LOG_TAIL_BYTES))
            lines = file.read().decode(errors="replace").strip().splitlines()
            if lines:
                return f"{before}: {lines[-1]}"
        return ""


def dies_with_its_parent(end: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn`, by which a child asks the kernel for a signal at our death; None where none can."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, end, 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return ask
