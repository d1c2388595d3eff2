"""A virtual SMIB (contract, sections 1 to 4)."""

from __future__ import annotations

from collections import Counter

from simulator.device import reception
from simulator.device.board import Board
from simulator.device.effects import Effect
from simulator.device.link import Refusal, topics_heard
from simulator.device.memory import Memory
from simulator.device.transitions import TRANSITIONS, Input, State
from wire.orders import Order
from wire.relay import canonical_relay_id

BOOT_MS = 500


class Device:
    """One SMIB. Every method that gets ``now_ms`` (milliseconds since 1970) returns what is to be done, in
    order; see `effects` for how. None of them raises, whatever is received.

    `next_deadline` says when `elapsed` wants to be called next; look again after every call of any method.
    """

    __slots__ = ("_board", "_state")

    def __init__(
        self, relay_id: str, memory: Memory, *, boot_ms: int = BOOT_MS, has_clock: bool = True
    ) -> None:
        """A board without power, whose NVS is ``memory``. One without a clock executes commands of any age
        and puts no ``ts`` into its events. RelayIdError for an id that could address other topics."""
        self._state = State.OFF
        self._board = Board(canonical_relay_id(relay_id), memory, boot_ms, has_clock)

    @property
    def relay_id(self) -> str:
        return self._board.relay_id

    @property
    def state(self) -> State:
        return self._state

    @property
    def memory(self) -> Memory:
        return self._board.memory

    @property
    def locked(self) -> bool:
        return self._board.memory.locked

    @property
    def counters(self) -> Counter[str]:
        """What was received, and what came of what was not simply answered: ``received``, ``applied``,
        ``refused``, ``expired``, ``probe``, ``unsupported``, ``unknown-component``, ``bad-frame``,
        ``report``, ``other-topic``, ``other-relay``, ``out-of-turn`` (an input that the state refuses) and
        the kinds of WireError."""
        return self._board.counters

    def power_on(self, now_ms: int) -> list[Effect]:
        return self.step(Input.POWER_ON, now_ms)

    def power_off(self, now_ms: int) -> list[Effect]:
        return self.step(Input.POWER_OFF, now_ms)

    def link_up(self, now_ms: int) -> list[Effect]:
        """Connected, and every subscription acknowledged."""
        return self.step(Input.LINK_UP, now_ms)

    def link_down(self, now_ms: int) -> list[Effect]:
        """The connection was lost, without a ``Disconnect`` of this device."""
        return self.step(Input.LINK_DOWN, now_ms, Refusal.LOST)

    def link_refused(self, reason: Refusal, now_ms: int) -> list[Effect]:
        """The connection that was asked for did not come about."""
        return self.step(Input.LINK_REFUSED, now_ms, reason)

    def receive(self, topic: str, payload: bytes, now_ms: int) -> list[Effect]:
        """A message arrived on one of the subscribed topics."""
        board = self._board
        board.counters["received"] += 1
        shared = topic in topics_heard(board.relay_id, board.memory.values("mqtt"))[1:]
        what, order = reception.read(payload, shared=shared, now_ms=board.stamp(now_ms))
        effects = self.step(what, now_ms, order)
        if self._state is State.ONLINE and board.memory.on_trial:
            effects += self.step(Input.NEW_SETTINGS, now_ms)
        return effects

    def elapsed(self, now_ms: int) -> list[Effect]:
        """Time went by: whatever is due by now is done. Harmless at any time."""
        board, effects = self._board, list[Effect]()
        while True:
            if board.fall_back_ms is not None and board.fall_back_ms <= now_ms:
                effects += self.step(Input.TRIAL_OVER, now_ms)
            elif board.due_ms is not None and board.due_ms <= now_ms:
                effects += self.step(Input.TIMER, now_ms)
            else:
                return effects

    def next_deadline(self) -> int | None:
        """When something is due next; None while only the outside can move this device."""
        board = self._board
        if board.due_ms is None or board.fall_back_ms is None:
            return board.fall_back_ms if board.due_ms is None else board.due_ms
        return min(board.due_ms, board.fall_back_ms)

    def step(self, what: Input, now_ms: int, detail: Order | Refusal | str | None = None) -> list[Effect]:
        """One row of the table, for tests and for the methods above."""
        row = TRANSITIONS.get((self._state, what))
        if row is None:
            self._board.counters["out-of-turn"] += 1
            return []
        action, self._state = row
        return action(self._board, detail, now_ms)
