"""What is kept of payloads and bodies: JSON where it is some, else text cut short, its secrets replaced."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from features.harness.evidence.entry import PacketSeen
from features.harness.evidence.schema import NOT_JUDGED, Verdict, judged_order, judged_report
from features.harness.evidence.secrets import Secrets
from features.harness.tap.packet import Packet, Reading
from wire.errors import WireError
from wire.jsontext import MAX_PAYLOAD, parse_object
from wire.topics import Topics

TEXT = 1000
"""Characters that are kept of what is no JSON."""

DEEPEST = 64
"""Levels of nesting up to which a body is looked at as JSON."""

CMS = "cms"
SMIB = "smib"


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def body(raw: bytes) -> Any:
    """The JSON value in an HTTP body, or its text."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode(errors="backslashreplace")
    return value if _is_flat(value) else raw.decode(errors="backslashreplace")


def safe(value: Any, secrets: Secrets) -> Any:
    """A body as it may be kept."""
    if value is None:
        return None
    if isinstance(value, str):
        return cut(secrets.text(value), TEXT)
    kept = secrets.value(value)
    text = json.dumps(kept, ensure_ascii=False)
    return kept if len(text) <= MAX_PAYLOAD else cut(text, TEXT)


def packet_entry(packet: Packet, secrets: Secrets, topics: Topics) -> PacketSeen:
    """A packet as it may be kept, judged by the contract while its secrets are still there."""
    verdict = _verdict(packet, topics)
    details, payload = _details(packet.details, secrets), _payload(packet, secrets)
    return PacketSeen(
        at=packet.at,
        tap=packet.tap,
        role=packet.role,
        connection=packet.connection,
        client_id=packet.client_id,
        direction=packet.direction.value,
        type=packet.type,
        size=packet.size,
        topic=packet.topic,
        payload=payload,
        qos=packet.qos,
        retain=packet.retain,
        dup=packet.dup,
        packet_id=packet.packet_id,
        details=details,
        fault=packet.fault,
        error=packet.error,
        message=verdict.message,
        relay=verdict.relay,
        problem=secrets.text(verdict.problem),
    )


def _verdict(packet: Packet, topics: Topics) -> Verdict:
    if not packet.from_subject or packet.error:
        return NOT_JUDGED
    if packet.type == "PUBLISH":
        return _judged(packet, packet.role, topics)
    will = packet.details.get("will")
    return NOT_JUDGED if will is None else _judged(will, packet.role, topics)


def _judged(reading: Reading, role: str, topics: Topics) -> Verdict:
    if role == CMS:
        return judged_order(reading.topic, reading.payload, reading.retain, topics)
    return judged_report(reading.topic, reading.payload, topics) if role == SMIB else NOT_JUDGED


def _payload(reading: Reading, secrets: Secrets) -> Any:
    if reading.type != "PUBLISH":
        return None
    try:
        fields = parse_object(reading.payload)
    except WireError:
        return cut(secrets.text(reading.payload[: 2 * TEXT].decode(errors="backslashreplace")), TEXT)
    secrets.learn(fields, ours=False)
    return secrets.value(fields)


def _details(details: Mapping[str, Any], secrets: Secrets) -> dict[str, Any]:
    kept = dict(details)
    if isinstance(will := details.get("will"), Reading):
        kept["will"] = {
            "topic": will.topic,
            "payload": _payload(will, secrets),
            "qos": will.qos,
            "retain": will.retain,
        }
    return kept


def _is_flat(value: Any) -> bool:
    """Whether ``value`` can be walked by recursion."""
    level = [value]
    for _ in range(DEEPEST):
        level = [child for item in level for child in _children(item)]
        if not level:
            return True
    return False


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
