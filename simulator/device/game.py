"""What happens at the gaming machine: games, bills, cash-outs, doors, tilts, handpays (contract, section 4).

Each function is one row's action of the table in `transitions`. Interpretations:

- INT-10: The ``pyd`` of an event that is about money is its amount in credits of one cent, in decimal: the
  bet of ``GAME_PLAYED`` and ``GAME_LOST``, the win of ``GAME_WON`` and ``JACKPOT_HIT``, the value of a bill.
  So the meters are the sums of the events.
- INT-12: A game is played in an instant: ``GAME_PLAYED``, then ``GAME_WON`` or ``GAME_LOST``. A win that the
  attendant pays is ``GAME_WON``, then ``JACKPOT_HIT``, and the machine waits for the handpay.
- INT-13: With ``comsRTE`` 1 the SAS exceptions come as well, in the order of the machine: 7E before a game,
  7F after it.
- INT-17: A cash-out has no event of the contract: it is told by SAS (66, then 3D for a ticket or 51 for a
  handpay) and by the meters.
- INT-16: A lock stops games and bills; a player's credits can still be cashed out. An open door, a tilt and
  a pending handpay stop all three; a jammed or full validator stops bills.
- INT-20: Without a connection the machine is not played, so that no event is lost; doors and tilts are told
  when it is back.
"""

from __future__ import annotations

from simulator.device import conditions as of
from simulator.device import meters
from simulator.device.board import Board
from simulator.device.conditions import Condition, among
from simulator.device.effects import Effect, Note, Save
from simulator.device.play import BILL_EXCEPTIONS, CREDITS_PER_UNIT, LARGEST_BILL, OTHER_BILL, Play
from simulator.device.telling import Telling

GAME_STARTED, GAME_ENDED = "7E", "7F"
BILL_REJECTED = "2B"
CASH_OUT_PRESSED, TICKET_PRINTED = "66", "3D"


def play(board: Board, win: int | None, now_ms: int) -> list[Effect]:
    """One game; ``win`` is its win in credits, None where chance decides."""
    habits = board.habits()
    if _held_up(board, of.HOLDS_PLAY) or board.memory.credits < habits.bet:
        return _refused(board, "game")
    return _kept(board, _played(board, Telling(board, now_ms), win))


def insert_bill(board: Board, denomination: int, now_ms: int) -> list[Effect]:
    """A bill, in whole units of currency."""
    if _held_up(board, of.HOLDS_BILLS):
        return _refused(board, "bill")
    telling = Telling(board, now_ms)
    if not 1 <= denomination <= LARGEST_BILL:
        return _rejected(telling, denomination).said
    return _kept(board, _accepted(board, telling, denomination))


def cash_out(board: Board, _: object, now_ms: int) -> list[Effect]:
    """The player takes his credits, by ticket or, if they are many, by hand."""
    if board.memory.conditions & of.HOLDS_PLAY or not board.memory.credits:
        return _refused(board, "cash-out")
    return _kept(board, _cashed_out(board, Telling(board, now_ms)))


def begin(board: Board, condition: Condition, now_ms: int) -> list[Effect]:
    """Something is the matter from now on."""
    if board.memory.conditions & condition.bit:
        return []
    return _kept(board, _begun(board, Telling(board, now_ms), condition))


def begin_unheard(board: Board, condition: Condition, _: int) -> list[Effect]:
    """As `begin`, without a connection: it is told later."""
    if board.memory.conditions & condition.bit:
        return []
    board.memory.cabinet.conditions |= condition.bit
    return [Save(board.memory)]


def end(board: Board, condition: Condition, now_ms: int) -> list[Effect]:
    """It is put right."""
    if not _matters(board, condition):
        return []
    return _kept(board, _ended(board, Telling(board, now_ms), condition))


def end_unheard(board: Board, condition: Condition, _: int) -> list[Effect]:
    if not _matters(board, condition):
        return []
    _put_right(board, condition)
    return [Save(board.memory)]


def tell_untold(board: Board, telling: Telling) -> None:
    """What began or was over while nobody could be told."""
    memory = board.memory
    for condition in among(memory.untold):
        if memory.conditions & condition.bit:
            telling.begun(condition)
        else:
            telling.exception(condition.over)
    if memory.untold:
        memory.cabinet.told = memory.conditions


def turn(board: Board, _: object, now_ms: int) -> list[Effect]:
    """The player's next turn, or the attendant's for whom the machine waits."""
    habits, telling, acted = board.habits(), Telling(board, now_ms), True
    if board.awaited:
        _attended(board, telling)
    elif _held_up(board, of.HOLDS_PLAY):
        acted = False
    else:
        _players_turn(board, telling, habits)
    pause_ms = habits.attendant_ms if board.awaited else habits.drawn_pause_ms(board.chance(), now_ms)
    board.play_ms = now_ms + pause_ms
    return _kept(board, telling) if acted else []


