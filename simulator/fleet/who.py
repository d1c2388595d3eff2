"""Whom an order of the schedule or of the control interface is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Who:
    """Devices by relay id, group and location; what is None is left open. `EVERYBODY` leaves all open."""

    relay_ids: frozenset[str] | None = None
    group: str | None = None
    location: str | None = None

    def includes(self, relay_id: str, group: str, location: str) -> bool:
        return (
            (self.relay_ids is None or relay_id in self.relay_ids)
            and self.group in (None, group)
            and self.location in (None, location)
        )


EVERYBODY = Who()


def one(relay_id: str) -> Who:
    """That device alone."""
    return Who(relay_ids=frozenset({relay_id}))
