"""Requests for configuration and updates of it (contract, section 3). Interpretations:

- INT-33: Before its confirmation is published, an update is in the NVS; after it comes the event
  ``CONFIG_UPDATE`` with the component as ``pyd``.
- INT-34: An update that changes no value is confirmed, and that is all: no event and no reconnect. Else a
  retained update would make the board reconnect for ever.
- INT-35: Of the bulk form an unknown component is ignored and counted, the others are applied in the order
  in which they stand; the board reconnects once, after the last confirmation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.device.board import Board
from simulator.device.effects import Effect, Note, Save
from simulator.device.route import Route
from wire.components import COMPONENTS
from wire.errors import ConfigError
from wire.orders import BulkUpdate, ConfigRequest, ConfigUpdate


def answer(board: Board, order: ConfigRequest, _: int) -> list[Effect]:
    if order.component not in COMPONENTS:
        return _unknown(board)
    return [board.route().answer(order.component, board.memory.shown(order.component))]


def update(board: Board, order: ConfigUpdate, now_ms: int) -> list[Effect]:
    return _updated(board, board.route(), order.component, order.values, board.stamp(now_ms))


def bulk_update(board: Board, order: BulkUpdate, now_ms: int) -> list[Effect]:
    route, stamp = board.route(), board.stamp(now_ms)
    return [
        effect
        for component, values in order.config.items()
        for effect in _updated(board, route, component, values, stamp)
    ]


def _updated(
    board: Board, route: Route, component: str, values: Mapping[str, Any], stamp: int | None
) -> list[Effect]:
    memory = board.memory
    if component not in COMPONENTS:
        return _unknown(board)
    try:
        changed = memory.update(component, values)
    except ConfigError as exc:
        board.counters["refused"] += 1
        refusal = route.answer(component, memory.shown(component), str(exc))
        return [Note("!", "refused", {"comp": component, "fields": len(exc.problems)}), refusal]
    board.counters["applied"] += 1
    confirmation = route.answer(component, memory.shown(component))
    if not changed:
        return [confirmation]
    return [Save(memory), confirmation, route.event("CONFIG_UPDATE", stamp, component)]


def _unknown(board: Board) -> list[Effect]:
    board.counters["unknown-component"] += 1
    return [Note("!", "ignored", {"kind": "unknown-component"})]
