"""How a subject's process is started: as a program of its own, or, where the self-test starts hundreds of
them, as a fork that has imported everything already."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import io
import os
import runpy
import select
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import IO, NoReturn, Protocol

MOST_FILES = 4096


class Process(Protocol):
    """What ``subprocess.Popen`` has too."""

    @property
    def pid(self) -> int: ...

    @property
    def stdout(self) -> IO[str] | None: ...

    @property
    def stderr(self) -> IO[str] | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


Launch = Callable[[Sequence[str], Mapping[str, str], str], Process]
"""``launch(argv, env, folder)``: in a process group of its own. OSError where there is no such program."""


def spawned(argv: Sequence[str], env: Mapping[str, str], folder: str) -> Process:
    return subprocess.Popen(
        argv,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


LAUNCH: contextvars.ContextVar[Launch] = contextvars.ContextVar("launch", default=spawned)
"""How processes are started here."""


def by_fork(*packages: str) -> Launch:
    """Launches by a fork what is ``python -m MODULE …`` of these packages, and spawns the rest."""

    def launch(argv: Sequence[str], env: Mapping[str, str], folder: str) -> Process:
        is_module = len(argv) > 2 and tuple(argv[:2]) == (sys.executable, "-m")
        if not is_module or not argv[2].startswith(packages):
            return spawned(argv, env, folder)
        return Fork(argv[2:], env, folder)

    return launch


class Fork:
    """A child that runs a module as its main program. Its parent has threads, whose locks may be held for
    ever in the child: it touches nothing that they share."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], folder: str) -> None:
        (out, out_end), (log, log_end), (begun, begun_end) = os.pipe(), os.pipe(), os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
            self.pid = os.fork()
        if not self.pid:
            _become(argv, env, folder, out_end, log_end)
        for end in (out_end, log_end, begun_end):
            os.close(end)
        os.read(begun, 1)  # the end of the file: the child has a process group of its own
        os.close(begun)
        self.stdout: IO[str] | None = os.fdopen(out, encoding="utf-8", errors="replace")
        self.stderr: IO[str] | None = os.fdopen(log, encoding="utf-8", errors="replace")
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """TimeoutExpired as of ``subprocess``."""
        if self.poll() is None:
            ended = os.pidfd_open(self.pid)
            try:
                select.select([ended], [], [], timeout)
            finally:
                os.close(ended)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code


def _become(argv: Sequence[str], env: Mapping[str, str], folder: str, out: int, log: int) -> NoReturn:
    code = 1
    try:
        gc.freeze()  # nothing of the parent's is collected here: it would close files of the same numbers
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, file in enumerate((nothing, out, log)):
            os.dup2(file, number)
        os.closerange(3, MOST_FILES)
        sys.stdout, sys.stderr = _written(1), _written(2)
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(name, signal.SIG_DFL)
        warnings.resetwarnings()
        os.environ.clear()
        os.environ.update(env)
        os.chdir(folder)
        code = _ran(argv)
    finally:
        os._exit(code)


def _ran(argv: Sequence[str]) -> int:
    sys.argv[:] = argv
    try:
        runpy.run_module(argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 0
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end of a program
        traceback.print_exc()
        return 1
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
    return 0


def _written(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(open(number, "wb", 0, closefd=False), encoding="utf-8", write_through=True)
