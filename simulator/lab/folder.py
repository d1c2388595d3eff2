"""The folder of a lab: its database, its memories and its logs, which all hold what is nobody else's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.errors import StateDirError

CMS_LOG, FLOOR_LOG = "cms.log", "floor.log"
PREFIX, LOCK = "smib-lab-", "lab.lock"


class LabFolder:
    """The folder of --state; or, where there is none, one of our own that is removed at the end, unless it is
    to be kept for who looks for what went wrong. A context manager.

    What a lab that was killed left behind is removed by the next one: nobody holds its lock.
    """

    def __init__(self, state: Path | None) -> None:
        """StateDirError where `state` can't be a folder."""
        self._lock: int | None = None
        self._ours = state is None
        if state is not None:
            self.path = _made(state)
            return
        _sweep(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = _locked(self.path / LOCK, os.O_CREAT)

    def log(self, name: str) -> Path:
        """A log in it, for its owner only, to be appended to; StateDirError where that can't be."""
        file = self.path / name
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.fchmod(handle, 0o600)  # it may be of a lab that left it to everybody
            finally:
                os.close(handle)
        except OSError as exc:
            raise StateDirError(f"{file}: a log that can be written was wanted ({exc.strerror}).") from exc
        return file

    def keep(self) -> list[Path]:
        """Do not remove it; the logs that have something to say."""
        logs = [self.path / name for name in (CMS_LOG, FLOOR_LOG)]
        told = [log for log in logs if log.is_file() and log.stat().st_size]
        if told and self._ours:
            self._ours = False
            (self.path / LOCK).unlink()  # or the next lab would take it for one that was left behind
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ours:
            shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)


def _made(state: Path) -> Path:
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise StateDirError(f"--state {state}: a folder was wanted ({exc.strerror}).") from exc
    return state.resolve()


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # somebody else's, or kept, or of a lab that runs
            if left.stat().st_uid == os.getuid():
                os.close(_locked(left / LOCK))
                shutil.rmtree(left, ignore_errors=True)


def _locked(file: Path, create: int = 0) -> int:
    """The lock while this process has it; OSError where another one has, or there is none."""
    handle = os.open(file, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | create, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle
