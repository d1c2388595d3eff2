"""Free ports for subjects that must be told theirs."""

from __future__ import annotations

import itertools
import random
import socket

FIRST, LAST = 20_000, 32_000
"""Below those that the kernel gives to connections, so that none takes the port before its owner does."""


def free_port(host: str = "127.0.0.1") -> int:
    """One on which nobody listens at this moment."""
    for _ in itertools.repeat(None, 1000):
        port = random.SystemRandom().randrange(FIRST, LAST)
        if is_free(port, host):
            return port
    raise OSError(f"no free port between {FIRST} and {LAST}")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now; what is left of closed connections keeps it from nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((host, port))
        except OSError:
            return False
    return True
