"""What a message of a device says of an order that was sent to it (contract, sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cms.agreement import confirmed_by
from cms.store.entry import OutboxEntry, Settlement, State
from wire.commands import LOCK, RESTART, UNLOCK
from wire.orders import Command
from wire.redaction import redacted

EXPIRED = "COMMAND_EXPIRED"
DONE: Mapping[str, str] = {
    RESTART: "MACHINE_RESTART",
    LOCK: "MACHINE_LOCKED",
    UNLOCK: "MACHINE_UNLOCKED",
}
ANNOUNCEMENTS = ("NETWORK_CONNECTED", "MACHINE_RESTART")
"""Events of a device that is back."""

MAX_REASON = 200


def verdict(entry: OutboxEntry, fields: Mapping[str, Any]) -> Settlement | None:
    """What ``fields``, a message of the entry's device, decides; None where it says nothing of the entry.

    An answer whose values agree confirms, though it has an ``err``: that was another order's. An answer
    with other values and no ``err`` decides nothing, it may have crossed the order on its way.
    """
    if isinstance(entry.order, Command):
        return _of_command(entry.order, fields.get("typ"))
    if fields.get("typ") != "cfg" or fields.get("comp") != entry.order.component:
        return None
    if confirmed_by(entry.order.values, fields, entry.relay_id):
        return Settlement(State.CONFIRMED)
    return Settlement(State.REFUSED, _reason(fields["err"], entry)) if "err" in fields else None


def _of_command(command: Command, typ: object) -> Settlement | None:
    if typ == DONE[command.name]:
        return Settlement(State.CONFIRMED)
    return Settlement(State.REFUSED, "the device found it too old") if typ == EXPIRED else None


def _reason(err: object, entry: OutboxEntry) -> str:
    """The device's reason, in its own words; a device that repeats a secret is not quoted."""
    text = str(err)[:MAX_REASON]
    masked = redacted(dict(entry.values))
    if any(str(v) in text for name, v in entry.values.items() if masked[name] != v and str(v)):
        return "the device refused it, and named a secret in its reason"
    return "".join(c if c.isprintable() else "?" for c in text)
