"""Waiting for a CMS to be connected with its broker, or to have noticed that it is not."""

from __future__ import annotations

from features.harness.waiting import eventually
from features.harness.web import Answer, Web

READY = "/readyz"
RECOVERY = 20.0
"""Seconds in which a CMS is back after its broker: its longest pause is 5 s (contract, section 5)."""


def readiness(web: Web, status: int) -> Answer:
    """What ``/readyz`` answers, once it answers with ``status``."""
    answer = eventually(
        lambda: web.quietly(READY),
        lambda answer: answer.status == status,
        f"{status} from {READY}",
        within=RECOVERY,
        patience=web.timeline,
    )
    return web.noted(READY, answer)
