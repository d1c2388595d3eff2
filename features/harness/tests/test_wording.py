"""How payloads stand in a failure: readable, without their secrets."""

from __future__ import annotations

import pytest

from features.harness.evidence.wording import LONGEST, readable, shown


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (b'{"comp":"net","netStaPwd":"password123"}', '{"comp": "net", "netStaPwd": "***"}'),
        (b'{"a":{"mqttURI":"mqtt://u:pw@h"}}', '{"a": {"mqttURI": "mqtt://u:***@h"}}'),
        (b"please", "6 bytes b'please'"),
        (b"\xff" * 100, "100 bytes " + repr(b"\xff" * 48)),
    ],
)
def test_payloads_are_shown_without_secrets(payload: bytes, wanted: str) -> None:
    assert shown(payload) == wanted


def test_a_long_value_is_cut_short() -> None:
    assert len(readable({"pyd": "x" * 10 * LONGEST})) < LONGEST + 40
