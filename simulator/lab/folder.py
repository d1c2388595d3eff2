"""The folder of a lab: its database, its memories and its logs, which all hold what is nobody else's."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.errors import StateDirError

CMS_LOG, FLOOR_LOG = "cms.log", "floor.log"


class LabFolder:
    """The folder of --state; or, where there is none, one of our own that is removed at the end, unless it is
    to be kept for who looks for what went wrong. A context manager.
    """

    def __init__(self, state: Path | None) -> None:
        """StateDirError where `state` can't be a folder."""
        self._ours = state is None
        self.path = Path(tempfile.mkdtemp(prefix="smib-lab-")) if state is None else _made(state)

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
        self._ours = self._ours and not told
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ours:
            shutil.rmtree(self.path, ignore_errors=True)


def _made(state: Path) -> Path:
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise StateDirError(f"--state {state}: a folder was wanted ({exc.strerror}).") from exc
    return state.resolve()
