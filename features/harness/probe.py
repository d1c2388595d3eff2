"""What a broker does that subjects depend on: probed when a run starts, and named in the record."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator

from features.harness.errors import Missing
from features.harness.evidence.timeline import Timeline
from features.harness.peer import Peer, Received, connected
from features.harness.record.header import Probe
from wire.address import BrokerAddress

LARGE = 1024 * 1024
FULL_STOP, NAMES = "full stop", "names"
"""The probes that scenarios ask for."""
_NUMBERS = itertools.count(1)
_BEHIND = b"behind"


def probed(address: BrokerAddress, timeline: Timeline) -> Iterator[Probe]:
    """What each probe saw; of a broker that lets no client in, that it differs in everything."""
    for name, probe, wanted, otherwise in PROBES:
        topic = f"probe/{os.getpid()}/{next(_NUMBERS)}"
        try:
            with connected("probe", _signed(address) if name == NAMES else address, timeline) as peer:
                as_wanted = probe(peer, topic)
                peer.publish(topic, b"", retain=True)  # nothing of ours stays on a broker that is not ours
        except (Missing, OSError):
            as_wanted = False
        yield Probe(name, not as_wanted, wanted if as_wanted else otherwise)


def _signed(address: BrokerAddress) -> BrokerAddress:
    return dataclasses.replace(address, username="probe", password="probe")


def _keeps_retained(peer: Peer, topic: str) -> bool:
    peer.publish(topic, b"kept", retain=True)
    peer.subscribe(topic)
    return _first(peer, topic).retain


def _clears_flag(peer: Peer, topic: str) -> bool:
    peer.subscribe(topic)
    peer.publish(topic, b"live", retain=True)
    return not _first(peer, topic).retain


def _forgets_retained(peer: Peer, topic: str) -> bool:
    peer.publish(topic, b"kept", retain=True)
    peer.publish(topic, b"", retain=True)
    peer.subscribe(topic)
    peer.publish(topic, _BEHIND)
    return _first(peer, topic).payload == _BEHIND


def _passes_large(peer: Peer, topic: str) -> bool:
    peer.subscribe(topic)
    peer.publish(topic, b"x" * LARGE)
    return len(_first(peer, topic).payload) == LARGE


def _keeps_order(peer: Peer, topic: str) -> bool:
    sent = [str(number).encode() for number in range(20)]
    peer.subscribe(topic)
    for payload in sent:
        peer.publish(topic, payload)
    came = peer.inbox.upto(lambda one: one.payload == sent[-1], "the last of 20 messages")
    return [one.payload for one in came] == sent


def _keeps_full_stops(peer: Peer, topic: str) -> bool:
    peer.subscribe(f"{topic}/+")
    peer.publish(f"{topic}/a.b", b"live")
    peer.publish(f"{topic}/z", _BEHIND)
    return peer.inbox.first(lambda one: one.topic.startswith(topic), "a message").topic == f"{topic}/a.b"


def _lets_in(peer: Peer, topic: str) -> bool:
    return bool(peer.name and topic)  # it is in


def _first(peer: Peer, topic: str) -> Received:
    return peer.inbox.first(lambda one: one.topic == topic, "the probe's own message")


PROBES: tuple[tuple[str, Callable[[Peer, str], bool], str, str], ...] = (
    (
        "retained",
        _keeps_retained,
        "what is retained is sent to who subscribes later",
        "nothing is retained: MQTT_RETAIN_CONFIG has no effect here",
    ),
    (
        "retain flag",
        _clears_flag,
        "who has subscribed already gets a retained message without the flag",
        "who has subscribed already gets the retain flag too",
    ),
    (
        "taking back",
        _forgets_retained,
        "an empty retained message takes back what was retained",
        "an empty retained message does not take back what was retained",
    ),
    (
        "large",
        _passes_large,
        "a message of 1 MiB passes",
        "a message of 1 MiB does not pass: scenarios of large messages prove the broker's limit alone",
    ),
    (
        "order",
        _keeps_order,
        "messages of one client keep their order",
        "messages of one client do not keep their order",
    ),
    (
        FULL_STOP,
        _keeps_full_stops,
        "a full stop in a topic is a character like any other",
        "a full stop in a topic separates levels: relay ids that hold one can't be routed here",
    ),
    (
        NAMES,
        _lets_in,
        "whoever gives a name and a password is let in, as nobody is asked for them",
        "a name and a password are judged although nobody is asked for them",
    ),
)
