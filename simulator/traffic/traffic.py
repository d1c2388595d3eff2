"""What is seen on the floor's topics, decoded and fit to be shown (contract, sections 2 to 4).

A `Sighting` is one message as an onlooker sees it. Secrets are masked here, and nowhere later; what is
malformed is described and never shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wire import orders, reports, sas
from wire.errors import RelayIdError, WireError
from wire.jsontext import parse_object
from wire.redaction import redacted
from wire.relay import canonical_relay_id
from wire.topics import Topics

Mark = Literal[">", "<", "!"]

TO_SMIB: Mark = ">"
FROM_SMIB: Mark = "<"
MALFORMED: Mark = "!"

SUMMARY_LIMIT = 4000
"""Characters of a summary; a payload may have 64 KiB."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: the word to filter by, which way it goes, and what it means."""

    name: str
    mark: Mark
    meaning: str
    summary: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One message: when, which way, whose, what. `fields` is its JSON object without secrets, None where it
    is malformed; `summary` is one line of text that may hold any character.
    """

    time_ms: int
    mark: Mark
    topic: str
    relay_id: str | None
    kind: str
    summary: str
    size: int
    fields: Mapping[str, Any] | None
    retained: bool = False


def sighting(
    topic: str, payload: bytes, time_ms: int, topics: Topics | None = None, *, retained: bool = False
) -> Sighting:
    """Any message on any topic as it may be shown. Never raises."""
    known = Topics() if topics is None else topics
    size = len(payload)
    try:
        message, relay_id, fields = _read(topic, payload, known)
    except WireError as exc:
        why = _shortened(f"{topic}: {size} bytes, {exc.kind}: {exc}")
        relay = _addressed(topic, known)
        return Sighting(time_ms, MALFORMED, topic, relay, _MALFORMED.name, why, size, None, retained)
    kind = _KINDS[type(message)]
    text = _shortened(kind.summary(message))
    shown = redacted(fields)
    return Sighting(time_ms, kind.mark, topic, relay_id, kind.name, text, size, shown, retained)


def watched_filters(topics: Topics) -> tuple[str, ...]:
    """What to subscribe to in order to see both directions: everything of the contract's section 2."""
    return (topics.relay_filter, topics.meter_push, *topics.report_filters)


def _read(topic: str, payload: bytes, topics: Topics) -> tuple[Any, str, Mapping[str, Any]]:
    if topic == topics.meter_push:
        push, fields = _order(payload)
        return push, canonical_relay_id(fields.get("rly")), fields
    if topic.startswith(topics.relay_prefix):
        relay_id = canonical_relay_id(topic.removeprefix(topics.relay_prefix))
        order, fields = _order(payload)
        return order, relay_id, fields
    fields = parse_object(payload)
    relay_id = reports.sender(fields, topics.relay_of(topic))
    return reports.report_from(relay_id, fields), relay_id, fields


def _order(payload: bytes) -> tuple[orders.Order, Mapping[str, Any]]:
    fields = parse_object(payload)
    return orders.order_from(fields), fields


def _addressed(topic: str, topics: Topics) -> str | None:
    """The relay that a topic alone names, if it does."""
    for prefix in (topics.relay_prefix, topics.server_prefix):
        if topic.startswith(prefix):
            try:
                return canonical_relay_id(topic.removeprefix(prefix))
            except RelayIdError:
                return None
    return None


def _update(order: orders.ConfigUpdate) -> str:
    return f"{order.component} {_values(order.values)}"


def _bulk(order: orders.BulkUpdate) -> str:
    parts = redacted(order.config).items()
    return (
        "; ".join(f"{name} {_values(v) if isinstance(v, Mapping) else v}" for name, v in parts) or "nothing"
    )


def _command(order: orders.Command) -> str:
    return order.name if order.timestamp is None else f"{order.name} of {order.timestamp}"


