"""MQTT topic filters: what is one, and what it covers."""

from __future__ import annotations

from wire.topics import is_topic


def is_filter(text: str) -> bool:
    """Whether ``text`` can be subscribed to: a topic whose levels may be ``+``, the last one also ``#``."""
    levels = text.split("/")
    plain = "/".join("x" if level in ("+", "#") else level for level in levels)
    return is_topic(plain) and "#" not in levels[:-1]


def covers(name: str, topic: str) -> bool:
    """Whether the filter ``name`` matches every topic that ``topic``, a topic or a filter, does."""
    if name == topic:
        return True
    wanted, levels = name.split("/"), topic.split("/")
    for index, want in enumerate(wanted):
        if want == "#":
            return True
        if index >= len(levels) or levels[index] == "#":
            return False
        if want not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)
