"""A cabinet: the machine on the floor, its SMIB and what was ordered of it (contract, sections 1, 3 and 6).

Nothing here does I/O. A configuration is a mapping of components, each a mapping of wire names to values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cms.mqtt_summary import mqtt_summary
from wire.components import COMPONENTS
from wire.timestamps import format_timestamp
from wire.topics import Topics

Config = Mapping[str, Mapping[str, Any]]

CABINET_ID_WANTED = "1 to 64 characters out of A-Z a-z 0-9 _ . : -"
TEXTS: Mapping[str, str] = {
    "name": "name",
    "location": "location",
    "assetNumber": "asset_number",
    "serialNumber": "serial_number",
    "game": "game",
}
"""What describes a cabinet in files and documents, and the attribute that it is here."""
DESCRIPTION = tuple(TEXTS.values())
"""What is known of a cabinet beside its ids and its SMIB."""

_CABINET_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What is to be different: some fields of some components, and what is known of the firmware."""

    config: Config = field(default_factory=dict, repr=False)
    version: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.config.values()) or bool(self.version)


@dataclass(frozen=True, slots=True)
class Cabinet:
    """One machine. ``revision`` rises with each change of it; ``updated_ms`` is 0 until it is stored.

    ``smib_config`` is what was ordered of the device, passwords included: it is in no ``repr``.
    """

    id: str
    relay_id: str
    name: str = ""
    location: str = ""
    asset_number: str = ""
    serial_number: str = ""
    game: str = ""
    smib_config: Config = field(default_factory=dict, repr=False)
    smib_version: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 1
    updated_ms: int = 0

    @property
    def texts(self) -> dict[str, str]:
        """What describes it, by attribute."""
        return {name: getattr(self, name) for name in DESCRIPTION}

    def merge(self, change: ConfigChange, now_ms: int) -> Cabinet:
        """This cabinet with ``change`` in force: fields that it does not name stay as they are.

        The cabinet itself where ``change`` says what it is already: that is no new revision (INT-62).
        """
        config = merged_config(self.smib_config, change.config)
        version = {**self.smib_version, **change.version}
        if (config, version) == (self.smib_config, self.smib_version):
            return self
        changed = replace(self, smib_config=config, smib_version=version)
        return replace(changed, revision=self.revision + 1, updated_ms=now_ms)

    def described_by(self, other: Cabinet) -> Cabinet:
        """This cabinet with the names, numbers, place and versions that ``other`` knows; its orders stay."""
        texts: dict[str, Any] = {name: text or self.texts[name] for name, text in other.texts.items()}
        return replace(self, **texts, smib_version={**self.smib_version, **other.smib_version})

    def masked(self) -> Cabinet:
        """This cabinet as anybody may see it: secrets as ``***``."""
        return replace(self, smib_config=masked_config(self.smib_config))

    def to_document(self) -> dict[str, Any]:
        """The machine object of the REST answers (section 6), masked."""
        return {
            "id": self.id,
            "relayId": self.relay_id,
            "name": self.name,
            "location": self.location,
            "assetNumber": self.asset_number,
            "serialNumber": self.serial_number,
            "game": self.game,
            "smibConfig": masked_config(self.smib_config),
            "smibVersion": dict(self.smib_version),
            "revision": self.revision,
            "updatedAt": format_timestamp(self.updated_ms),
        }

    def mqtt_summary(self, topics: Topics, reported_firmware: str | None = None) -> dict[str, str]:
        """What ``GET /api/mqtt/config`` says of it: the specification's keys in its order, all strings.

        ``reported_firmware`` is shown where no ``smibVersion`` is stored.
        """
        firmware = self.smib_version.get("firmware") or reported_firmware
        return mqtt_summary(self.relay_id, self.smib_config, firmware, topics)


def merged_config(stored: Config, newer: Config) -> dict[str, dict[str, Any]]:
    """``stored`` with the values of ``newer`` in it, per component and field."""
    merged = {name: dict(values) for name, values in stored.items()}
    for name, values in newer.items():
        if values:
            merged.setdefault(name, {}).update(values)
    return merged


def masked_config(config: Config) -> dict[str, dict[str, Any]]:
    """``config`` with every secret as ``***``, the password inside a URI too."""
    return {name: _masked(name, values) for name, values in config.items()}


def _masked(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    component = COMPONENTS.get(name)
    return dict(values) if component is None else component.masked(values)


def is_cabinet_id(text: str) -> bool:
    """Whether a cabinet can be called ``text``."""
    return _CABINET_ID.fullmatch(text) is not None


def natural_key(text: str) -> tuple[tuple[int, str], ...]:
    """Sorts ``cab-2`` before ``cab-10``."""
    parts = re.split(r"([0-9]+)", text)
    return tuple((int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts))
