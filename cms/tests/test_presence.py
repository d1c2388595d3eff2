"""Who is there (contract, section 4: online within 3 minutes)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.hub import Delivery
from cms.presence import Presence, Seen

RELAY = "e831cdfa8384"
START = 1_700_000_000_000


class Floor:
    """A presence, its clock, and devices that speak."""

    def __init__(self, **options: Any) -> None:
        self.now = START
        self.presence = Presence(clock_ms=lambda: self.now, **options)

    def hear(self, relay_id: str = RELAY, retained: bool = False, **fields: Any) -> None:
        self.presence.note(Delivery(relay_id, "smib/config", fields, self.now, retained))

    def seen(self) -> Seen:
        seen = self.presence.of(RELAY)
        assert seen is not None
        return seen


def test_a_relay_that_was_never_heard() -> None:
    floor = Floor()
    assert floor.presence.of(RELAY) is None
    assert not floor.presence.is_online(RELAY)
    assert floor.presence.online() == []


@pytest.mark.parametrize(
    ("later_ms", "online"), [(0, True), (180_000, True), (180_001, False), (-5000, True)]
)
def test_online_for_three_minutes_after_anything(later_ms: int, online: bool) -> None:
    floor = Floor()
    floor.hear(typ="whatever")
    floor.now += later_ms
    assert floor.presence.is_online(RELAY) is online
    assert floor.presence.online() == ([RELAY] if online else [])
    assert floor.seen().last_seen_ms == START


def test_its_last_will_takes_it_off_until_it_speaks_again() -> None:
    floor = Floor()
    floor.hear(typ="NETWORK_CONNECTED")
    floor.hear(typ="NETWORK_DISCONNECTED")
    assert not floor.presence.is_online(RELAY)
    assert floor.seen().left
    floor.hear(typ="NETWORK_CONNECTED")
    assert floor.presence.is_online(RELAY)


def test_a_retained_message_does_not_make_it_online() -> None:
    floor = Floor()
    floor.hear(retained=True, typ="cfg", comp="app", firmware="smib", version="1.2.0")
    assert not floor.presence.is_online(RELAY)
    assert floor.seen().version == "1.2.0"
    floor.hear(typ="cfg")
    floor.now += 1000
    floor.hear(retained=True, typ="NETWORK_DISCONNECTED")
    assert floor.presence.is_online(RELAY)
    assert floor.seen().last_seen_ms == START


def test_what_it_says_of_its_firmware_stays() -> None:
    floor = Floor()
    floor.hear(typ="cfg", comp="app", firmware="smib", version="1.0.0")
    floor.hear(typ="cfg", comp="net", version="9")
    floor.hear(typ="GAME_PLAYED", version="9")
    floor.hear(typ="cfg", comp="app", version=7, firmware=None)
    assert (floor.seen().firmware, floor.seen().version) == ("smib", "1.0.0")
    floor.hear(typ="cfg", comp="app", firmware="smib", version="1.1.0")
    assert floor.seen().version == "1.1.0"


def test_the_longest_silent_is_forgotten_when_there_are_too_many() -> None:
    floor = Floor(max_relays=3)
    for relay_id in ("a", "b", "c", "a", "d"):
        floor.hear(relay_id)
    assert floor.presence.online() == ["c", "a", "d"]


@given(
    st.dictionaries(
        st.sampled_from(["typ", "comp", "firmware", "version"]),
        st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.sampled_from(["cfg", "app"]),
    ),
    st.booleans(),
)
def test_takes_any_fields(fields: dict[str, Any], retained: bool) -> None:
    floor = Floor()
    floor.hear(retained=retained, **fields)
    assert floor.presence.is_online(RELAY) is (not retained and fields.get("typ") != "NETWORK_DISCONNECTED")
