"""A device's reason is quoted, and no secret in it."""

from __future__ import annotations

import pytest

from cms.store.entry import OutboxEntry, State
from cms.verdict import verdict
from wire.orders import ConfigUpdate

SECRET = "casino-4711"
NET = ConfigUpdate("net", {"netStaPwd": SECRET, "netStaChan": 3})
URI = ConfigUpdate("mqtt", {"mqttURI": f"mqtt://floor:{SECRET}@host:1883"})


@pytest.mark.parametrize(
    ("order", "err", "told"),
    [
        (NET, "netStaChan: 1 to 14 was wanted, not 99", "netStaChan: 1 to 14 was wanted, not 99"),
        (NET, f"{SECRET} is none", "the device refused it, and named a secret in its reason"),
        (NET, "x" * 190 + SECRET, "the device refused it, and named a secret in its reason"),
        (URI, f"no user floor with {SECRET}", "the device refused it, and named a secret in its reason"),
        (NET, "still at hunter2-hunter2", "still at ***"),
        (NET, "before: old-secret-9", "the device refused it, and named a secret in its reason"),
        (NET, "mqtt://u:p@h is away", "mqtt://u:***@h is away"),
        (NET, "a\nb", "a?b"),
    ],
)
def test_a_reason(order: ConfigUpdate, err: str, told: str) -> None:
    entry = OutboxEntry("1", 1, "cab-1", "e831cdfa8384", order, 0)
    said = {"typ": "cfg", "comp": order.component, "netStaPwd": "old-secret-9", "err": err}
    settled = verdict(entry, said)
    assert settled is not None
    assert (settled.state, settled.detail) == (State.REFUSED, told)
