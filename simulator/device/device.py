"""A virtual SMIB (contract, sections 1 to 4)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from simulator.device import reception
from simulator.device.board import Board
from simulator.device.conditions import DOORS, Condition
from simulator.device.dice import Dice
from simulator.device.effects import Effect
from simulator.device.firmware import Progress, is_loading
from simulator.device.image import Image, Received, verified
from simulator.device.link import Refusal
from simulator.device.memory import Memory
from simulator.device.play import Play
from simulator.device.transitions import TRANSITIONS, Input, State
from simulator.errors import ImageError
from wire.relay import canonical_relay_id

BOOT_MS = 500
LARGEST_WIN = 10**9


class Device:
    """One SMIB. Every method that gets ``now_ms`` (milliseconds since 1970) returns what is to be done, in
    order; see `effects` for how. None of them raises, whatever is received.

    `next_deadline` says when `elapsed` wants to be called next; look again after every call of any method.
    """

    __slots__ = ("_board", "_state")

    def __init__(
        self,
        relay_id: str,
        memory: Memory,
        *,
        boot_ms: int = BOOT_MS,
        has_clock: bool = True,
        play: Play | None = None,
        dice: Dice | None = None,
    ) -> None:
        """A board without power, whose NVS is ``memory``. One without a clock executes commands of any age
        and puts no ``ts`` into its events. Without ``play`` nobody plays at its machine; ``dice`` decide what
        is left to chance there. RelayIdError for an id that could address other topics."""
        self._state = State.OFF
        self._board = Board(canonical_relay_id(relay_id), memory, boot_ms, has_clock, play=play, dice=dice)
        if play is not None:  # whom it was waiting for when its memory was stored comes now
            self._board.awaited = memory.conditions & ~DOORS

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
        ``refused``, ``expired``, ``probe``, ``unknown-component``, ``bad-frame``, ``report``,
        ``other-topic``, ``other-relay``, ``held-up`` (what the machine did not do), ``out-of-turn`` (an
        input that the state refuses) and the kinds of WireError."""
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

    def play(self, now_ms: int, win: int | None = None) -> list[Effect]:
        """One game at the machine; ``win`` (credits) decides it in the place of chance."""
        return self.step(Input.PLAY, now_ms, win if win is None else min(max(win, 0), LARGEST_WIN))

    def insert_bill(self, denomination: int, now_ms: int) -> list[Effect]:
        """A bill of so many whole units of currency."""
        return self.step(Input.BILL, now_ms, denomination)

    def cash_out(self, now_ms: int) -> list[Effect]:
        """The player takes his credits."""
        return self.step(Input.CASH_OUT, now_ms)

    def begin(self, condition: Condition, now_ms: int) -> list[Effect]:
        """Something is the matter with the machine from now on: a door is opened, it tilts, a bill jams …"""
        return self.step(Input.BEGIN, now_ms, condition)

    def end(self, condition: Condition, now_ms: int) -> list[Effect]:
        """It is put right: the door is closed, the stacker emptied, the handpay paid …"""
        return self.step(Input.END, now_ms, condition)

    def download_progress(self, received: int, total: int | None, now_ms: int) -> list[Effect]:
        """So much of the image has come."""
        return self._loading(Input.PROGRESS, now_ms, Progress(received, total))

    def downloaded(self, received: Received, now_ms: int) -> list[Effect]:
        """The download is over: the board judges what came."""
        try:
            image = verified(received)
            if image.name != self._board.memory.values("app")["firmware"]:
                raise ImageError(f"an image for {image.name}")
        except ImageError as exc:
            return self.download_failed(str(exc), now_ms)
        return self._loading(Input.INSTALL, now_ms, image)

    def download_failed(self, why: str, now_ms: int) -> list[Effect]:
        """The image did not come; ``why`` is a short reason that is fit for an event."""
        return self._loading(Input.NO_IMAGE, now_ms, why)

    def receive(self, topic: str, payload: bytes, now_ms: int) -> list[Effect]:
        """A message arrived on one of the subscribed topics."""
        board = self._board
        board.counters["received"] += 1
        shared = topic in board.route().all_boards
        what, order = reception.read(payload, shared=shared, now_ms=board.stamp(now_ms))
        effects = self.step(what, now_ms, order)
        if self._state is State.ONLINE and board.memory.on_trial:
            effects += self.step(Input.NEW_SETTINGS, now_ms)
        return effects

    def elapsed(self, now_ms: int) -> list[Effect]:
        """Time went by: whatever is due by now is done, what was due first at first. Harmless at any time."""
        effects: list[Effect] = []
        while (due := self._next()) is not None and due[0] <= now_ms:
            effects += self.step(due[1], now_ms)
        return effects

    def next_deadline(self) -> int | None:
        """When something is due next; None while only the outside can move this device."""
        due = self._next()
        return None if due is None else due[0]

    def step(self, what: Input, now_ms: int, detail: Any = None) -> list[Effect]:
        """One row of the table, for tests and for the methods above."""
        row = TRANSITIONS.get((self._state, what))
        if row is None:
            self._board.counters["out-of-turn"] += 1
            return []
        action, self._state = row
        return action(self._board, detail, now_ms)

    def _next(self) -> tuple[int, Input] | None:
        """The timer that is due first, and what it is the input of."""
        board, first = self._board, None
        if (due_ms := board.fall_back_ms) is not None:
            first = due_ms, Input.TRIAL_OVER
        if (due_ms := board.due_ms) is not None and (first is None or due_ms < first[0]):
            first = due_ms, Input.TIMER
        if (due_ms := board.confirm_ms) is not None and (first is None or due_ms < first[0]):
            first = due_ms, Input.UNCONFIRMED
        if (due_ms := board.play_ms) is not None and (first is None or due_ms < first[0]):
            first = due_ms, Input.TURN
        return first

    def _loading(self, what: Input, now_ms: int, detail: Progress | Image | str) -> list[Effect]:
        """An input of a download; out of turn while there is none."""
        if is_loading(self._board):
            return self.step(what, now_ms, detail)
        self._board.counters["out-of-turn"] += 1
        return []
