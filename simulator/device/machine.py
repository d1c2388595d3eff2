"""What a board does with its gaming machine: lock, long poll, meters, NVS (contract, section 4).

Interpretations:

- A long poll gets ``pyd:"-1"`` where no SAS machine would answer it: in another mode than SAS, at another
  address than ``comsAddr``, or with a frame that is none. A meter that the machine does not keep reads 0.
- A meter reset that was done answers ``pyd:"00"``.
- Clearing ``all`` clears meters, bill validator and door; the configuration and a lock stay, for a board that
  lost them would be off the floor, or a machine that staff locked be open. (So far the meters are all there
  is.)
- ``exp`` with ``pyd:"00"`` follows a failed clearing too, whatever ``comsRTE`` is.
- A push answers with the ten meters of the contract's long poll.
"""

from __future__ import annotations

from simulator.device.board import Board
from simulator.device.effects import Effect, Note, Save
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
    address = int(board.memory.values("coms")["comsAddr"])
    return [board.route().machine(_answered(board, MeterPoll(PUSHED_METERS, address)))]


def reset_meters(board: Board, _: object, __: int) -> list[Effect]:
    if board.memory.values("coms")["comsMode"] == SAS_MODE:
        return [board.route().machine(FAILED)]
    board.memory.clear_meters()
    return [Save(board.memory.to_dict()), board.route().machine(RESET)]


def clear_nvs(board: Board, order: NvsClear, now_ms: int) -> list[Effect]:
    route, saved = board.route(), list[Effect]()
    try:
        area = sas.decode_nvs(order.frame)
    except FrameError:
        result = sas.nvs_result(done=False)
    else:
        if area in METER_AREAS:
            board.memory.clear_meters()
        saved.append(Save(board.memory.to_dict()))
        result = sas.nvs_result(done=True)
    return [*saved, route.nvs(result, order.sta), route.exception(IDLE_EXCEPTION, board.stamp(now_ms))]


def _locked(board: Board, locked: bool, event: str, now_ms: int) -> list[Effect]:
    said = board.route().event(event, board.stamp(now_ms))
    if board.memory.locked is locked:
        return [said]
    board.memory.locked = locked
    return [Save(board.memory.to_dict()), Note("=", event.lower(), {}), said]


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
