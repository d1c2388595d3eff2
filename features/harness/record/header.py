"""The first line of a record: who was judged, how, with what, when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from features.harness.record.known import KnownFailure
from features.harness.record.values import Values


@dataclass(frozen=True, slots=True)
class Judged:
    """A subject. ``role`` is cms or smib; ``address`` a URL, or relay ids with blanks between them."""

    role: str
    name: str
    address: str = ""
    version: str = ""
    capabilities: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Values) -> Judged:
        return cls(
            values.text("role"),
            values.text("name"),
            values.text("address", ""),
            values.text("version", ""),
            values.texts("capabilities"),
        )


@dataclass(frozen=True, slots=True)
class Probe:
    """What the start-up probe ``name`` saw of the broker; ``differs`` where it is not what MQTT or the
    contract lead one to expect."""

    name: str
    differs: bool
    sentence: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Values) -> Probe:
        return cls(values.text("name"), values.flag("differs", False), values.text("sentence", ""))


@dataclass(frozen=True, slots=True)
class Between:
    """The broker of the run. ``address`` is a URI without credentials."""

    name: str = ""
    address: str = ""
    probes: tuple[Probe, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Values) -> Between:
        return cls(
            values.text("name", ""), values.text("address", ""), values.parts("probes", Probe.from_json)
        )


@dataclass(frozen=True, slots=True)
class Header:
    """``command`` is the command line without its secrets; ``options`` the part of it that chooses the
    subjects, so that one check alone can be run against the same; ``versions`` of harness, Python and
    libraries; ``started`` ISO 8601 in UTC; ``strict`` turns non-strict into failures."""

    subjects: tuple[Judged, ...]
    command: str
    options: tuple[str, ...] = ()
    seed: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    broker: Between = Between()
    started: str = ""
    strict: bool = False
    known: tuple[KnownFailure, ...] = ()

    def address_of(self, role: str) -> str:
        """Of the first subject in that role; empty where there is none."""
        return next((one.address for one in self.subjects if one.role == role), "")

    def to_json(self) -> dict[str, Any]:
        return {
            "line": "header",
            "subjects": [one.to_json() for one in self.subjects],
            "command": self.command,
            "options": list(self.options),
            "seed": self.seed,
            "versions": dict(self.versions),
            "broker": self.broker.to_json(),
            "started": self.started,
            "strict": self.strict,
            "known": [one.to_json() for one in self.known],
        }

    @classmethod
    def from_json(cls, values: Values) -> Header:
        return cls(
            values.parts("subjects", Judged.from_json),
            values.text("command"),
            values.texts("options"),
            values.text("seed", ""),
            {name: str(value) for name, value in values.mapping("versions").items()},
            values.part("broker", Between.from_json),
            values.text("started", ""),
            values.flag("strict", False),
            values.parts("known", KnownFailure.from_json),
        )
