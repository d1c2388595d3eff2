"""The keepalives of many connections: one timer, and for each second who is looked after in it."""

from __future__ import annotations

import asyncio
import time
from math import ceil

from simulator.link.connection import Connection

TURN_S = 1.0


class Wheel:
    """Calls `keep_alive` of each connection at its second. It turns only while there is one."""

    def __init__(self) -> None:
        self._due: dict[int, set[Connection]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def put(self, connection: Connection, when_s: float) -> None:
        """Let it be looked after at that time of `time.monotonic`, and at no other."""
        self.drop(connection)
        connection.due_s = ceil(when_s)
        self._due.setdefault(connection.due_s, set()).add(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TURN_S, self._turn)

    def drop(self, connection: Connection) -> None:
        """Look after it no more."""
        if connection.due_s is None:
            return
        waiting = self._due[connection.due_s]
        waiting.remove(connection)
        if not waiting:
            del self._due[connection.due_s]
        connection.due_s = None
        if not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TURN_S, self._turn)
        now_s = time.monotonic()
        for connection in [one for second, some in self._due.items() if second <= now_s for one in some]:
            self.drop(connection)
            connection.keep_alive()
