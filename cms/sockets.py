"""What is done to sockets that a library made, and keeps to itself."""

from __future__ import annotations

import os
import socket
import struct
import traceback
from typing import Any


def send_at_once(sock: Any) -> None:
    """Without Nagle's algorithm, with which messages wait for each other."""
    with _twin(sock) as twin:
        twin.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def reset_at_close(sock: Any) -> None:
    """What it has not sent when it is closed is thrown away, and the other side is told by a reset."""
    with _twin(sock) as twin:
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close_sockets_in(exc: BaseException) -> None:
    """Close the sockets in the frames that ``exc`` came through: what was left open by who raised it."""
    for frame, _ in traceback.walk_tb(exc.__traceback__):
        for value in frame.f_locals.values():
            if isinstance(value, socket.socket):
                value.close()


def _twin(sock: Any) -> socket.socket:
    """The same connection as a plain socket, for options: ``sock`` may be one of its own that has none."""
    return socket.socket(fileno=os.dup(sock.fileno()))
