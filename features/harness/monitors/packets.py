"""Every packet of a subject: MQTT that can be read, messages of the contract, nothing retained that would
act again (sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from features.harness.evidence.content import body
from features.harness.evidence.entry import PacketSeen
from features.harness.evidence.schema import CLEAR, CONFIG_UPDATES, UNKNOWN
from features.harness.evidence.timeline import Excerpt
from features.harness.monitors.exchange import exchanges
from features.harness.monitors.finding import Finding, Setting

ORDER_FITS = "MSG-1"
REPORT_FITS = "MSG-2"
REPORT_KNOWN = "MSG-3"
READABLE = "MSG-4"
NOT_RETAINED = "TOPIC-7"

TEST = "/api/mqtt/test"


def published(excerpt: Excerpt, role: str) -> Iterator[PacketSeen]:
    """What the subjects of a role published, by time."""
    for entry in excerpt.entries:
        if not isinstance(entry, PacketSeen) or not entry.from_subject:
            continue
        if entry.role == role and entry.type == "PUBLISH":
            yield entry


def packets_are_readable(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """A subject speaks MQTT 3.1.1."""
    del setting
    for entry in excerpt.entries:
        if isinstance(entry, PacketSeen) and entry.from_subject and entry.role and entry.error:
            sentence = f"it sent what is no packet of MQTT 3.1.1: {entry.error}"
            yield Finding(READABLE, entry.source, sentence, (entry,))


def orders_fit(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """What a CMS sends to a SMIB is a message of the contract, with values that its component accepts. What
    an operator has the test endpoint send is the operator's."""
    del setting
    dictated = list(_dictated(excerpt))
    for packet in published(excerpt, "cms"):
        if packet.problem and packet.payload not in dictated:
            yield Finding(ORDER_FITS, packet.tap, f"its message does not fit: {packet.problem}", (packet,))


def reports_fit(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """What a SMIB sends is a JSON object that names it, and a message of the contract."""
    del setting
    for entry in excerpt.entries:
        if not isinstance(entry, PacketSeen) or entry.role != "smib" or not entry.problem:
            continue
        what = "its last will" if entry.type == "CONNECT" else "its message"
        unknown = entry.message == UNKNOWN and "not a message" in entry.problem
        requirement = REPORT_KNOWN if unknown else REPORT_FITS
        yield Finding(requirement, entry.source, f"{what} does not fit: {entry.problem}", (entry,))


def nothing_retained(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """No request and no command is retained; an update only where the operator has switched that on."""
    for packet in published(excerpt, "cms"):
        if not packet.retain or packet.relay is None or packet.message == CLEAR:
            continue
        if packet.message not in CONFIG_UPDATES:
            sentence = "a request or a command was published retained; it would act again at every reconnect"
            yield Finding(NOT_RETAINED, packet.tap, sentence, (packet,))
        elif not setting.retains_updates:
            sentence = "an update was published retained, which nobody has switched on"
            yield Finding(NOT_RETAINED, packet.tap, sentence, (packet,))


def _dictated(excerpt: Excerpt) -> Iterator[Any]:
    for exchange in exchanges(excerpt.entries):
        if exchange.path == TEST and isinstance(message := exchange.body.get("message"), str):
            value = body(message.encode())
            yield value if isinstance(value, dict) else message
