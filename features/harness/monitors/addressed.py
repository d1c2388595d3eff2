"""Every message of a CMS goes to a SMIB that somebody addressed (sections 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from features.harness.evidence.entry import Entry
from features.harness.evidence.timeline import Excerpt
from features.harness.monitors.exchange import Exchange, exchanges
from features.harness.monitors.finding import Finding, Setting
from features.harness.monitors.packets import TEST, published
from wire.errors import RelayIdError
from wire.relay import canonical_relay_id

ADDRESSED = "MSG-5"
NOT_REFUSED = "API-5"

DEFAULT_RELAY = "e831cdfa8384"
"""The relay of the test endpoint where its caller names none (specification, endpoint 7)."""


def addressed_relays(entries: Iterable[Entry], setting: Setting) -> frozenset[str]:
    """The relays that the requests among ``entries`` address; those for ``Setting.addressed`` of what
    follows."""
    named = (relay for one in exchanges(entries) if not one.refused for relay in _named(one, setting))
    return frozenset(named) | setting.addressed


def only_whom_somebody_addressed(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """No message to a relay that no request names, and none because of a request that was refused."""
    calls = [(one, _named(one, setting)) for one in exchanges(excerpt.entries)]
    for packet in published(excerpt, "cms"):
        if packet.relay is None or packet.dup or canonical(packet.relay) in setting.addressed:
            continue
        relay = canonical(packet.relay)
        causes = [one for one, relays in calls if one.request.at <= packet.at and relay in relays]
        if not causes:
            sentence = f"a message went to {packet.relay}, which nobody had addressed"
            yield Finding(ADDRESSED, packet.tap, sentence, (packet,))
        elif all(one.refused for one in causes):
            sentence = f"a message went to {packet.relay}, and the request that names it was refused"
            yield Finding(NOT_REFUSED, packet.tap, sentence, (causes[-1].request, packet))


def _named(exchange: Exchange, setting: Setting) -> set[str]:
    """The relays that a request names: by id, by a cabinet's id or by a location, wherever it does."""
    words = {*exchange.segments, *_strings(exchange.body), *_strings(list(exchange.query.values()))}
    relays = {canonical(word) for word in words}
    relays |= {canonical(setting.relays[word]) for word in words if word in setting.relays}
    relays |= {canonical(one) for word in words for one in setting.locations.get(word, ())}
    if exchange.path == TEST and "relayId" not in exchange.body:
        relays.add(DEFAULT_RELAY)
    return relays


def canonical(text: str) -> str:
    """A relay id as it is compared; what is none, as it is."""
    try:
        return canonical_relay_id(text)
    except RelayIdError:
        return text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
