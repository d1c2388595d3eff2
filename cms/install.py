"""One SMIB's way to another firmware version, folded from what it says (contract, section 4: ``ota_ud``).

    waiting ──ordered──► sent ──OTA_PROGRESS──► installing ──OTA_COMPLETE──► confirmed
                          │                         └── OTA_FAILED, or another version ──► rolledBack
                          └── nothing for 10 s ──► unconfirmed

Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cms.progress import Progress
from wire.components import APP
from wire.redaction import redacted_text
from wire.timestamps import format_timestamp, parse_timestamp

ACK_MS = 10_000
"""How long a device may take to acknowledge (contract, section 7)."""

RETURN_MS = 10_000
"""How long a device that came back with another version may take to say why."""

SILENT_MS = 300_000
"""How long a device that installs may say nothing."""

MAX_REASON = 200
UNDER_WAY = (Progress.SENT, Progress.INSTALLING)


@dataclass(frozen=True, slots=True)
class Install:
    """``at_ms`` is when it last moved; ``back`` is the version that it came back with after a restart."""

    relay_id: str
    version: str
    state: Progress = Progress.WAITING
    at_ms: int = 0
    percent: int = 0
    detail: str = ""
    restarted: bool = False
    back: str = ""

    @property
    def final(self) -> bool:
        return self.state is not Progress.WAITING and self.state not in UNDER_WAY

    def moved(self, state: Progress, at_ms: int, detail: str = "") -> Install:
        return replace(self, state=state, at_ms=at_ms, detail=detail)

    def heard(self, fields: Mapping[str, Any], at_ms: int) -> Install:
        """The device said something."""
        if self.state not in UNDER_WAY:
            return self
        typ, said = fields.get("typ"), fields.get("pyd")
        text = said if isinstance(said, str) else ""
        if typ == "OTA_PROGRESS":
            percent = int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else self.percent
            return replace(self.moved(Progress.INSTALLING, at_ms), percent=min(percent, 100))
        if typ == "OTA_COMPLETE":
            return self._completed(text, at_ms)
        if typ == "OTA_FAILED":
            return self.moved(Progress.ROLLED_BACK, at_ms, _short(text) or "it did not say why")
        if typ == "MACHINE_RESTART":
            return replace(self, restarted=True, at_ms=at_ms)
        if typ == "cfg" and fields.get("comp") == APP.name and self.restarted:
            return self._returned(fields.get("version"), at_ms)
        return self

    def elapsed(self, now_ms: int) -> Install:
        """Time has passed."""
        silent_ms = now_ms - self.at_ms
        if self.state is Progress.SENT and silent_ms > ACK_MS:
            return self.moved(Progress.UNCONFIRMED, now_ms, f"not acknowledged within {ACK_MS // 1000} s")
        if self.state is Progress.INSTALLING and self.back and silent_ms > RETURN_MS:
            return self.moved(Progress.ROLLED_BACK, now_ms, f"it came back with {self.back}")
        if self.state is Progress.INSTALLING and silent_ms > SILENT_MS:
            return self.moved(Progress.UNCONFIRMED, now_ms, f"nothing was heard for {SILENT_MS // 1000} s")
        return self

    def to_document(self) -> dict[str, Any]:
        return {
            "relayId": self.relay_id,
            "version": self.version,
            "state": str(self.state),
            "at": format_timestamp(self.at_ms),
            "percent": self.percent,
            "detail": self.detail,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Install:
        return cls(
            document["relayId"],
            document["version"],
            Progress(document["state"]),
            parse_timestamp(document["at"]),
            document["percent"],
            document["detail"],
        )

    def _completed(self, version: str, at_ms: int) -> Install:
        if version in ("", self.version):
            return replace(self.moved(Progress.CONFIRMED, at_ms), percent=100)
        return self.moved(Progress.FAILED, at_ms, f"the image was of version {_short(version)}")

    def _returned(self, version: object, at_ms: int) -> Install:
        if version == self.version:
            return replace(self.moved(Progress.CONFIRMED, at_ms), percent=100)
        return replace(self, back=_short(str(version)), at_ms=at_ms)


def _short(text: str) -> str:
    return redacted_text(text[: 2 * MAX_REASON])[:MAX_REASON]