def _players_turn(board: Board, telling: Telling, habits: Play) -> None:
    """A bill where credits are short, then a game; a player who won enough takes it instead."""
    memory, dice, before = board.memory, board.chance(), board.memory.conditions
    if memory.credits >= habits.cash_out_from:
        _cashed_out(board, telling)
    elif memory.credits < habits.bet and not memory.conditions & of.HOLDS_BILLS:
        _offered(board, telling, habits)
    if memory.credits >= habits.bet and not memory.conditions & of.HOLDS_PLAY:
        _played(board, telling, None)
        if dice.random() < habits.tilt:
            _begun(board, telling, of.TILT)
    board.awaited = memory.conditions & ~before


def _attended(board: Board, telling: Telling) -> None:
    """Somebody came, opened what had to be opened, and put everything right."""
    for condition in among(board.awaited & board.memory.conditions):
        door = of.CASHBOX_DOOR if condition is of.STACKER_FULL else of.SLOT_DOOR
        by_hand = condition is of.HANDPAY or board.memory.conditions & door.bit
        if not by_hand:
            _begun(board, telling, door)
        _ended(board, telling, condition)
        if not by_hand:
            _ended(board, telling, door)
    board.awaited = 0


def _offered(board: Board, telling: Telling, habits: Play) -> None:
    """A player's bill: most are taken."""
    dice = board.chance()
    bill, fate = habits.drawn_bill(dice), dice.random()
    if fate < habits.jam:
        _begun(board, telling, of.BILL_JAM)
    elif fate < habits.jam + habits.reject:
        _rejected(telling, bill)
    else:
        _accepted(board, telling, bill)


def _played(board: Board, telling: Telling, win: int | None) -> Telling:
    memory, habits = board.memory, board.habits()
    won = habits.drawn_win(board.chance()) if win is None else win
    by_hand = won >= habits.handpay_from
    memory.count(meters.COIN_IN, habits.bet)
    memory.count(meters.WON if won else meters.LOST, 1)
    memory.count(meters.JACKPOT if by_hand else meters.COIN_OUT, won)
    telling.exception(GAME_STARTED)
    telling.event("GAME_PLAYED", str(habits.bet))
    telling.event(*(("GAME_WON", str(won)) if won else ("GAME_LOST", str(habits.bet))))
    telling.exception(GAME_ENDED)
    if by_hand:
        telling.event("JACKPOT_HIT", str(won))
        _begun(board, telling, of.HANDPAY)
    return telling


def _accepted(board: Board, telling: Telling, bill: int) -> Telling:
    value, cabinet = bill * CREDITS_PER_UNIT, board.memory.cabinet
    board.memory.count(meters.BILLS, value)
    cabinet.stacked += 1
    telling.event("BILL_ACCEPTED", str(value))
    telling.exception(BILL_EXCEPTIONS.get(bill, OTHER_BILL))
    if cabinet.stacked >= board.habits().stacker:
        _begun(board, telling, of.STACKER_FULL)
    return telling


def _rejected(telling: Telling, bill: int) -> Telling:
    telling.event("BILL_REJECTED", str(bill * CREDITS_PER_UNIT))
    telling.exception(BILL_REJECTED)
    return telling


def _cashed_out(board: Board, telling: Telling) -> Telling:
    memory = board.memory
    credits = memory.credits
    memory.count(meters.CANCELLED, credits)
    telling.exception(CASH_OUT_PRESSED)
    if credits < board.habits().handpay_from:
        telling.exception(TICKET_PRINTED)
    else:
        memory.count(meters.HANDPAID, credits)
        _begun(board, telling, of.HANDPAY)
    return telling


def _begun(board: Board, telling: Telling, condition: Condition) -> Telling:
    cabinet = board.memory.cabinet
    cabinet.conditions |= condition.bit
    cabinet.told |= condition.bit
    telling.begun(condition)
    return telling


def _ended(board: Board, telling: Telling, condition: Condition) -> Telling:
    if board.memory.conditions & condition.bit:
        telling.exception(condition.over)
    _put_right(board, condition)
    board.memory.cabinet.told &= ~condition.bit
    return telling


def _put_right(board: Board, condition: Condition) -> None:
    cabinet = board.memory.cabinet
    cabinet.conditions &= ~condition.bit
    board.awaited &= ~condition.bit
    if condition is of.STACKER_FULL:
        cabinet.stacked = 0


def _matters(board: Board, condition: Condition) -> bool:
    """Whether there is anything to put right: a stacker can be emptied before it is full."""
    emptied = condition is of.STACKER_FULL and board.memory.stacked > 0
    return emptied or bool(board.memory.conditions & condition.bit)


def _held_up(board: Board, by: int) -> bool:
    return board.memory.locked or bool(board.memory.conditions & by)


def _refused(board: Board, what: str) -> list[Effect]:
    board.counters["held-up"] += 1
    return [Note("!", "held-up", {"what": what})]


def _kept(board: Board, telling: Telling) -> list[Effect]:
    """What was told, after what it did to the NVS."""
    return [Save(board.memory), *telling.said]
