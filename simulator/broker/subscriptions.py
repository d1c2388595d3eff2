"""Who subscribed to what: exact filters by lookup, and only the filters with wildcards one by one.

A floor has one exact filter per SMIB and a handful with wildcards, so that the cost of a message does not
grow with the number of devices (contract, section 2). No I/O in here.
"""

from __future__ import annotations

from collections import defaultdict

REFUSED = 0x80
"""The SUBACK code for a filter that is not served (MQTT 3.1.1, 3.9.3)."""


def is_valid(topic_filter: str) -> bool:
    """Whether the filter obeys MQTT 3.1.1, 4.7, and is no shared subscription, which is MQTT 5."""
    if not topic_filter or "\0" in topic_filter or topic_filter.startswith("$share/"):
        return False
    *inner, last = topic_filter.split("/")
    return all("#" not in level for level in inner) and all(
        level in ("+", "#") or ("+" not in level and "#" not in level) for level in (*inner, last)
    )


def matches(topic_levels: list[str], filter_levels: list[str]) -> bool:
    """Whether a topic matches a valid filter, both split at `/` (MQTT 3.1.1, 4.7.1 and 4.7.2)."""
    if topic_levels[0].startswith("$") and filter_levels[0] in ("+", "#"):
        return False
    for position, level in enumerate(filter_levels):
        if level == "#":
            return True
        if position >= len(topic_levels) or level not in ("+", topic_levels[position]):
            return False
    return len(filter_levels) == len(topic_levels)


class Subscriptions:
    """The granted QoS by filter and client id."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, int]] = {}
        self._wild: dict[str, tuple[list[str], dict[str, int]]] = {}
        self._filters: defaultdict[str, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return sum(map(len, self._filters.values()))

    def add(self, client_id: str, topic_filter: str, qos: int) -> None:
        """Subscribe; a second time replaces the QoS of the first (MQTT-3.8.4-3)."""
        self._filters[client_id].add(topic_filter)
        if "+" in topic_filter or "#" in topic_filter:
            self._wild.setdefault(topic_filter, (topic_filter.split("/"), {}))[1][client_id] = qos
        else:
            self._exact.setdefault(topic_filter, {})[client_id] = qos

    def remove(self, client_id: str, topic_filter: str) -> None:
        """Unsubscribe; harmless for a filter that was never subscribed to."""
        if topic_filter not in self._filters.get(client_id, ()):
            return
        self._filters[client_id].discard(topic_filter)
        clients = self._wild[topic_filter][1] if topic_filter in self._wild else self._exact[topic_filter]
        del clients[client_id]
        if not clients:
            self._wild.pop(topic_filter, None)
            self._exact.pop(topic_filter, None)

    def drop(self, client_id: str) -> None:
        """Forget everything that a client subscribed to."""
        for topic_filter in list(self._filters.get(client_id, ())):
            self.remove(client_id, topic_filter)
        self._filters.pop(client_id, None)

    def matching(self, topic: str) -> dict[str, int]:
        """The highest granted QoS by client id: each client gets a message once, however many filters
        match.
        """
        granted = dict(self._exact.get(topic, ()))
        if self._wild:
            levels = topic.split("/")
            for filter_levels, clients in self._wild.values():
                if matches(levels, filter_levels):
                    for client_id, qos in clients.items():
                        granted[client_id] = max(qos, granted.get(client_id, 0))
        return granted
