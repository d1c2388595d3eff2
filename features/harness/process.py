"""Subjects as processes: a command line, a ready line, and an end that leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from features.harness import warden
from features.harness.errors import Missing, SubjectFailed
from features.harness.evidence.timeline import Timeline
from features.harness.inbox import Inbox
from features.harness.launch import LAUNCH

ROOT = Path(__file__).resolve().parents[2]
START = 20.0
"""Seconds for a start on a loaded machine; a start usually takes less than one."""
STOP = 5.0
_OURS = ("MQTT_", "CMS_", "HOST", "PORT", "PYTEST_", "COV_")


class Running:
    """One process under test, in a process group of its own."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        timeline: Timeline,
        folder: str | None = None,
    ) -> None:
        self.name = name
        self.argv = tuple(argv)
        self.stdout: Inbox[str] = Inbox(f"{name}'s standard output", timeline)
        self.log: Inbox[str] = Inbox(f"{name}'s log", timeline)
        self._timeline = timeline
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        full = {**inherited, "PYTHONUNBUFFERED": "1", **env}
        self._process = LAUNCH.get()(self.argv, full, folder or str(ROOT))
        self._readers = [
            self._read(self._process.stdout, self.stdout),
            self._read(self._process.stderr, self.log),
        ]
        timeline.note(name, "=", f"started, process {self.pid}")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ready(self, within: float = START) -> dict[str, str]:
        """The facts of the ready line; SubjectFailed where the process ends or stays silent."""
        try:
            line = self.stdout.first(lambda text: text.startswith("ready "), "a ready line", within=within)
        except Missing as exc:
            raise SubjectFailed(
                self.name, f"no ready line from {' '.join(self.argv)}", list(self.log)
            ) from exc
        return dict(word.split("=", 1) for word in line.split() if "=" in word)

    def stop(self) -> int:
        """Ends it as a person would (SIGTERM); its exit code. SubjectFailed where it does not end."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """Power is cut: SIGKILL to the whole group."""
        return self._end(signal.SIGKILL)

    def exit_code(self) -> int:
        """Waits for an end that comes by itself."""
        try:
            code = self._process.wait(START * self._timeline.pace)
        except subprocess.TimeoutExpired as exc:
            raise SubjectFailed(self.name, "it still runs", list(self.log)) from exc
        self._drain()
        return code

    def _end(self, number: signal.Signals) -> int:
        if self.alive:
            self._timeline.note(self.name, "=", f"gets {number.name}")
            self._signal(number)
        try:
            code = self._process.wait(STOP)
        except subprocess.TimeoutExpired as exc:
            self._signal(signal.SIGKILL)
            self._process.wait(STOP)
            raise SubjectFailed(
                self.name, f"did not end {STOP:g} s after {number.name}", list(self.log)
            ) from exc
        finally:
            self._drain()
        return code

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _drain(self) -> None:
        self._signal(signal.SIGKILL)
        for reader in self._readers:
            reader.join(STOP)

    def _read(self, stream: IO[str] | None, inbox: Inbox[str]) -> threading.Thread:
        def read() -> None:
            assert stream is not None
            with stream:
                for line in stream:
                    self._timeline.note(self.name, "|", line.rstrip("\n"))
                    inbox.put(line.rstrip("\n"))
            inbox.close("the process has ended")

        thread = threading.Thread(target=read, name=f"{self.name} {self.pid}", daemon=True)
        thread.start()
        return thread


class Warden:
    """The process that outlives a harness which dies, and kills what it left running."""

    def __init__(self) -> None:
        argv = [sys.executable, "-S", "-E", warden.__file__]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True, text=True)

    def close(self) -> None:
        self._process.communicate(timeout=STOP)

    def watch(self, group: int) -> None:
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


class Workshop:
    """Starts processes, and ends in reverse order those that still run when the block ends. ``temporary`` is
    where they leave what they do not clear away when they are killed, None for the usual place."""

    def __init__(self, guard: Warden, timeline: Timeline, temporary: Path | None = None) -> None:
        self.timeline = timeline
        self._warden = guard
        self._env = {} if temporary is None else {"TMPDIR": str(temporary)}
        self._running: list[Running] = []

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.ExitStack() as ends:
            for running in self._running:
                ends.callback(self._end, running)
        self._running.clear()

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, folder: str | None = None
    ) -> Running:
        """SubjectFailed where there is no such program."""
        with _interrupted_later():
            try:
                running = Running(name, argv, {**self._env, **(env or {})}, self.timeline, folder)
            except OSError as exc:
                raise SubjectFailed(name, f"{argv[0]!r} can't be started: {exc.strerror or exc}") from exc
            self._warden.watch(running.pid)
            self._running.append(running)
        return running

    def _end(self, running: Running) -> None:
        """However it ends: that it does so in time is nothing that the contract asks of a subject."""
        try:
            running.stop()
        except SubjectFailed as exc:
            self.timeline.note(running.name, "=", str(exc))
        finally:
            self._warden.forget(running.pid)


@contextlib.contextmanager
def _interrupted_later() -> Iterator[None]:
    """Ctrl-C inside takes effect at its end: what is being started is known to whoever ends it."""
    if threading.current_thread() is not threading.main_thread():  # which no signal interrupts
        yield
        return
    caught: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        for number in caught[:1]:
            signal.raise_signal(number)
