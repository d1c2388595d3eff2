"""The floor's traffic in short."""

from __future__ import annotations

from simulator.traffic.pulse import KEPT, Pulse

TOPIC = "sas/relay/e831cdfa8384"
REQUEST = b'{"typ":"cfg","comp":"net"}'


def test_a_quiet_floor_has_no_rate() -> None:
    assert Pulse().rate(1_000_000) == 0
    assert Pulse().last(5) == []


def test_the_rate_is_that_of_the_last_five_whole_seconds() -> None:
    pulse = Pulse()
    for second in range(10):
        for _ in range(second):
            pulse.note(TOPIC, REQUEST, second * 1000 + 500)
    assert pulse.rate(10_000) == (5 + 6 + 7 + 8 + 9) / 5
    assert pulse.rate(9_700) == (4 + 5 + 6 + 7 + 8) / 5
    assert pulse.rate(60_000) == 0
    assert pulse.count == sum(range(10))


def test_the_last_messages_are_decoded_when_they_are_looked_at() -> None:
    pulse = Pulse()
    for second in range(KEPT + 3):
        pulse.note(TOPIC, REQUEST, second * 1000)
    assert [one.time_ms for one in pulse.last(2)] == [(KEPT + 1) * 1000, (KEPT + 2) * 1000]
    assert pulse.last(1)[0].kind == "request"
    assert len(pulse.last(10_000)) == KEPT
    assert pulse.last(0) == []


def test_what_is_not_kept_is_counted() -> None:
    pulse = Pulse()
    pulse.note(TOPIC, REQUEST, 0, keep=False)
    assert (pulse.count, pulse.rate(1000), pulse.last(1)) == (1, 0.2, [])
