"""Whether a payload is a message of the contract, and which (sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wire import orders, reports
from wire.commands import EVENTS
from wire.components import component_named
from wire.errors import RoutingError, WireError
from wire.jsontext import parse_object
from wire.orders import order_from
from wire.topics import Topics

CLEAR = "nothing"
"""The message of an empty retained payload: it takes back what was retained."""

UNKNOWN = reports.OtherReport.__name__
CONFIG_UPDATES = (orders.ConfigUpdate.__name__, orders.BulkUpdate.__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``message`` is the name of the message (``ConfigRequest``, ``Event``), empty where it is none or is not
    judged; ``relay`` the SMIB that is addressed or reports; ``problem`` why it does not fit, shows no
    secret."""

    message: str = ""
    relay: str | None = None
    problem: str = ""


NOT_JUDGED = Verdict()


def judged_order(topic: str, payload: bytes, retain: bool, topics: Topics) -> Verdict:
    """What a CMS published. Topics that are no SMIB's are not judged."""
    if topic == topics.meter_push:
        return _order(payload, None)
    if not topic.startswith(topics.relay_prefix):
        return NOT_JUDGED
    relay = topic[len(topics.relay_prefix) :]
    return Verdict(CLEAR, relay) if retain and not payload else _order(payload, relay)


def judged_report(topic: str, payload: bytes, topics: Topics) -> Verdict:
    """What a SMIB published, on whatever topic its settings name."""
    try:
        named = topics.relay_of(topic)
    except RoutingError:
        named = None
    try:
        report = reports.decode_report(payload, named)
    except WireError as exc:
        return Verdict(relay=named, problem=str(exc))
    problem = "; ".join(_report_problems(report))
    return Verdict(type(report).__name__, report.relay_id, problem)


def _order(payload: bytes, relay: str | None) -> Verdict:
    try:
        fields = parse_object(payload)
        order = order_from(fields)
        problem = "; ".join(_order_problems(order, fields))
    except WireError as exc:
        return Verdict(relay=relay, problem=str(exc))
    if isinstance(order, orders.MeterPush):
        relay = order.relay_id
    return Verdict(type(order).__name__, relay, problem)


def _order_problems(order: orders.Order, fields: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(order, orders.ConfigRequest):
        component_named(order.component)
    elif isinstance(order, orders.ConfigUpdate):
        yield from map(str, component_named(order.component).problems(order.values))
    elif isinstance(order, orders.BulkUpdate):
        for name, values in order.config.items():
            yield from map(str, component_named(name).problems(values))
    elif isinstance(order, orders.Command):
        for name in ("timestamp", "action"):
            if name not in fields:
                yield f"{name}: a command has one"


def _report_problems(report: reports.Report) -> Iterator[str]:
    if isinstance(report, reports.OtherReport):
        known = isinstance(typ := report.object.get("typ"), str) and (
            typ in EVENTS or typ in ("cfg", "rsp", "srsp", "exp")
        )
        yield f"typ: {typ} has other fields" if known else f"typ: not a message of the contract: {typ!r}"
    elif isinstance(report, reports.ConfigAnswer):
        yield from _answer_problems(report)


def _answer_problems(answer: reports.ConfigAnswer) -> Iterator[str]:
    try:
        component = component_named(answer.component)
    except WireError as exc:
        yield str(exc)
        return
    for field in component:
        if field.name not in answer.values:
            if not field.optional:
                yield f"{component.name}.{field.name}: it is missing"
        elif type(answer.values[field.name]) is not field.type or not field.accepts(
            answer.values[field.name]
        ):
            yield f"{component.name}.{field.name}: {field.wanted} was wanted"
    for name in answer.values:
        if component.field(name) is None:
            yield f"{component.name}.{name}: the component has no such field"
