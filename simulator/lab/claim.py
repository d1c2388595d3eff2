"""Ports that a program will listen on, found free and kept until it does."""

from __future__ import annotations

import errno
import socket
from types import TracebackType
from typing import Self

from simulator.broker.address import reason
from simulator.errors import LabError

HOST = "127.0.0.1"


class PortClaim:
    """Holds a port, so that nobody is given it as a free one, until `release`."""

    def __init__(self, port: int, option: str) -> None:
        """Claim `port`, or any free one for 0; LabError, which names `option`, where that can't be."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
        except OSError as exc:
            self._socket.close()
            raise LabError(_refusal(exc, port, option)) from exc
        self.port: int = self._socket.getsockname()[1]

    def release(self) -> int:
        """Let go of the port, to be listened on at once; twice is harmless."""
        self._socket.close()
        return self.port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _refusal(error: OSError, port: int, option: str) -> str:
    another = f"give another with {option} (0 = any free port)"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: stop what listens there, or {another}"
    return f"port {port} can't be used ({reason(error)}): {another}"
