"""A firmware version that can be installed: where its image is, and what is known of it (section 7).

Nothing here does I/O: whether an image is sound is for the device to find out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cms.sheet import Kind, Sheet
from wire.address import mask_credentials
from wire.components import OTA
from wire.errors import Problem
from wire.timestamps import format_timestamp, parse_timestamp

MAX_NOTES = 2000
BIN_WANTED = "a file name of 1 to 64 characters out of A-Z a-z 0-9 _ . + - that does not begin with . or +"
SHA256_WANTED = "64 hexadecimal digits were wanted"
FIELDS = ("otaURL", "bin", "sha256", "notes")

_BIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.+-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Firmware:
    """The image is at ``ota_url`` followed by ``binary``; a password in it is shown to nobody.

    ``number`` rises with each change of the entry.
    """

    version: str
    ota_url: str = field(repr=False)
    binary: str
    sha256: str
    notes: str
    user: str
    at_ms: int
    changed_ms: int
    number: int = 1

    @property
    def shown_url(self) -> str:
        return mask_credentials(self.ota_url)

    @property
    def image_url(self) -> str:
        joint = "" if self.ota_url.endswith("/") or "?" in self.ota_url else "/"
        return f"{self.shown_url}{joint}{self.binary}"

    def order(self) -> dict[str, Any]:
        """What a batch that installs it says of it."""
        return {"version": self.version, "otaURL": self.shown_url, "bin": self.binary}

    def to_document(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "otaURL": self.shown_url,
            "bin": self.binary,
            "imageURL": self.image_url,
            "sha256": self.sha256 or None,
            "notes": self.notes,
            "user": self.user,
            "at": format_timestamp(self.changed_ms),
        }

    def sheet(self) -> Sheet:
        document = {
            "otaURL": self.ota_url,
            "bin": self.binary,
            "sha256": self.sha256,
            "notes": self.notes,
            "user": self.user,
            "changed": format_timestamp(self.changed_ms),
        }
        return Sheet(Kind.FIRMWARE, self.version, self.number, self.at_ms, document)


def firmware_from(sheet: Sheet) -> Firmware:
    known = sheet.document
    return Firmware(
        sheet.id,
        known["otaURL"],
        known["bin"],
        known["sha256"],
        known["notes"],
        known["user"],
        sheet.at_ms,
        parse_timestamp(known["changed"]),
        sheet.number,
    )


def firmware_problems(fields: Mapping[str, Any]) -> list[Problem]:
    """What keeps ``fields``, of which none is unknown, from describing an image."""
    problems = [
        Problem(one.field.removeprefix("ota."), one.wanted)
        for one in OTA.problems({"otaURL": fields.get("otaURL")})
    ]
    if not _fits(_BIN, fields.get("bin")):
        problems.append(Problem("bin", f"{BIN_WANTED} was wanted"))
    if "sha256" in fields and not _fits(_SHA256, fields["sha256"]):
        problems.append(Problem("sha256", f"{SHA256_WANTED}, in lower case"))
    notes = fields.get("notes", "")
    if not isinstance(notes, str) or len(notes) > MAX_NOTES:
        problems.append(Problem("notes", f"a text of at most {MAX_NOTES} characters was wanted"))
    return problems


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
