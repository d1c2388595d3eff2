"""The folder of `--state`: every device's NVS in a file of its own, so that it survives the process
(contract, section 3).

A file is replaced as a whole, so that a process that is killed leaves the old NVS or the new one. It is not
forced to the disk: 1,000 devices that are configured at once would wait for it for seconds.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from simulator.errors import DamagedMemory, StateDirError

LOCK = "fleet.lock"


class StateDir:
    """A folder that one fleet uses at a time; a context manager. StateDirError if it can't be used.

    The files hold passwords, as a board's memory does: they and the folder are for their owner only. One that
    is `claimed` belongs to the process that started this one.
    """

    def __init__(self, path: Path, *, claimed: bool = False) -> None:
        self.path = path
        self._claimed = claimed
        self._lock: int | None = None

    def open(self) -> None:
        """Make the folder and claim it."""
        if self._claimed:
            return
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            self.close()
            raise StateDirError(
                f"--state {self.path}: another fleet uses this folder; stop it first."
            ) from exc
        except OSError as exc:
            self.close()
            raise StateDirError(
                f"--state {self.path}: a folder that can be written was wanted ({exc.strerror})."
            ) from exc

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def file(self, relay_id: str) -> Path:
        """Where a device's NVS is kept. Capitals are marked: not every file system tells them apart."""
        name = "".join(f"^{c.lower()}" if c.isupper() else c for c in quote(relay_id, safe=""))
        return self.path / f"{name}.json"

    def load(self, relay_id: str) -> Mapping[str, Any] | None:
        """What was saved, None if nothing was; DamagedMemory if it is no JSON object."""
        try:
            stored = json.loads(self.file(relay_id).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as exc:
            raise DamagedMemory("file", f"a JSON object was wanted ({type(exc).__name__})") from exc
        if not isinstance(stored, dict):
            raise DamagedMemory("file", "a JSON object was wanted")
        return stored

    def save(self, relay_id: str, nvs: Mapping[str, Any]) -> None:
        """Put `nvs` in place of what was saved before; StateDirError if the disk does not take it."""
        file = self.file(relay_id)
        fresh = file.with_suffix(".new")
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(handle, "w", encoding="utf-8") as out:
                json.dump(nvs, out)
            os.replace(fresh, file)
        except OSError as exc:
            raise StateDirError(f"{file}: the NVS could not be written ({exc.strerror}).") from exc

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
