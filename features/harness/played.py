"""The two sides that the harness can play: a SMIB, to judge a CMS, and a CMS, to judge a SMIB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.harness.inbox import WITHIN
from features.harness.peer import Peer, Received
from features.harness.protection import Protection
from wire import orders, reports
from wire.jsontext import to_bytes
from wire.topics import Topics

TOPICS = Topics()
ANYTHING = Protection()
ELSEWHERE = "lab/#"
"""Where scenarios tell devices to report that are to use other topics."""


class PlayedSmib:
    """A SMIB that says what its scenario says and nothing else. Orders gather in ``peer.inbox``."""

    def __init__(self, relay_id: str, peer: Peer, topics: Topics = TOPICS) -> None:
        self.relay_id = relay_id
        self.peer = peer
        self.topics = topics

    def answers(self, component: str, values: Mapping[str, Any]) -> None:
        """Its answer to a request, or the confirmation of an update."""
        answer = reports.ConfigAnswer(self.relay_id, component, values)
        self.peer.publish(self.topics.config, reports.encode(answer))

    def reports(self, topic: str, fields: Mapping[str, Any]) -> None:
        self.peer.publish(topic, to_bytes(fields))

    def event(self, name: str) -> None:
        """An event on its own topic."""
        event = reports.Event(name, self.relay_id, mac=self.relay_id)
        self.peer.publish(self.topics.server(self.relay_id), reports.encode(event))

    def order(
        self, wanted: str, fields: Mapping[str, Any], since: int = 0, within: float = WITHIN
    ) -> Received:
        """The first order that has ``fields`` among its own."""
        return self.peer.inbox.first(
            lambda order: has(order.fields, fields), wanted, since=since, within=within
        )


class PlayedCms:
    """A CMS that orders what its scenario says. What devices report gathers in ``peer.inbox``."""

    def __init__(self, peer: Peer, topics: Topics = TOPICS, protection: Protection = ANYTHING) -> None:
        self.peer = peer
        self.topics = topics
        self._protection = protection

    def sends(self, relay_id: str, order: orders.Order) -> int:
        """Publishes an order; the position in the inbox behind which its consequences stand."""
        return self.sends_bytes(relay_id, orders.encode(order))

    def sends_bytes(self, relay_id: str, payload: bytes) -> int:
        topic = self.topics.relay(relay_id)
        self._protection.check(topic, payload)
        position = len(self.peer.inbox)
        self.peer.publish(topic, payload)
        return position

    def report(
        self, relay_id: str, wanted: str, fields: Mapping[str, Any], *, since: int = 0, within: float = WITHIN
    ) -> Received:
        """The first report of one relay that has ``fields`` among its own."""
        return self.reports_upto(relay_id, wanted, fields, since=since, within=within)[-1]

    def reports_upto(
        self, relay_id: str, wanted: str, fields: Mapping[str, Any], *, since: int = 0, within: float = WITHIN
    ) -> list[Received]:
        """Every report of one relay up to the first that has ``fields`` among its own."""
        target = {"rly": relay_id, **fields}
        came = self.peer.inbox.upto(lambda one: has(one.fields, target), wanted, since=since, within=within)
        return [one for one in came if one.fields.get("rly") == relay_id]


def has(whole: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    """Whether ``whole`` holds every field of ``part``, of the same value and the same JSON type."""
    return all(name in whole and same(whole[name], value) for name, value in part.items())


def same(one: object, other: object) -> bool:
    """Equality as JSON has it: ``true`` is not ``1``."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other
