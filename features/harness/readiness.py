"""Waiting for a CMS to be connected with its broker, or to have noticed that it is not."""

from __future__ import annotations

from features.harness.waiting import eventually
from features.harness.web import Answer, Web

READY = "/readyz"
NOBODY = "e831cdffffff"
"""A relay id that is on no floor."""
RECOVERY = 20.0
"""Seconds in which a CMS is back after its broker: its longest pause is 5 s (contract, section 5)."""


def readiness(web: Web, status: int) -> Answer:
    """What ``/readyz`` answers, once it answers with ``status``."""
    answer = eventually(
        lambda: asked(web),
        lambda answer: answer.status == status,
        f"{status} from {READY}",
        within=RECOVERY,
        patience=web.timeline,
    )
    return web.noted(READY, answer)


def asked(web: Web) -> Answer:
    """``/readyz``; where the CMS has none, how it answers a request for a SMIB that nobody has: 503 while
    its broker is unreachable (contract, section 6)."""
    answer = web.quietly(READY)
    if answer.status != 404:
        return answer
    return web.quietly_posted("/api/mqtt/config/request", {"relayId": NOBODY, "component": "app"})
