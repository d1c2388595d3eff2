"""What a monitor says: which requirement was broken, by whom, and the entries that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from features.harness.evidence.entry import Entry


@dataclass(frozen=True, slots=True)
class Finding:
    """``requirement`` is an id of the catalogue, ``subject`` the name of who broke it."""

    requirement: str
    subject: str
    sentence: str
    evidence: tuple[Entry, ...]

    def __str__(self) -> str:
        shown = "".join(f"\n    {entry.source} → {entry.target}: {entry.what}" for entry in self.evidence)
        return f"{self.requirement} ({self.subject}): {self.sentence}{shown}"

    def to_json(self, start: float = 0.0) -> dict[str, Any]:
        return {
            "requirement": self.requirement,
            "subject": self.subject,
            "sentence": self.sentence,
            "evidence": [entry.to_json(start) for entry in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """What the monitors must know of a run beside the timeline.

    ``relays`` gives the relay id of each cabinet, ``locations`` the relay ids of each location; ``addressed``
    are relays that were addressed before this scenario; ``tapped`` the roles whose subject is behind a tap;
    ``retains_updates`` that the operator has switched that on (``MQTT_RETAIN_CONFIG``); ``cms`` is its name.
    """

    relays: Mapping[str, str] = field(default_factory=dict)
    locations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    addressed: frozenset[str] = frozenset()
    tapped: frozenset[str] = frozenset({"cms", "smib"})
    retains_updates: bool = False
    cms: str = "cms"
