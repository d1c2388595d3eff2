"""What a board does with its gaming machine: lock, long poll, meters, NVS (contract, section 4).

Interpretations:

- INT-21: A long poll gets ``pyd:"-1"`` where no SAS machine would answer it: in another mode than SAS, at
  another address than ``comsAddr``, or with a frame that is none. A meter that the machine does not keep
  reads 0.
- INT-22: A meter reset that was done answers ``pyd:"00"``.
- INT-23: Clearing ``all`` clears meters, bill validator and door; the configuration and a lock stay, for a
  board that lost them would be off the floor, or a machine that staff locked be open. A tilt and a pending
  handpay stay too: only an attendant ends them.
- INT-24: Clearing the bill validator forgets its bills, a jam and that it is full. Clearing the door forgets
  what was told of the doors; one that stands open does so still, and is told again.
- INT-25: ``exp`` with ``pyd:"00"`` follows a failed clearing too, whatever ``comsRTE`` is.
- INT-26: A push answers with the ten meters of the contract's long poll.
"""

from __future__ import annotations

from simulator.device import game
from simulator.device.board import Board
from simulator.device.conditions import DOORS, OF_VALIDATOR
from simulator.device.effects import Effect, Note, Save
from simulator.device.telling import Telling
from wire import sas
from wire.errors import FrameError
from wire.orders import PUSH_CODE, Command, LongPoll, MeterPush, NvsClear
from wire.sas import MeterAnswer, MeterPoll

FAILED = "-1"
RESET = "00"
IDLE_EXCEPTION = "00"
PUSHED_METERS = ("0000", "0100", "0400", "0300", "2200", "2400", "0200", "0C00", "0500", "0600")
SAS_MODE = 0
METER_AREAS = (1, 2)
VALIDATOR_AREAS = (1, 3)
DOOR_AREAS = (1, 4)


def lock(board: Board, _: Command, now_ms: int) -> list[Effect]:
    return _locked(board, True, "MACHINE_LOCKED", now_ms)


def unlock(board: Board, _: Command, now_ms: int) -> list[Effect]:
    return _locked(board, False, "MACHINE_UNLOCKED", now_ms)


def expire(board: Board, order: Command, now_ms: int) -> list[Effect]:
    """Say that a command was too old to be executed."""
    board.counters["expired"] += 1
    note = Note("!", "expired", {"command": order.name})
    return [note, board.route().event("COMMAND_EXPIRED", board.stamp(now_ms), order.name)]


def poll(board: Board, order: LongPoll, _: int) -> list[Effect]:
    return [board.route().machine(_polled(board, order.frame), order.sta)]


def push(board: Board, order: MeterPush, _: int) -> list[Effect]:
    if order.relay_id != board.relay_id or order.code != PUSH_CODE:
        board.counters["other-relay"] += 1
        return []
    address = int(board.memory.value("coms", "comsAddr"))
    return [board.route().machine(_answered(board, MeterPoll(PUSHED_METERS, address)))]


def reset_meters(board: Board, _: object, __: int) -> list[Effect]:
    if board.memory.value("coms", "comsMode") == SAS_MODE:
        return [board.route().machine(FAILED)]
    board.memory.clear_meters()
    return [Save(board.memory), board.route().machine(RESET)]


def clear_nvs(board: Board, order: NvsClear, now_ms: int) -> list[Effect]:
    route, telling = board.route(), Telling(board, now_ms)
    saved: list[Effect] = []
    try:
        area = sas.decode_nvs(order.frame)
    except FrameError:
        result = sas.nvs_result(done=False)
    else:
        _clear(board, area)
        game.tell_untold(board, telling)
        saved.append(Save(board.memory))
        result = sas.nvs_result(done=True)
    idle = route.exception(IDLE_EXCEPTION, board.stamp(now_ms))
    return [*saved, route.nvs(result, order.sta), idle, *telling.said]


def _clear(board: Board, area: int) -> None:
    memory = board.memory
    if area in METER_AREAS:
        memory.clear_meters()
    if area in VALIDATOR_AREAS and (memory.stacked or memory.conditions & OF_VALIDATOR):
        cabinet = memory.cabinet
        cabinet.stacked = 0
        cabinet.conditions &= ~OF_VALIDATOR
        cabinet.told &= ~OF_VALIDATOR
        board.awaited &= ~OF_VALIDATOR
    if area in DOOR_AREAS and memory.conditions & DOORS:
        memory.cabinet.told &= ~DOORS


def _locked(board: Board, locked: bool, event: str, now_ms: int) -> list[Effect]:
    said = board.route().event(event, board.stamp(now_ms))
    if board.memory.locked is locked:
        return [said]
    board.memory.locked = locked
    return [Save(board.memory), Note("=", event.lower(), {}), said]


def _polled(board: Board, frame: str) -> str:
    try:
        asked = sas.decode_poll(frame)
    except FrameError:
        board.counters["bad-frame"] += 1
        return FAILED
    coms = board.memory.values("coms")
    if coms["comsMode"] != SAS_MODE or coms["comsAddr"] != asked.address:
        return FAILED
    return _answered(board, asked)


def _answered(board: Board, asked: MeterPoll) -> str:
    meters = tuple((code, board.memory.meter(code)) for code in asked.codes)
    return MeterAnswer(meters, asked.address, asked.game).encode()
