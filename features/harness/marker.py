"""How the harness shows that something does not happen: a marker behind it, and nothing before the marker."""

from __future__ import annotations

from features.harness.errors import Missing
from features.harness.inbox import Inbox
from features.harness.peer import Received
from features.harness.played import TOPICS, PlayedCms, has
from features.harness.web import Web
from wire import orders

MARKER = "app"
"""The component that markers ask for; scenarios that use a marker ask for none other of it."""


def orders_before_marker(inbox: Inbox[Received], web: Web, relay_id: str, since: int = 0) -> list[Received]:
    """What the CMS sent before a request that it is asked for now. ``inbox`` must see the relay's topic."""
    answer = web.post("/api/mqtt/config/request", {"relayId": relay_id, "component": MARKER})
    if answer.status != 200:
        raise Missing("a marker request that the CMS accepts", 0, [str(answer)])

    def is_marker(one: Received) -> bool:
        return one.topic == TOPICS.relay(relay_id) and has(one.fields, {"typ": "cfg", "comp": MARKER})

    return inbox.upto(is_marker, "the marker request", since=since)[:-1]


def reports_before_marker(cms: PlayedCms, relay_id: str, since: int) -> list[Received]:
    """What a device reported before its answer to a request that it is sent now."""
    cms.sends(relay_id, orders.ConfigRequest(MARKER))
    wanted = {"typ": "cfg", "comp": MARKER}
    return cms.reports_upto(relay_id, "the answer to the marker request", wanted, since=since)[:-1]
