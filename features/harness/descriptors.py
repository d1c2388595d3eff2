"""How many files the harness may have open: its tap holds two for each SMIB."""

from __future__ import annotations

import resource

WANTED = 4096


def with_more_files(wanted: int = WANTED) -> int:
    """Raises the limit of this process and of what it starts, as far as the system lets it; the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
