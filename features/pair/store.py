"""What the CMS of the pair remembers: cabinets, and the orders that wait for the broker.

In memory; with ``STATE`` it is written to a file at each change, and read at the start.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Configuration = dict[str, dict[str, Any]]


@dataclass
class Cabinet:
    id: str
    relay: str
    configuration: Configuration = field(default_factory=dict)
    version: dict[str, Any] = field(default_factory=dict)
    revision: int = 1


@dataclass
class Waiting:
    """An update of one component, or a command, that the broker has not acknowledged."""

    relay: str
    component: str
    values: dict[str, Any]
    command: str = ""
    since: float = field(default_factory=time.time)


class Store:
    def __init__(self, cabinets: Mapping[str, str], state: Path | None) -> None:
        self._state = state
        self.cabinets = {name: Cabinet(name, relay) for name, relay in cabinets.items()}
        self.waiting: list[Waiting] = []
        if state is not None and state.exists():
            self._read(json.loads(state.read_text("utf-8")))

    def save(self) -> None:
        """What was changed is durable when this returns."""
        if self._state is None:
            return
        changed = [asdict(one) for one in self.cabinets.values() if one.revision > 1]
        content = {"cabinets": changed, "waiting": [asdict(one) for one in self.waiting]}
        beside = self._state.with_suffix(".new")
        beside.write_text(json.dumps(content), "utf-8")
        beside.replace(self._state)

    def _read(self, content: Mapping[str, Any]) -> None:
        self.cabinets |= {entry["id"]: Cabinet(**entry) for entry in content["cabinets"]}
        self.waiting = [Waiting(**entry) for entry in content["waiting"]]