def _poll(order: orders.LongPoll) -> str:
    try:
        poll = sas.decode_poll(order.frame)
    except WireError:
        return f"SAS frame {order.frame}"
    return "meters " + ", ".join(sas.METERS.get(code, code) for code in poll.codes)


def _nvs_clear(order: orders.NvsClear) -> str:
    try:
        return f"clear {sas.NVS_AREAS[sas.decode_nvs(order.frame)]}"
    except WireError:
        return f"frame {order.frame}"


def _answer(report: reports.ConfigAnswer) -> str:
    refusal = "" if report.err is None else f"refused: {report.err}; in force: "
    return f"{report.component} {refusal}{_values(report.values)}"


def _machine_answer(report: reports.MachineAnswer) -> str:
    try:
        answer = sas.decode_answer(report.pyd)
    except WireError:
        return "refused" if report.pyd == "-1" else f"SAS frame {report.pyd}"
    return ", ".join(f"{sas.METERS.get(code, code)} {value}" for code, value in answer.meters)


def _nvs_answer(report: reports.NvsAnswer) -> str:
    words = {sas.nvs_result(True): "done", sas.nvs_result(False): "failed"}
    return words.get(report.pyd, report.pyd)


def _event(report: reports.Event) -> str:
    return f"{report.name} {redacted(report.pyd)}".rstrip()


def _exception(report: reports.SasException) -> str:
    return f"{report.pyd} {sas.EXCEPTIONS.get(report.pyd, '')}".rstrip()


def _other(report: reports.OtherReport) -> str:
    return _values(report.object)


def _values(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_value(value)}" for name, value in redacted(values).items())


def _shortened(text: str) -> str:
    return text if len(text) <= SUMMARY_LIMIT else f"{text[:SUMMARY_LIMIT]} ... ({len(text)} characters)"


def _value(value: object) -> str:
    bare = isinstance(value, str) and value and " " not in value
    return str(value) if bare else json.dumps(value, ensure_ascii=False, default=str)


_MALFORMED = Kind("malformed", MALFORMED, "what nobody can read, either way: its size and why", str)

_KINDS: Mapping[type, Kind] = {
    orders.ConfigRequest: Kind("request", ">", "asks for one component", lambda order: order.component),
    orders.ConfigUpdate: Kind("update", ">", "orders new values for one component", _update),
    orders.BulkUpdate: Kind("bulk", ">", "orders new values for several components at once", _bulk),
    orders.Command: Kind("command", ">", "RESTART, LOCK MACHINE or UNLOCK MACHINE", _command),
    orders.Probe: Kind(
        "probe", ">", "the test endpoint's message", lambda order: f"test from {order.source}"
    ),
    orders.Restart: Kind("restart", ">", "the short form of RESTART", lambda _: "rst"),
    orders.LongPoll: Kind("poll", ">", "a SAS long poll for the machine", _poll),
    orders.MeterReset: Kind("reset", ">", "clears the meters", lambda _: "met_reset"),
    orders.FirmwareOrder: Kind("firmware", ">", "orders a firmware image", lambda order: order.binary),
    orders.NvsClear: Kind("nvs", ">", "clears an area of the NVS", _nvs_clear),
    orders.MeterPush: Kind("push", ">", "asks for the meters", lambda order: f"meters, code {order.code}"),
    reports.ConfigAnswer: Kind("answer", "<", "the values of one component, now in force", _answer),
    reports.Event: Kind("event", "<", "something happened: MACHINE_LOCKED, GAME_PLAYED, ...", _event),
    reports.SasException: Kind("exp", "<", "the machine's SAS exception code, in real time", _exception),
    reports.MachineAnswer: Kind("rsp", "<", "the machine's answer to a poll or a reset", _machine_answer),
    reports.NvsAnswer: Kind("srsp", "<", "whether an area of the NVS was cleared", _nvs_answer),
    reports.OtherReport: Kind("other", "<", "any other JSON object from a known relay", _other),
}

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*_KINDS.values(), _MALFORMED)}
"""Every kind by its name: to the SMIB first, then from it, then the malformed."""
