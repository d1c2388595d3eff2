"""Whether there is room where the database is, and whether it can be written to. It blocks: use a thread."""

from __future__ import annotations

import os
from pathlib import Path

MEGABYTE = 1_000_000
PROBE = ".cms-probe"


def disk_problem(folder: Path | None, min_free_mb: int) -> str | None:
    """What is wrong with the disk of ``folder``, None where nothing is. A byte is written, and removed."""
    if folder is None:  # the database is in memory
        return None
    probe = folder / PROBE
    try:
        free_mb = _free_bytes(folder) // MEGABYTE
        probe.write_bytes(b".")
        probe.unlink()
    except OSError as exc:
        return f"{folder} can't be written to, {exc.strerror or exc}"
    if free_mb < min_free_mb:
        return f"{free_mb} MB are free in {folder}, at least {min_free_mb} MB were wanted"
    return None


def _free_bytes(folder: Path) -> int:
    """What this user may still write; the rest is the administrator's."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
