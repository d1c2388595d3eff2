"""The timeline: what was sent and received, without its secrets."""

from __future__ import annotations

import pytest

from features.harness.timeline import SHOWN, Timeline, masked, shown


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


def test_a_line_of_a_log_is_shown_without_the_password_of_a_uri() -> None:
    assert masked("to mqtt://u:pw@host now") == "to mqtt://u:***@host now"


def test_entries_are_cut_short_and_only_the_last_are_shown() -> None:
    timeline = Timeline()
    timeline.note("a", ">", "x" * 1000)
    since = timeline.position
    for number in range(5):
        timeline.note("b", "<", str(number))
    assert len(timeline.entries[0].what) < SHOWN + 30
    lines = timeline.lines(since, limit=3)
    assert lines[0] == "… 2 earlier entries"
    assert [line.rsplit(" ", 1)[1] for line in lines[1:]] == ["2", "3", "4"]
