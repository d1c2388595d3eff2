"""One configuration that a cabinet was ordered to have: what a history is made of, and a way back to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cms.actor import Act
from cms.cabinet import Cabinet, Config, masked_config
from cms.standing import settable
from cms.store.entry import OutboxEntry
from wire.timestamps import format_timestamp


@dataclass(frozen=True, slots=True)
class Revision:
    """A cabinet's configuration from ``at_ms`` on, whole, and who ordered it.

    ``config`` holds the passwords, for whoever rolls back to it: it is in no ``repr``. ``orders`` are ids of
    the outbox entries that it led to, with their components.
    """

    cabinet_id: str
    number: int
    at_ms: int
    act: Act
    config: Config = field(repr=False)
    version: Mapping[str, Any] = field(default_factory=dict)
    orders: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, cabinet: Cabinet, act: Act, entries: Sequence[OutboxEntry] = ()) -> Revision:
        """The revision that ``cabinet`` is at."""
        orders = tuple((entry.id, entry.what) for entry in entries)
        number, at_ms = cabinet.revision, cabinet.updated_ms
        return cls(cabinet.id, number, at_ms, act, cabinet.smib_config, cabinet.smib_version, orders)

    def to_document(self, before: Revision | None) -> dict[str, Any]:
        """As an answer shows it, secrets masked; ``before`` is the revision that it followed."""
        actor = self.act.actor
        return {
            "revision": self.number,
            "at": format_timestamp(self.at_ms),
            "action": self.act.action,
            "user": actor.user,
            "address": actor.address,
            "request": actor.request_id,
            "changes": [] if before is None else list(_changes(before.config, self.config)),
            "smibConfig": masked_config(self.config),
            "smibVersion": dict(self.version),
        }


def way_back(current: Config, earlier: Config) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What has to be ordered to get from ``current`` to ``earlier``, and the fields that stay as they are.

    A field that the earlier configuration does not name can't be rolled back: what the device had then was
    never ordered (INT-64).
    """
    now, then = settable(current), settable(earlier)
    change = {
        part: {name: v for name, v in values.items() if now.get(part, {}).get(name) != v}
        for part, values in then.items()
    }
    kept = [f"{p}.{n}" for p, values in now.items() for n in values if n not in then.get(p, {})]
    return {part: values for part, values in change.items() if values}, kept


def _changes(before: Config, after: Config) -> list[dict[str, Any]]:
    old, new = masked_config(before), masked_config(after)
    names = dict.fromkeys(
        (part, name) for config in (after, before) for part, values in config.items() for name in values
    )
    differing = [
        (part, name)
        for part, name in names
        if (name in before.get(part, {})) != (name in after.get(part, {}))
        or before.get(part, {}).get(name) != after.get(part, {}).get(name)
    ]
    return [
        {
            "component": part,
            "field": name,
            "before": old.get(part, {}).get(name),
            "after": new.get(part, {}).get(name),
        }
        for part, name in differing
    ]
