"""How many files this process may have open: every connection is one."""

from __future__ import annotations

import resource

from simulator.errors import ShortageError

BESIDE = 200
"""Files open beside the connections of devices: libraries, logs, the CMS's and the watchers' connections."""


def allow_open_files(connections: int) -> None:
    """See to it that this process may have so many connections; ShortageError where the system forbids it."""
    needed = connections + BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _enough(soft, needed):
        return
    if not _enough(hard, needed):
        raise ShortageError(
            f"{connections} connections need {needed} open files and this system allows {hard}: "
            f"a smaller --count, more --processes, or a higher limit (ulimit -n {needed}) were wanted."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def most_connections() -> int | None:
    """How many this process may have at most; None for any number."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if hard == resource.RLIM_INFINITY else max(1, hard - BESIDE)


def _enough(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed
