"""The parts of a fleet as processes of this machine: started together, ended together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from simulator.control.options import TOKEN, ControlOptions
from simulator.errors import FleetPartError
from simulator.fleet.plan import FleetPlan
from simulator.fleet.shard import Shard
from simulator.fleet.words import Say, Words
from simulator.lab.child import dies_with_its_parent

LONGEST_LINE = 16 * 1024 * 1024
STOP_S = 2.2
"""From SIGTERM on: a fleet is gone within 3 s, and says what it reached."""
SENTENCE = "smib-lab: "
"""What the line of stderr begins with that says why a part failed."""


class Part:
    """One process, which runs one shard."""

    def __init__(self, shard: Shard, process: asyncio.subprocess.Process, words: Words, say: Say) -> None:
        self._shard = shard
        self._process = process
        self._words = words
        self._say = say
        self._why: str | None = None
        self._reading = [asyncio.create_task(self._listen()), asyncio.create_task(self._read_errors())]

    def __str__(self) -> str:
        number, of = self._shard.number, self._shard.of
        return f"process {number} of {of} (--shard {self._shard}, pid {self._process.pid})"

    async def ended(self) -> str:
        """Wait until it ends, and say how in a sentence; what it told is read to its end."""
        code = await self._process.wait()
        await asyncio.wait(self._reading)
        for task in self._reading:
            task.result()
        return how_it_ended(str(self), code, self._why)

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
            self._words.hear(self._shard, line)

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            text = line.decode(errors="replace").rstrip("\n")
            if text.startswith(SENTENCE):
                self._why = text.removeprefix(SENTENCE)
            else:
                self._say(text)


class Crew:
    """So many processes. They get the signals of our terminal from us alone, and never outlive us.

    With a `control` each has its own, on that port, the next, and so on, with the same token.
    """

    def __init__(self, processes: int, words: Words, say: Say, control: ControlOptions | None = None) -> None:
        self._processes = processes
        self._control = control
        self._words = words
        self._say = say
        self._parts: list[Part] = []
        self._ends: list[asyncio.Task[str]] = []

    async def start(self, given: Sequence[str], plan: FleetPlan) -> None:
        """Start a process for each part of the plan with the options `given`, told which it is."""
        for number, part in enumerate(self._words.expect(plan, self._processes)):
            process = await self._spawn(part_command([*given, *self._port(number)], str(part.shard)))
            self._parts.append(Part(part.shard, process, self._words, self._say))
            self._ends.append(asyncio.create_task(self._parts[-1].ended()))

    async def _spawn(self, command: Sequence[str]) -> asyncio.subprocess.Process:
        token = {} if self._control is None else {TOKEN: self._control.token}
        try:
            return await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, **token},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                limit=LONGEST_LINE,
                start_new_session=True,
                preexec_fn=dies_with_its_parent(),
            )
        except OSError as exc:
            started = f"{len(self._parts)} of {self._processes} processes could be started"
            raise FleetPartError(f"{started} ({exc.strerror}): fewer --processes were wanted.") from exc

    def _port(self, number: int) -> list[str]:
        """Where this one is controlled: 0 is any free port for each."""
        if self._control is None:
            return []
        return [f"--control-port={self._control.port and self._control.port + number}"]

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


def part_command(given: Sequence[str], shard: str) -> list[str]:
    """The command line of a part of a fleet that was started with the options `given`."""
    return [sys.executable, "-m", "simulator", *given, "--feed", f"--shard={shard}"]


def how_it_ended(what: str, code: int, why: str | None) -> str:
    """A sentence on a part that ended with that exit code, and that last sentence."""
    if code < 0:
        return f"{what} ended by signal {signal.Signals(-code).name}."
    return f"{what} ended with exit code {code}{'.' if why is None else f': {why}'}"
