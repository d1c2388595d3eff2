"""Who is judged: a CMS or SMIBs, by what the harness needs to know of them and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from features.harness.floor import Cabinet

CMS, SMIB = "cms", "smib"
ROLES = (CMS, SMIB)

CAPABILITIES: Mapping[str, str] = {
    "core": "the specification's present: the seven endpoints, configuration, commands, streams",
    "queue": "updates and commands wait for a broker that is away",
    "health": "/healthz and /readyz",
    "cabinets": "GET /api/cabinets",
    "inventory": "cabinets by location and by a part of a relay id, and their import",
    "websocket": "a broker over WebSocket",
    "revisions": "a conflicting edit is told by ETag and If-Match",
    "wait": "?wait= on a request for a configuration",
    "retain": "MQTT_RETAIN_CONFIG",
    "log": "a log that names the documented moments",
    "auth": "users, roles and sessions",
    "history": "the history of a configuration, and the audit trail",
    "events": "what happened on the floor can be asked for",
    "batch": "one order for many SMIBs, or for a location",
    "templates": "configuration templates",
    "meters": "a machine's meters on demand",
    "drift": "what was ordered against what a device reports",
    "directory": "firmware versions to choose from",
    "sas": "long polls, meters and NVS frames",
    "ota": "firmware over the air",
    "play": "machines of the simulator's that can be played by its control",
    "bulk": "the bulk form of deployed CMSs",
    "tls": "a broker over TLS, with an authority of one's own",
    "docs": "the service describes itself at /openapi.json and /docs",
}
"""What a subject may claim; ``core`` is what every scenario without a ``@cap-…`` asks for."""

USUAL_ANSWER_S, USUAL_SLACK = 2.0, 1.5
PLACEHOLDERS: Mapping[str, str] = {
    "port": "a free port to listen on",
    "host": "the address to listen on",
    "broker_uri": "the broker, credentials included",
    "cabinets": "the cabinets, id=relay,id=relay",
    "cabinets_file": "the same as a YAML file, with names and locations",
    "relay": "a relay id; one process is started for each",
    "relays": "all relay ids for one process, id=idle time,id=idle time",
    "networks": "the WiFi networks that exist, ssid:password:channel,…",
    "fleet": "the same as a YAML file of our own fleet",
    "state": "a folder that outlives the process",
    "python": "the Python that runs the harness",
}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Timing:
    """``answer_s`` seconds are what the subject takes to answer, ``heartbeat_s`` what lies between two
    heartbeats of its streams; ``slack`` stretches both."""

    answer_s: float = USUAL_ANSWER_S
    heartbeat_s: float = 5.0
    slack: float = USUAL_SLACK

    @property
    def pace(self) -> float:
        """By how much every deadline of the harness is stretched: they are made for the usual timing."""
        return self.answer_s * self.slack / (USUAL_ANSWER_S * USUAL_SLACK)


@dataclass(frozen=True, slots=True)
class Subject:
    """``start`` is a command line, empty where it runs already; it, ``url`` and the values of ``env`` may
    hold placeholders. ``ready`` is the path that answers 200, empty where an open port is enough.
    ``folder`` is where ``start`` runs, empty for the project's own."""

    role: str
    name: str
    url: str = ""
    relays: tuple[str, ...] = ()
    start: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    ready: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cabinets: tuple[Cabinet, ...] = ()
    capabilities: tuple[str, ...] = ("core",)
    timing: Timing = Timing()
    folder: str = ""

    @property
    def is_started(self) -> bool:
        return bool(self.start)

    @property
    def address(self) -> str:
        """Where it is found, for the record."""
        return self.url if self.role == CMS else " ".join(self.relays)

    def asks_for(self, placeholder: str) -> bool:
        """Whether what it is told holds ``{placeholder}``."""
        texts = (self.url, self.start, *self.env.values())
        return any(placeholder in placeholders(text) for text in texts)


def placeholders(text: str) -> Iterator[str]:
    """The names in braces."""
    return (match[1] for match in _PLACEHOLDER.finditer(text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """``text`` with the values in the places of their names."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
