"""Who is judged in a run, against whom, over which broker: what the options of pytest add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from features.harness.errors import SubjectFileError
from features.harness.process import ROOT
from features.harness.record.header import Judged
from features.harness.record.known import KnownFailure, read_known
from features.harness.subject import CMS, ROLES, SMIB, Subject
from features.harness.subject_file import read_subject
from wire.address import BrokerAddress, parse_address
from wire.errors import AddressError, RelayIdError
from wire.relay import canonical_relay_id

OURS = {role: ROOT / "fixtures" / "subjects" / f"our-{role}.yaml" for role in ROLES}
ENGINES = ("amqtt", "mosquitto", "rabbitmq")


@dataclass(frozen=True, slots=True)
class Choice:
    """The options as they were given."""

    files: Sequence[str] = ()
    cms_url: str = ""
    smibs: Sequence[str] = ()
    broker_port: int | None = None
    broker_uri: str = ""
    engine: str = "amqtt"
    allow_disruptive: bool = False
    strict: bool = False
    known: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Those that choose subjects and broker, to be given again."""
        pairs = [("--subject", one) for one in self.files] + [("--smib", one) for one in self.smibs]
        pairs += [("--cms-url", self.cms_url)] if self.cms_url else []
        pairs += [("--broker-uri", self.broker_uri)] if self.broker_uri else []
        pairs += [("--broker-port", str(self.broker_port))] if self.broker_port else []
        pairs += [("--broker-engine", self.engine)] if self.engine != ENGINES[0] else []
        flags = ("--allow-disruptive",) if self.allow_disruptive else ()
        return (*(word for pair in pairs for word in pair), *flags)


@dataclass(frozen=True, slots=True)
class Plan:
    """``judged`` are the roles under judgement; the other side is ours, and plays along where a scenario
    needs both. ``broker`` is an external one, None for the embedded; on ``port`` subjects that run already
    find the latter. Ours by themselves are judged strictly: they are held to our own readings."""

    cms: Subject
    smib: Subject
    judged: frozenset[str]
    broker: BrokerAddress | None = None
    port: int | None = None
    engine: str = ENGINES[0]
    allow_disruptive: bool = False
    strict: bool = False
    known: tuple[KnownFailure, ...] = ()

    def subject(self, role: str) -> Subject:
        return self.cms if role == CMS else self.smib

    @property
    def tapped(self) -> frozenset[str]:
        """The roles that stand behind a tap: what is started always, what runs already on a given port."""
        return frozenset(role for role in ROLES if self.subject(role).is_started or self.port is not None)

    @property
    def pace(self) -> float:
        """The slowest subject sets it."""
        return max(self.subject(role).timing.pace for role in self.judged)

    @property
    def header(self) -> list[Judged]:
        """The judged, for the record."""
        subjects = [self.subject(role) for role in ROLES if role in self.judged]
        return [Judged(one.role, one.name, one.address, capabilities=one.capabilities) for one in subjects]

    def judges(self, role: str) -> bool:
        """Whether a scenario of that role (``cms``, ``smib``, ``system``) is part of the run."""
        return role not in ROLES or role in self.judged

    def obstacle(self, role: str, capabilities: Sequence[str]) -> str:
        """Why a scenario of that role that needs these capabilities does not apply; empty where it does."""
        for one in (role,) if role in ROLES else sorted(self.judged):
            subject = self.subject(one)
            for name in capabilities:
                if name not in subject.capabilities and _can_claim(name, one):
                    return f"{subject.name} does not claim {name}"
        return ""


ONLY_CMS = frozenset(
    {"queue", "health", "cabinets", "revisions", "wait", "retain", "log", "auth", "history", "batch"}
    | {"inventory", "templates", "drift", "directory", "docs", "meters"}
)
ONLY_SMIB = frozenset({"bulk", "play"})


def _can_claim(capability: str, role: str) -> bool:
    return capability not in (ONLY_SMIB if role == CMS else ONLY_CMS)


def planned(choice: Choice) -> Plan:
    """What the options add up to; SubjectFileError or RecordError, in sentences, where they can't."""
    chosen = _chosen(choice)
    subjects = {role: chosen.get(role) or read_subject(OURS[role]) for role in ROLES}
    if not (broker := _broker(choice)) and choice.broker_port is None:
        for subject in chosen.values():
            if not subject.is_started:
                raise _refused("--broker-port", f"{subject.name} runs already: where is its broker?")
    return Plan(
        subjects[CMS],
        subjects[SMIB],
        frozenset(chosen or ROLES),
        broker,
        choice.broker_port,
        choice.engine,
        choice.allow_disruptive,
        choice.strict or not chosen,
        read_known(Path(choice.known)) if choice.known else (),
    )


def _chosen(choice: Choice) -> dict[str, Subject]:
    found: dict[str, Subject] = {}
    for subject in (read_subject(Path(path)) for path in choice.files):
        if subject.role in found:
            raise _refused("--subject", f"one {subject.role} was wanted, not {subject.name} too")
        found[subject.role] = subject
    if choice.cms_url:
        found[CMS] = _at_url(choice.cms_url, found.get(CMS))
    if choice.smibs:
        found[SMIB] = _at_relays(choice.smibs, found.get(SMIB))
    return found


def _at_url(url: str, file: Subject | None) -> Subject:
    """By hand: it runs already, whatever its file says of how to start it."""
    if not url.startswith("http://"):
        raise _refused("--cms-url", f"a URL such as http://127.0.0.1:3000 was wanted, not {url!r}")
    base = file or Subject(CMS, f"CMS at {url}")
    return replace(base, url=url.rstrip("/"), start="", env={})


def _at_relays(relays: Sequence[str], file: Subject | None) -> Subject:
    try:
        found = tuple(canonical_relay_id(one) for one in relays)
    except RelayIdError as exc:
        raise _refused("--smib", str(exc)) from exc
    base = file or Subject(SMIB, f"SMIB {' '.join(found)}")
    return replace(base, relays=found, start="", env={})


def _broker(choice: Choice) -> BrokerAddress | None:
    if not choice.broker_uri:
        return None
    if choice.broker_port is not None:
        raise _refused("--broker-port", "the embedded broker has a port, --broker-uri names another")
    try:
        return parse_address(choice.broker_uri)
    except AddressError as exc:
        raise _refused("--broker-uri", str(exc)) from exc


def _refused(option: str, sentence: str) -> SubjectFileError:
    return SubjectFileError(option, [(0, "", sentence)])
