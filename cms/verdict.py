"""What a message of a device says of an order that was sent to it (contract, sections 3 and 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cms.agreement import confirmed_by
from cms.store.entry import OutboxEntry, Settlement, State
from wire.address import MASK, mask_credentials
from wire.commands import LOCK, RESTART, UNLOCK
from wire.components import COMPONENTS
from wire.orders import Command
from wire.redaction import redacted, redacted_text

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
    return Settlement(State.REFUSED, _reason(fields, entry)) if "err" in fields else None


def _of_command(command: Command, typ: object) -> Settlement | None:
    if typ == DONE[command.name]:
        return Settlement(State.CONFIRMED)
    return Settlement(State.REFUSED, "the device found it too old") if typ == EXPIRED else None


def _reason(fields: Mapping[str, Any], entry: OutboxEntry) -> str:
    """The device's reason, in its own words; a device that repeats a secret is not quoted.

    It may know others than those of this order, from earlier ones: what could be one is masked.
    """
    text = str(fields["err"])
    said = {name: value for name, value in fields.items() if name != "err"}
    if any(secret in text for secret in (*_secrets(entry.values), *_secrets(said))):
        return "the device refused it, and named a secret in its reason"
    if any(field.secret for field in COMPONENTS[entry.what]):
        text = _PERHAPS_SECRET.sub(MASK, redacted_text(text))
    return "".join(c if c.isprintable() else "?" for c in text[:MAX_REASON])


def _secrets(values: Mapping[str, Any]) -> Iterator[str]:
    """Every secret in ``values``, and the password in a URI."""
    masked = redacted(dict(values))
    for name, value in values.items():
        text = str(value)
        if masked[name] == value or not text:
            continue
        yield text
        head, found, tail = mask_credentials(text).partition(f":{MASK}@")
        if found:
            yield text[len(head) + 1 : len(text) - len(tail) - 1]


_PERHAPS_SECRET = re.compile(r"(?=[^\s'\"]*[0-9])(?=[^\s'\"]*[^0-9\s'\"])[^\s'\"]{8,}")
"""A word of 8 characters or more, the least that a password has, with a digit in it and more than digits."""
