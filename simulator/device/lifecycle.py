"""What a board does about its power and its connection (contract, sections 3 and 4).

Each function is one row's action of the table in `transitions`. Interpretations:

- INT-37: A departure on purpose (restart, new connection values) is clean, so that no will is sent; losing
  power is not.
- INT-38: The heartbeat event is ``NETWORK_CONNECTED`` with ``pyd`` ``heartbeat``; the announcement's ``pyd``
  is empty.
- INT-39: A trial of new connection values lasts for the shorter of the idle times in force and last working.
  It is over as soon as a connection came about, and goes on after a power loss.
- INT-40: A board that fell back announces itself, sends ``COMMUNICATION_ERROR`` with ``fallback
  <components>: <why>`` as ``pyd``, and the values that are in force again with the reason as ``err``, as for
  any refused update.
"""

from __future__ import annotations

from simulator.device import firmware, game
from simulator.device.board import Board
from simulator.device.effects import Connect, Disconnect, Effect, Note, Save
from simulator.device.link import Refusal, link_settings
from simulator.device.route import Route
from simulator.device.telling import Telling
from wire.components import COMPONENTS

HEARTBEAT = "heartbeat"
POWER_APPLIED = "17"


def power_up(board: Board, _: object, now_ms: int) -> list[Effect]:
    board.powered = True
    return [*firmware.resume(board), *boot(board, None, now_ms)]


def boot(board: Board, _: object, now_ms: int) -> list[Effect]:
    board.due_ms, board.play_ms = now_ms + board.boot_ms, None
    return []


def connect(board: Board, _: object, now_ms: int) -> list[Effect]:
    board.due_ms = board.play_ms = None
    if board.memory.on_trial and board.fall_back_ms is None:
        board.fall_back_ms = now_ms + board.memory.trial_ms
    memory = board.memory
    return [Connect(link_settings(board.relay_id, memory.values("mqtt"), memory.values("net")))]


def reconnect(board: Board, _: object, now_ms: int) -> list[Effect]:
    """Leave, and come back with the values that were just applied. A download does not outlast that."""
    stopped = firmware.stop(board, "new connection settings", now_ms)
    return [*stopped, Disconnect(clean=True, reason="new settings"), *connect(board, None, now_ms)]


def announce(board: Board, _: object, now_ms: int) -> list[Effect]:
    """The connection came about: say so, and what happened since the last one."""
    route, memory, stamp = board.route(), board.memory, board.stamp(now_ms)
    effects: list[Effect] = []
    if memory.on_trial:
        memory.keep()
        effects.append(Save(memory))
    effects.append(route.event("NETWORK_CONNECTED", stamp))
    if board.restarted:
        effects.append(route.event("MACHINE_RESTART", stamp))
        effects += (route.answer(name, memory.shown(name)) for name in COMPONENTS)
    if board.reverted:
        effects += _told_fall_back(board, route, stamp)
    effects += firmware.outcome(board, now_ms)
    effects += _told_machine(board, now_ms)
    board.due_ms, board.fall_back_ms, board.attempt = now_ms + memory.idle_ms, None, 0
    board.refusal, board.restarted, board.reverted, board.powered = None, False, (), False
    return effects


def heartbeat(board: Board, _: object, now_ms: int) -> list[Effect]:
    due = (board.due_ms or now_ms) + board.memory.idle_ms
    board.due_ms = due if due > now_ms else now_ms + board.memory.idle_ms
    return [board.route().event("NETWORK_CONNECTED", board.stamp(now_ms), HEARTBEAT)]


def wait(board: Board, refusal: Refusal | None, now_ms: int) -> list[Effect]:
    """No connection: try again in a while."""
    why = refusal or Refusal.LOST
    board.refusal, board.play_ms = why, None
    board.due_ms = now_ms + board.next_retry_ms()
    return [Note("!", "offline", {"why": str(why), "retry_ms": board.due_ms - now_ms})]


def fall_back(board: Board, _: object, now_ms: int) -> list[Effect]:
    """The trial is over without a connection: return to what worked last."""
    board.reverted = board.memory.fall_back()
    board.fall_back_ms, board.attempt = None, 0
    facts = {"components": ",".join(board.reverted), "why": _reason(board)}
    effects: list[Effect] = [Note("!", "fallback", facts), Save(board.memory)]
    return effects + connect(board, None, now_ms)


def abandon(board: Board, _: object, now_ms: int) -> list[Effect]:
    """As `fall_back`, in the middle of an attempt to connect."""
    board.refusal = board.refusal or Refusal.TIMED_OUT
    return [Disconnect(clean=False, reason="fallback"), *fall_back(board, None, now_ms)]


def restart(board: Board, _: object, now_ms: int) -> list[Effect]:
    board.restarted = True
    stopped = firmware.stop(board, "restarted", now_ms)
    return [*stopped, Disconnect(clean=True, reason="restart"), *boot(board, None, now_ms)]


def lose_power(board: Board, _: object, __: int) -> list[Effect]:
    """Everything but the NVS is gone."""
    board.due_ms = board.fall_back_ms = board.play_ms = board.confirm_ms = None
    board.refusal, board.restarted, board.reverted, board.attempt = None, False, (), 0
    return firmware.cut_off(board)


def lose_power_online(board: Board, _: object, now_ms: int) -> list[Effect]:
    return [Disconnect(clean=False, reason="power"), *lose_power(board, None, now_ms)]


def _told_machine(board: Board, now_ms: int) -> list[Effect]:
    """What became of the machine meanwhile; from now on it is played again."""
    telling = Telling(board, now_ms)
    if board.powered:
        telling.exception(POWER_APPLIED)
    changed = board.memory.untold
    game.tell_untold(board, telling)
    if board.play is not None and board.play.games_per_minute:
        board.play_ms = now_ms + board.play.drawn_pause_ms(board.chance(), now_ms)
    return [Save(board.memory), *telling.said] if changed else telling.said


def _told_fall_back(board: Board, route: Route, stamp: int | None) -> list[Effect]:
    names, why = ",".join(board.reverted), _reason(board)
    event = route.event("COMMUNICATION_ERROR", stamp, f"fallback {names}: {why}")
    shown = board.memory.shown
    answers = (route.answer(name, shown(name), f"fell back: {why}") for name in board.reverted)
    return [event, *answers]


def _reason(board: Board) -> str:
    return str(board.refusal or Refusal.TIMED_OUT)
