"""The last line of a record. A record without it is incomplete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from features.harness.record.values import Values


@dataclass(frozen=True, slots=True)
class Footer:
    """``checks`` is the number of check lines before it, ``counts`` of each verdict as it was ruled;
    ``trouble`` says why the run is not whole (it was interrupted, features could not be collected), empty
    where it is."""

    checks: int
    exit_code: int
    counts: Mapping[str, int] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        return not self.trouble

    def to_json(self) -> dict[str, Any]:
        return {
            "line": "footer",
            "checks": self.checks,
            "exit_code": self.exit_code,
            "counts": dict(self.counts),
            "complete": self.complete,
            "trouble": list(self.trouble),
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, values: Values) -> Footer:
        trouble = values.texts("trouble")
        if not values.flag("complete", True) and not trouble:
            trouble = ("its footer says that it is not complete",)
        return cls(
            values.whole("checks"),
            values.whole("exit_code"),
            {name: count for name, count in values.mapping("counts").items() if isinstance(count, int)},
            trouble,
            values.number("seconds", 0.0),
        )
