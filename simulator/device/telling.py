"""What one happening at the machine is told by: the contract's events, and SAS exceptions where wanted."""

from __future__ import annotations

from simulator.device.board import Board
from simulator.device.conditions import Condition
from simulator.device.effects import Effect


class Telling:
    """Gathers messages in their order; ``said`` is what was gathered."""

    __slots__ = ("_live", "_route", "_stamp", "said")

    def __init__(self, board: Board, now_ms: int) -> None:
        self._route = board.route()
        self._stamp = board.stamp(now_ms)
        self._live = board.memory.value("coms", "comsRTE") == 1
        self.said: list[Effect] = []

    def event(self, name: str, pyd: str = "") -> None:
        """An event of the contract's list."""
        self.said.append(self._route.event(name, self._stamp, pyd))

    def exception(self, code: str) -> None:
        """A SAS exception, where real-time events are on; nothing for a happening without a code."""
        if code and self._live:
            self.said.append(self._route.exception(code, self._stamp))

    def begun(self, condition: Condition) -> None:
        """Something is the matter."""
        if condition.event:
            self.event(condition.event, condition.pyd)
        self.exception(condition.begun)
