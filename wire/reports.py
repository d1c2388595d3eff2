"""What a SMIB sends, each message a value (contract, sections 3 and 4).

    Report = ConfigAnswer | MachineAnswer | NvsAnswer | Event | SasException | OtherReport

``encode(report)`` gives the payload. ``decode_report(payload)`` gives a report for every JSON object that
names a relay, and raises a WireError for every other byte string: a CMS passes on what it does not know
(OtherReport).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wire.commands import EVENTS
from wire.errors import MessageError, RelayIdError, RoutingError
from wire.jsontext import Fields, parse_object, string_in, to_bytes
from wire.relay import canonical_relay_id


@dataclass(frozen=True, slots=True)
class ConfigAnswer:
    """All fields of a component as they are in force; ``err`` says why an update was refused."""

    relay_id: str
    component: str
    values: Mapping[str, Any]
    err: str | None = None

    def fields(self) -> dict[str, Any]:
        refusal = {} if self.err is None else {"err": self.err}
        return {"rly": self.relay_id, "typ": "cfg", "comp": self.component, **self.values, **refusal}


@dataclass(frozen=True, slots=True)
class MachineAnswer:
    """The machine's answer to a long poll or a meter reset; ``pyd`` is hexadecimal or ``"-1"``."""

    relay_id: str
    mac: str
    pyd: str
    sta: str = ""

    def fields(self) -> dict[str, Any]:
        return {"typ": "rsp", "rly": self.relay_id, "mac": self.mac, "sta": self.sta, "pyd": self.pyd}


@dataclass(frozen=True, slots=True)
class NvsAnswer:
    """Whether an area of the NVS was cleared: the frame ``E10101`` or ``E10100`` with its CRC."""

    relay_id: str
    sta: str
    pyd: str

    def fields(self) -> dict[str, Any]:
        return {"typ": "srsp", "rly": self.relay_id, "sta": self.sta, "pyd": self.pyd}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, by its name (one of EVENTS); ``ts`` is an extension."""

    name: str
    relay_id: str
    mac: str
    pyd: str = ""
    tkn: str = ""
    ts: str | None = None

    def fields(self) -> dict[str, Any]:
        return _event_fields(self.name, self)


@dataclass(frozen=True, slots=True)
class SasException:
    """Something that the machine reported in real time: ``pyd`` is a SAS exception code."""

    relay_id: str
    mac: str
    pyd: str
    tkn: str = ""
    ts: str | None = None

    def fields(self) -> dict[str, Any]:
        return _event_fields("exp", self)


@dataclass(frozen=True, slots=True)
class OtherReport:
    """A JSON object from a known relay that is none of the above; kept whole, in its own key order."""

    relay_id: str
    object: Mapping[str, Any]

    def fields(self) -> dict[str, Any]:
        return dict(self.object)


Report = ConfigAnswer | MachineAnswer | NvsAnswer | Event | SasException | OtherReport


def encode(report: Report) -> bytes:
    """The payload of ``report``."""
    return to_bytes(report.fields())


def decode_report(payload: bytes, topic_relay: str | None = None) -> Report:
    """The report in ``payload``, from the relay that it or else its topic names; WireError, and nothing else,
    for every byte string that holds none."""
    fields = parse_object(payload)
    return report_from(sender(fields, topic_relay), fields)


def sender(fields: Fields, topic_relay: str | None = None) -> str:
    """The canonical id of the relay that a report came from (section 2).

    RoutingError: ``no-rly`` where neither names one, ``bad-rly`` where ``rly`` is no id, ``other-rly`` where
    payload and topic name two.
    """
    if "rly" not in fields:
        if topic_relay is None:
            raise RoutingError("no-rly", "rly: the relay id of the sender was wanted, not nothing")
        return topic_relay
    try:
        relay_id = canonical_relay_id(fields["rly"])
    except RelayIdError as exc:
        raise RoutingError("bad-rly", f"rly: {exc}") from exc
    if topic_relay is not None and relay_id != topic_relay:
        raise RoutingError("other-rly", f"rly: {topic_relay} was wanted, as in the topic, not {relay_id}")
    return relay_id


def report_from(relay_id: str, fields: Fields) -> Report:
    """The report that a JSON object from ``relay_id`` spells. Never raises."""
    typ = fields.get("typ")
    read = _BY_TYPE.get(typ) if isinstance(typ, str) else None
    if read is None:
        return OtherReport(relay_id, fields)
    try:
        report = read(relay_id, fields)
    except MessageError:
        return OtherReport(relay_id, fields)
    return report if set(report.fields()) >= set(fields) else OtherReport(relay_id, fields)


def _answer(relay_id: str, fields: Fields) -> ConfigAnswer:
    err = string_in(fields, "err") if "err" in fields else None
    values = {name: value for name, value in fields.items() if name not in ("rly", "typ", "comp", "err")}
    return ConfigAnswer(relay_id, string_in(fields, "comp"), values, err)


def _machine_answer(relay_id: str, fields: Fields) -> MachineAnswer:
    return MachineAnswer(
        relay_id, string_in(fields, "mac"), string_in(fields, "pyd"), string_in(fields, "sta")
    )


def _nvs_answer(relay_id: str, fields: Fields) -> NvsAnswer:
    return NvsAnswer(relay_id, string_in(fields, "sta"), string_in(fields, "pyd"))


def _event(relay_id: str, fields: Fields) -> Event:
    return Event(fields["typ"], relay_id, **_event_values(fields))


def _exception(relay_id: str, fields: Fields) -> SasException:
    return SasException(relay_id, **_event_values(fields))


def _event_values(fields: Fields) -> dict[str, str]:
    names = ("mac", "pyd", "tkn", "ts") if "ts" in fields else ("mac", "pyd", "tkn")
    return {name: string_in(fields, name) for name in names}


def _event_fields(typ: str, event: Event | SasException) -> dict[str, Any]:
    time = {} if event.ts is None else {"ts": event.ts}
    return {"typ": typ, "rly": event.relay_id, "mac": event.mac, "tkn": event.tkn, "pyd": event.pyd, **time}


_BY_TYPE: Mapping[str, Callable[[str, Fields], Report]] = {
    "cfg": _answer,
    "rsp": _machine_answer,
    "srsp": _nvs_answer,
    "exp": _exception,
    **dict.fromkeys(EVENTS, _event),
}
