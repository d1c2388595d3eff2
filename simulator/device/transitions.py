"""Which input a board acts on in which state, how, and which state follows: the literal table.

A pair that is not in `TRANSITIONS` is refused: it changes nothing, has no effect, and is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from simulator.device import configuration, lifecycle, machine
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
    """All that can happen to a board: to its power, its connection, its timers, and by messages."""

    POWER_ON = "power on"
    POWER_OFF = "power off"
    LINK_UP = "link up"
    LINK_DOWN = "link down"
    LINK_REFUSED = "link refused"
    TIMER = "timer"
    TRIAL_OVER = "trial over"
    NEW_SETTINGS = "new settings"
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
"""Board, what came with the input (an order, a Refusal, the kind of noise, or nothing), and the time."""


def _ignore(board: Board, _: object, __: int) -> list[Effect]:
    board.counters["probe"] += 1
    return []


def _not_yet(board: Board, _: object, __: int) -> list[Effect]:
    board.counters["unsupported"] += 1
    return [Note("!", "unsupported", {})]


def _count(board: Board, kind: str, _: int) -> list[Effect]:
    board.counters[kind] += 1
    return [Note("!", "ignored", {"kind": kind})]


_OFF, _BOOTING, _CONNECTING, _WAITING, _ONLINE = State

TRANSITIONS: Mapping[tuple[State, Input], tuple[Action, State]] = {
    (_OFF, Input.POWER_ON): (lifecycle.boot, _BOOTING),
    (_BOOTING, Input.POWER_OFF): (lifecycle.lose_power, _OFF),
    (_BOOTING, Input.TIMER): (lifecycle.connect, _CONNECTING),
    (_CONNECTING, Input.POWER_OFF): (lifecycle.lose_power_online, _OFF),
    (_CONNECTING, Input.LINK_UP): (lifecycle.announce, _ONLINE),
    (_CONNECTING, Input.LINK_DOWN): (lifecycle.wait, _WAITING),
    (_CONNECTING, Input.LINK_REFUSED): (lifecycle.wait, _WAITING),
    (_CONNECTING, Input.TRIAL_OVER): (lifecycle.abandon, _CONNECTING),
    (_WAITING, Input.POWER_OFF): (lifecycle.lose_power, _OFF),
    (_WAITING, Input.TIMER): (lifecycle.connect, _CONNECTING),
    (_WAITING, Input.TRIAL_OVER): (lifecycle.fall_back, _CONNECTING),
    (_ONLINE, Input.POWER_OFF): (lifecycle.lose_power_online, _OFF),
    (_ONLINE, Input.LINK_DOWN): (lifecycle.wait, _WAITING),
    (_ONLINE, Input.TIMER): (lifecycle.heartbeat, _ONLINE),
    (_ONLINE, Input.NEW_SETTINGS): (lifecycle.reconnect, _CONNECTING),
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
    (_ONLINE, Input.FIRMWARE): (_not_yet, _ONLINE),
    (_ONLINE, Input.NOISE): (_count, _ONLINE),
}
