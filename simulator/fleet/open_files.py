"""How many files this process may have open: every connection is one."""

from __future__ import annotations

import resource

from simulator.errors import LabError

BESIDE = 200
"""Files open beside the connections of devices: libraries, logs, the CMS's and the watchers' connections."""


def allow_open_files(connections: int) -> None:
    """See to it that this process may have so many connections; LabError where the system forbids it."""
    needed = connections + BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _enough(soft, needed):
        return
    if not _enough(hard, needed):
        raise LabError(
            f"{connections} connections need {needed} open files and this system allows {hard}: "
            f"give a smaller --count, or allow more (ulimit -n {needed})"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _enough(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed
