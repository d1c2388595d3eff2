"""A firmware update that is under way, as the NVS remembers it: so that a power loss leaves no doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from simulator.errors import DamagedMemory

LONGEST = 160


class Phase(StrEnum):
    """How far an update is: the image is being loaded; the new version runs and has yet to connect; or it
    has failed, and the CMS has yet to be told."""

    LOADING = "loading"
    ON_TRIAL = "on trial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Installation:
    """``before`` is the version to return to, ``why`` the reason of a failure."""

    binary: str
    phase: Phase
    before: str
    why: str = ""

    def failed(self, why: str) -> Installation:
        return replace(self, phase=Phase.FAILED, why=why)

    def to_dict(self) -> dict[str, str]:
        return {"binary": self.binary, "phase": self.phase.value, "before": self.before, "why": self.why}

    @classmethod
    def from_dict(cls, stored: object) -> Installation:
        """The update that `to_dict` gave; DamagedMemory for anything else."""
        if not isinstance(stored, Mapping) or set(stored) != {"binary", "phase", "before", "why"}:
            raise DamagedMemory("update", "an object of binary, phase, before and why was wanted")
        if not all(isinstance(text, str) and len(text) <= LONGEST for text in stored.values()):
            raise DamagedMemory("update", f"texts of at most {LONGEST} characters were wanted")
        if stored["phase"] not in tuple(Phase):
            raise DamagedMemory("update.phase", f"one of {', '.join(Phase)} was wanted")
        return cls(stored["binary"], Phase(stored["phase"]), stored["before"], stored["why"])
