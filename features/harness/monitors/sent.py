"""Every answer that says "sent" has its packet on the CMS's own connection (section 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.harness.evidence.entry import PacketSeen
from features.harness.evidence.timeline import Excerpt
from features.harness.monitors.addressed import DEFAULT_RELAY, canonical
from features.harness.monitors.exchange import Exchange, exchanges
from features.harness.monitors.finding import Finding, Setting
from features.harness.monitors.packets import TEST, published
from wire.address import MASK

HAS_PACKET = "MSG-6"
ACKNOWLEDGED = "MSG-7"

REQUEST = "/api/mqtt/config/request"
PUBLISH = "/api/mqtt/config/publish"
SAVE = "smib-config"
_ACKS = {1: "PUBACK", 2: "PUBCOMP"}


@dataclass(frozen=True, slots=True)
class Promise:
    """A packet to ``relay`` that an answer promised. ``once``: no two promises are kept by one packet."""

    what: str
    relay: str
    kept_by: Callable[[PacketSeen], bool]
    acknowledged: bool = True
    once: bool = False


def sent_has_its_packet(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """What an answer calls sent was published, and above QoS 0 acknowledged before the answer."""
    packets = list(published(excerpt, "cms"))
    acks = [entry for entry in excerpt.entries if isinstance(entry, PacketSeen) and not entry.from_subject]
    taken: set[int] = set()
    for exchange in exchanges(excerpt.entries):
        for promise in promises(exchange, setting):
            kept = [
                packet for packet in packets if id(packet) not in taken and _keeps(packet, promise, exchange)
            ]
            finding = _judged(exchange, promise, kept, acks, setting)
            if finding is not None:
                yield finding
            elif promise.once:
                taken.add(id(kept[0]))


def promises(exchange: Exchange, setting: Setting) -> Iterator[Promise]:
    """The packets that an answer says were sent."""
    if not exchange.succeeded or exchange.request.method != "POST":
        return
    body = exchange.body
    if exchange.path == REQUEST:
        wanted = {"typ": "cfg", "comp": body.get("component")}
        yield Promise(f"the request {wanted}", _relay(body), _exactly(wanted), acknowledged=False, once=True)
    elif exchange.path == PUBLISH and isinstance(config := body.get("config"), Mapping):
        yield Promise("the published config", _relay(body), _exactly(config))
    elif exchange.path == TEST and body.get("action") == "publish":
        yield Promise("the test message", _relay(body), lambda _: True, acknowledged=False, once=True)
    elif exchange.segments[-1:] == (SAVE,) and exchange.told.get("mqttSent") is True:
        yield from _saved(exchange, setting)


def _saved(exchange: Exchange, setting: Setting) -> Iterator[Promise]:
    relay = setting.relays.get(exchange.segments[-2])
    if relay is None:
        return
    config = exchange.body.get("smibConfig")
    for component, values in (config if isinstance(config, Mapping) else {}).items():
        if isinstance(values, Mapping) and values:
            yield Promise(f"the update of {component}", canonical(relay), _updates(component, values))
    command = exchange.body.get("machineControl")
    if isinstance(command, str):
        wanted = {"command": command}
        yield Promise(f"the command {command}", canonical(relay), _includes(wanted), once=True)


def _judged(
    exchange: Exchange, promise: Promise, kept: list[PacketSeen], acks: list[PacketSeen], setting: Setting
) -> Finding | None:
    answer = exchange.answer
    assert answer is not None, "only an answer promises"
    if not kept:
        sentence = f"the answer says sent, but {promise.what} never went to {promise.relay}"
        return Finding(HAS_PACKET, setting.cms, sentence, (exchange.request, answer))
    if not promise.acknowledged or any(_is_acknowledged(packet, acks, answer.at) for packet in kept):
        return None
    sentence = f"the answer says sent before the broker had acknowledged {promise.what}"
    return Finding(ACKNOWLEDGED, setting.cms, sentence, (exchange.request, kept[-1], answer))


def _keeps(packet: PacketSeen, promise: Promise, exchange: Exchange) -> bool:
    if packet.at < exchange.request.at or packet.relay is None:
        return False
    return canonical(packet.relay) == promise.relay and promise.kept_by(packet)


def _is_acknowledged(packet: PacketSeen, acks: list[PacketSeen], before: float) -> bool:
    if packet.qos == 0:
        return True
    return any(
        (ack.tap, ack.connection, ack.type, ack.packet_id)
        == (packet.tap, packet.connection, _ACKS[packet.qos], packet.packet_id)
        and packet.at <= ack.at <= before
        for ack in acks
    )


def _exactly(wanted: Mapping[str, Any]) -> Callable[[PacketSeen], bool]:
    return lambda packet: _alike(packet.fields, wanted)


def _includes(wanted: Mapping[str, Any]) -> Callable[[PacketSeen], bool]:
    return lambda packet: _holds(packet.fields, wanted)


def _updates(component: str, values: Mapping[str, Any]) -> Callable[[PacketSeen], bool]:
    """An update of the component, or the bulk form of deployed CMSs. A masked value may stay out of it: a
    caller who sends ``***`` back means that the password stays as it is."""
    clear = {name: value for name, value in values.items() if not _is_masked(value)}

    def updates(packet: PacketSeen) -> bool:
        bulk = packet.fields.get("smibConfig")
        if isinstance(bulk, Mapping):
            return isinstance(part := bulk.get(component), Mapping) and _holds(part, clear)
        return _holds(packet.fields, {"typ": "cfg", "comp": component, **clear})

    return updates


def _holds(whole: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    return all(name in whole and _alike(whole[name], value) for name, value in part.items())


def _alike(one: Any, other: Any) -> bool:
    """Equality, as far as it can be told where a secret was replaced."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return _is_masked(one) or _is_masked(other) or one == other


def _is_masked(value: Any) -> bool:
    return isinstance(value, str) and MASK in value


def _relay(body: Mapping[str, Any]) -> str:
    relay = body.get("relayId", DEFAULT_RELAY)
    return canonical(relay) if isinstance(relay, str) else ""
