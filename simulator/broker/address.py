"""Where a broker can be reached, and why it can't listen somewhere."""

from __future__ import annotations

import errno

REASONS = {
    errno.EADDRINUSE: "the port is taken",
    errno.EACCES: "this user may not listen there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def reason(error: OSError) -> str:
    """Why a socket could not be bound, in words."""
    return REASONS.get(error.errno or 0, error.strerror or str(error))


def reachable(host: str) -> str:
    """The listening host as a client on this machine writes it in a URI."""
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
