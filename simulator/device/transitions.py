"""Which input a board acts on in which state, how, and which state follows: the literal table.

A pair that is not in `TRANSITIONS` is refused: it changes nothing, has no effect, and is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from simulator.device import configuration, firmware, game, lifecycle, machine
from simulator.device.board import Board
from simulator.device.effects import Effect, Note


class State(Enum):
    """Where a board is between its mains switch and the broker."""

    OFF = "off"
    BOOTING = "booting"
    CONNECTING = "connecting"
    WAITING = "waiting"
    ONLINE = "online"


class Input(Enum):
    """All that can happen to a board: to its power, its connection, its timers, its machine and a download,
    and by messages."""

    POWER_ON = "power on"
    POWER_OFF = "power off"
    LINK_UP = "link up"
    LINK_DOWN = "link down"
    LINK_REFUSED = "link refused"
    TIMER = "timer"
    TRIAL_OVER = "trial over"
    NEW_SETTINGS = "new settings"
    TURN = "next turn"
    PLAY = "game"
    BILL = "bill"
    CASH_OUT = "cash-out"
    BEGIN = "condition begins"
    END = "condition ends"
    PROGRESS = "download progress"
    INSTALL = "image verified"
    NO_IMAGE = "no image"
    UNCONFIRMED = "new version unconfirmed"
    CONFIG_REQUEST = "config request"
    CONFIG_UPDATE = "config update"
    BULK_UPDATE = "bulk update"
    RESTART = "restart"
    LOCK = "lock"
    UNLOCK = "unlock"
    EXPIRED = "expired command"
    PROBE = "probe"
    LONG_POLL = "long poll"
    METER_RESET = "meter reset"
    METER_PUSH = "meter push"
    NVS_CLEAR = "NVS clear"
    FIRMWARE = "firmware order"
    NOISE = "no order"


Action = Callable[[Board, Any, int], list[Effect]]
"""Board, what came with the input (an order, a Refusal, a Condition, an Image or nothing), and the time."""


def _ignore(board: Board, _: object, __: int) -> list[Effect]:
    board.counters["probe"] += 1
    return []


def _count(board: Board, kind: str, _: int) -> list[Effect]:
    board.counters[kind] += 1
    return [Note("!", "ignored", {"kind": kind})]


_OFF, _BOOTING, _CONNECTING, _WAITING, _ONLINE = State

TRANSITIONS: Mapping[tuple[State, Input], tuple[Action, State]] = {
    (_OFF, Input.POWER_ON): (lifecycle.power_up, _BOOTING),
    (_OFF, Input.BEGIN): (game.begin_unheard, _OFF),
    (_OFF, Input.END): (game.end_unheard, _OFF),
    (_BOOTING, Input.POWER_OFF): (lifecycle.lose_power, _OFF),
    (_BOOTING, Input.TIMER): (lifecycle.connect, _CONNECTING),
    (_BOOTING, Input.BEGIN): (game.begin_unheard, _BOOTING),
    (_BOOTING, Input.END): (game.end_unheard, _BOOTING),
    (_BOOTING, Input.UNCONFIRMED): (firmware.roll_back, _BOOTING),
    (_CONNECTING, Input.POWER_OFF): (lifecycle.lose_power_online, _OFF),
    (_CONNECTING, Input.LINK_UP): (lifecycle.announce, _ONLINE),
    (_CONNECTING, Input.LINK_DOWN): (lifecycle.wait, _WAITING),
    (_CONNECTING, Input.LINK_REFUSED): (lifecycle.wait, _WAITING),
    (_CONNECTING, Input.TRIAL_OVER): (lifecycle.abandon, _CONNECTING),
    (_CONNECTING, Input.BEGIN): (game.begin_unheard, _CONNECTING),
    (_CONNECTING, Input.END): (game.end_unheard, _CONNECTING),
    (_CONNECTING, Input.PROGRESS): (firmware.progress_unheard, _CONNECTING),
    (_CONNECTING, Input.INSTALL): (firmware.install_connecting, _BOOTING),
    (_CONNECTING, Input.NO_IMAGE): (firmware.fail_unheard, _CONNECTING),
    (_CONNECTING, Input.UNCONFIRMED): (firmware.roll_back_connecting, _BOOTING),
    (_WAITING, Input.POWER_OFF): (lifecycle.lose_power, _OFF),
    (_WAITING, Input.TIMER): (lifecycle.connect, _CONNECTING),
    (_WAITING, Input.TRIAL_OVER): (lifecycle.fall_back, _CONNECTING),
    (_WAITING, Input.BEGIN): (game.begin_unheard, _WAITING),
    (_WAITING, Input.END): (game.end_unheard, _WAITING),
    (_WAITING, Input.PROGRESS): (firmware.progress_unheard, _WAITING),
    (_WAITING, Input.INSTALL): (firmware.install_unheard, _BOOTING),
    (_WAITING, Input.NO_IMAGE): (firmware.fail_unheard, _WAITING),
    (_WAITING, Input.UNCONFIRMED): (firmware.roll_back, _BOOTING),
    (_ONLINE, Input.POWER_OFF): (lifecycle.lose_power_online, _OFF),
    (_ONLINE, Input.LINK_DOWN): (lifecycle.wait, _WAITING),
    (_ONLINE, Input.TIMER): (lifecycle.heartbeat, _ONLINE),
    (_ONLINE, Input.NEW_SETTINGS): (lifecycle.reconnect, _CONNECTING),
    (_ONLINE, Input.TURN): (game.turn, _ONLINE),
    (_ONLINE, Input.PLAY): (game.play, _ONLINE),
    (_ONLINE, Input.BILL): (game.insert_bill, _ONLINE),
    (_ONLINE, Input.CASH_OUT): (game.cash_out, _ONLINE),
    (_ONLINE, Input.BEGIN): (game.begin, _ONLINE),
    (_ONLINE, Input.END): (game.end, _ONLINE),
    (_ONLINE, Input.PROGRESS): (firmware.progress, _ONLINE),
    (_ONLINE, Input.INSTALL): (firmware.install, _BOOTING),
    (_ONLINE, Input.NO_IMAGE): (firmware.fail, _ONLINE),
    (_ONLINE, Input.CONFIG_REQUEST): (configuration.answer, _ONLINE),
    (_ONLINE, Input.CONFIG_UPDATE): (configuration.update, _ONLINE),
    (_ONLINE, Input.BULK_UPDATE): (configuration.bulk_update, _ONLINE),
    (_ONLINE, Input.RESTART): (lifecycle.restart, _BOOTING),
    (_ONLINE, Input.LOCK): (machine.lock, _ONLINE),
    (_ONLINE, Input.UNLOCK): (machine.unlock, _ONLINE),
    (_ONLINE, Input.EXPIRED): (machine.expire, _ONLINE),
    (_ONLINE, Input.PROBE): (_ignore, _ONLINE),
    (_ONLINE, Input.LONG_POLL): (machine.poll, _ONLINE),
    (_ONLINE, Input.METER_RESET): (machine.reset_meters, _ONLINE),
    (_ONLINE, Input.METER_PUSH): (machine.push, _ONLINE),
    (_ONLINE, Input.NVS_CLEAR): (machine.clear_nvs, _ONLINE),
    (_ONLINE, Input.FIRMWARE): (firmware.load, _ONLINE),
    (_ONLINE, Input.NOISE): (_count, _ONLINE),
}
