"""The lock of a SQLite file that one service at a time holds; the system takes it back however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from cms.errors import StoreError


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold ``database`` while inside; StoreError where another service does.

    The lock is on a file beside it: SQLite loses its own locks where somebody else closes the file itself.
    Programs that only use the database, as those for users and audit do, need no lock.
    """
    path = database.with_name(f"{database.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise StoreError(f"The database {database} can't be locked: {exc.strerror}") from exc
    try:
        _lock(file, database)
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)


def _lock(file: int, database: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        holder = os.read(file, 32).decode(errors="replace").strip() or "unknown"
        raise StoreError(
            f"The database {database} is used by another smib-cms serve, process {holder}: a SQLite file is "
            f"for one process, CMS_DATABASE=mongodb://host/name is for several"
        ) from exc
