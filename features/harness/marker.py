"""How the harness shows that something does not happen: a marker behind it, and nothing before the marker."""

from __future__ import annotations

from collections.abc import Callable

from features.harness.errors import Missing
from features.harness.inbox import Inbox
from features.harness.peer import Received
from features.harness.played import TOPICS, PlayedCms, has
from features.harness.web import Web
from wire import orders

MARKERS = ("app", "ota")
"""The components that markers ask for, one behind the other: one alone could be mistaken for what must not
have come."""


def orders_before_marker(inbox: Inbox[Received], web: Web, relay_id: str, since: int = 0) -> list[Received]:
    """What the CMS sent before requests that it is asked for now. ``inbox`` must see the relay's topic."""
    for component in MARKERS:
        answer = web.post("/api/mqtt/config/request", {"relayId": relay_id, "component": component})
        if answer.status != 200:
            raise Missing("a marker request that the CMS accepts", 0, [str(answer)])
    return _before(inbox, lambda one: one.topic == TOPICS.relay(relay_id), "the marker requests", since)


def reports_before_marker(cms: PlayedCms, relay_id: str, since: int) -> list[Received]:
    """What a device reported before its answers to requests that it is sent now."""
    for component in MARKERS:
        cms.sends(relay_id, orders.ConfigRequest(component))
    came = _before(
        cms.peer.inbox,
        lambda one: one.fields.get("rly") == relay_id,
        f"the answers of {relay_id} to the marker requests",
        since,
    )
    return [one for one in came if one.fields.get("rly") == relay_id]


def _before(
    inbox: Inbox[Received], concerns: Callable[[Received], bool], wanted: str, since: int
) -> list[Received]:
    """Everything up to the last marker, without the markers themselves."""
    markers: list[Received] = []

    def is_last(one: Received) -> bool:
        if concerns(one) and has(one.fields, {"typ": "cfg", "comp": MARKERS[len(markers)]}):
            markers.append(one)
        return len(markers) == len(MARKERS)

    came = inbox.upto(is_last, wanted, since=since)
    return [one for one in came if not any(one is marker for marker in markers)]
