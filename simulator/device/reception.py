"""What a message means to a board: bytes made into an input of the table (contract, sections 3 and 4).

Interpretations:

- INT-09: A ``cfg`` object with ``rly`` is a report, not an order, and ignored: a board whose
  ``mqttSubTopic`` is the topic that answers go to would otherwise answer its own answers for ever.
- INT-28: On the topic of all boards only a meter push is heard. On the board's own topic one is heard too.
- INT-29: A timestamp in the future is not old: the command is executed.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator.device.transitions import Input
from wire import orders
from wire.commands import COMMAND_LIFE_MS, LOCK, RESTART, UNLOCK
from wire.errors import WireError
from wire.jsontext import parse_object
from wire.orders import Command, Order, order_from

Received = tuple[Input, Order | str]
"""An input and the order that came with it; with ``NOISE`` it is the kind to count."""

_INPUTS: Mapping[type[Order], Input] = {
    orders.ConfigRequest: Input.CONFIG_REQUEST,
    orders.ConfigUpdate: Input.CONFIG_UPDATE,
    orders.BulkUpdate: Input.BULK_UPDATE,
    orders.Probe: Input.PROBE,
    orders.Restart: Input.RESTART,
    orders.LongPoll: Input.LONG_POLL,
    orders.MeterReset: Input.METER_RESET,
    orders.MeterPush: Input.METER_PUSH,
    orders.NvsClear: Input.NVS_CLEAR,
    orders.FirmwareOrder: Input.FIRMWARE,
}
_COMMANDS = {RESTART: Input.RESTART, LOCK: Input.LOCK, UNLOCK: Input.UNLOCK}


def read(payload: bytes, *, shared: bool, now_ms: int | None) -> Received:
    """The input that ``payload`` is. ``shared`` says that it came on the topic of all boards; ``now_ms`` is
    None for a board without a clock. Never raises."""
    try:
        fields = parse_object(payload)
        order = order_from(fields)
    except WireError as exc:
        return Input.NOISE, exc.kind
    if shared and not isinstance(order, orders.MeterPush):
        return Input.NOISE, "other-topic"
    if isinstance(order, Command):
        return _command(order, now_ms), order
    if "rly" in fields and fields.get("typ") == "cfg":
        return Input.NOISE, "report"
    return _INPUTS[type(order)], order


def _command(order: Command, now_ms: int | None) -> Input:
    issued_ms = order.issued_ms
    if now_ms is not None and issued_ms is not None and now_ms - issued_ms > COMMAND_LIFE_MS:
        return Input.EXPIRED
    return _COMMANDS[order.name]
