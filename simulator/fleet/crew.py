"""A fleet in several processes: started together, gathered into one reading, ended together."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

from simulator.errors import FleetPartError, SummaryError
from simulator.fleet.feed import Word, heard
from simulator.fleet.plan import FleetPlan
from simulator.fleet.reading import Reading, together
from simulator.fleet.running import unborn
from simulator.lab.child import dies_with_its_parent

LONGEST_LINE = 16 * 1024 * 1024
STOP_S = 2.2
"""From SIGTERM on: a fleet is gone within 3 s, and says what it reached."""
SENTENCE = "smib-lab: "

Say = Callable[[str], object]


class Part:
    """One process, which runs one shard. `word` is the last that it told; `why` the last line of its stderr
    that was a sentence on its end.
    """

    def __init__(
        self, plan: FleetPlan, process: asyncio.subprocess.Process, say: Say, told: asyncio.Event
    ) -> None:
        self.shard = plan.shard
        self.word = Word(unborn(plan))
        self._process = process
        self._say = say
        self._told = told
        self._why: str | None = None
        self._reading = [asyncio.create_task(self._listen()), asyncio.create_task(self._read_errors())]

    @property
    def pid(self) -> int:
        return self._process.pid

    def __str__(self) -> str:
        return f"process {self.shard.number} of {self.shard.of} (--shard {self.shard}, pid {self.pid})"

    async def ended(self) -> str:
        """Wait until it ends, and say how in a sentence; what it told is read to its end."""
        code = await self._process.wait()
        await asyncio.wait(self._reading)
        for task in self._reading:
            task.result()
        if code < 0:
            return f"{self} ended by signal {signal.Signals(-code).name}."
        why = "." if self._why is None else f": {self._why}"
        return f"{self} ended with exit code {code}{why}"

    def end(self) -> None:
        """Tell it to stop."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            try:
                self.word = heard(line)
                self._told.set()
            except SummaryError as exc:
                self._say(f"! {self} {exc}")

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            text = line.decode(errors="replace").rstrip("\n")
            if text.startswith(SENTENCE):
                self._why = text.removeprefix(SENTENCE)
            else:
                self._say(text)


class Crew:
    """The processes of a fleet. They get the signals of our terminal from us alone, and never outlive us."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._told = asyncio.Event()
        self._parts: list[Part] = []
        self._ends: list[asyncio.Task[str]] = []

    @property
    def parts(self) -> Sequence[Part]:
        return self._parts

    @property
    def reading(self) -> Reading:
        """What all of them told."""
        return together(part.word.reading for part in self._parts)

    @property
    def ready(self) -> bool:
        """Whether all of them are."""
        return bool(self._parts) and all(part.word.ready for part in self._parts)

    async def start(self, command: Sequence[str], parts: Sequence[FleetPlan]) -> None:
        """Start a process for each part of a plan: `command`, told which."""
        for plan in parts:
            process = await asyncio.create_subprocess_exec(
                *command,
                f"--shard={plan.shard}",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                limit=LONGEST_LINE,
                start_new_session=True,
                preexec_fn=dies_with_its_parent(),
            )
            part = Part(plan, process, self._say, self._told)
            self._parts.append(part)
            self._ends.append(asyncio.create_task(part.ended()))

    async def settled(self) -> None:
        """Wait until all of them are ready."""
        while not self.ready:
            self._told.clear()
            await self._told.wait()

    async def ended(self) -> None:
        """Wait until one of them ends by itself; FleetPartError says which and how."""
        done, _ = await asyncio.wait(self._ends, return_when=asyncio.FIRST_COMPLETED)
        raise FleetPartError(next(end for end in self._ends if end in done).result())

    async def stop(self) -> None:
        """End all, within 3 s; what they told last is known then."""
        for part in self._parts:
            part.end()
        if not self._ends:
            return
        _, late = await asyncio.wait(self._ends, timeout=STOP_S)
        for part, end in zip(self._parts, self._ends, strict=True):
            if end in late:
                self._say(f"! fleet {part} did not end within {STOP_S:g} s and was killed")
                part.kill()
        await asyncio.wait(self._ends)


def command_of(given: Sequence[str]) -> list[str]:
    """The command line of a process of a fleet that was started with the options `given`."""
    return [sys.executable, "-m", "simulator", *given, "--feed"]
