"""The state of the floor, folded from what is heard and sent; no I/O, no clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.cabinet import Cabinet
from cms.floor import STRANGERS, Change, Floor
from cms.hub import Delivery
from cms.presence import Presence
from cms.smib_state import ERROR_KINDS, STATES, Facts
from wire.commands import LOCK, RESTART
from wire.orders import Command, ConfigRequest, ConfigUpdate, LongPoll, Order, Restart

RELAY, OTHER = "e831cdfa8384", "e831cdfa8464"
START_MS = 1_700_000_000_000
CABINETS = (Cabinet("cab-1", RELAY, location="Main Floor"), Cabinet("cab-2", OTHER, location="Bar"))


class Scene:
    """A floor of two cabinets, and its clock."""

    def __init__(self) -> None:
        self.s = 1000.0
        self.presence = Presence(clock_ms=lambda: self.ms)
        self.floor = Floor(self.presence, now_s=self.s)
        self.floor.assign(CABINETS, now_ms=self.ms, now_s=self.s)

    @property
    def ms(self) -> int:
        return START_MS + int(self.s * 1000)

    @property
    def facts(self) -> Facts:
        place = self.floor.place(RELAY)
        assert place is not None
        return place.shown

    @property
    def smib(self) -> Any:
        place = self.floor.place(RELAY)
        assert place is not None
        return place.smib

    def hear(self, relay_id: str = RELAY, retained: bool = False, **fields: Any) -> list[Change]:
        delivery = Delivery(relay_id, "sas/server", {"rly": relay_id, **fields}, self.ms, retained)
        return self.floor.heard(delivery, self.s)

    def send(self, order: Order) -> list[Change]:
        return self.floor.sent(RELAY, order, self.s)

    def pass_(self, seconds: float) -> list[Change]:
        self.s += seconds
        return self.floor.elapsed(self.ms, self.s)


class TestPresence:
    def test_online_with_the_first_word_and_offline_after_three_minutes(self) -> None:
        scene = Scene()
        assert scene.facts.state == "offline"
        (change,) = scene.hear(typ="GAME_PLAYED")
        assert (change.facts.online, change.place.identity.id) == (True, "cab-1")
        assert scene.hear(typ="GAME_PLAYED") == []
        assert scene.pass_(180.0) == []
        (change,) = scene.pass_(0.001)
        assert change.facts.state == "offline"
        assert scene.pass_(500.0) == []

    def test_the_silent_are_found_among_those_who_speak(self) -> None:
        scene = Scene()
        scene.hear()
        scene.hear(OTHER)
        scene.s += 100
        scene.hear()
        (change,) = scene.pass_(100)
        assert change.place.identity.id == "cab-2"

    def test_its_farewell_and_its_return(self) -> None:
        scene = Scene()
        scene.hear(typ="NETWORK_CONNECTED")
        assert scene.smib.reconnects == 0
        (change,) = scene.hear(typ="NETWORK_DISCONNECTED")
        assert not change.facts.online
        scene.hear(typ="NETWORK_CONNECTED")
        assert (scene.facts.online, scene.smib.reconnects) == (True, 1)

    def test_what_the_broker_kept_says_nothing_of_now(self) -> None:
        scene = Scene()
        assert scene.hear(retained=True, typ="MACHINE_LOCKED") == []
        (change,) = scene.hear(retained=True, typ="cfg", comp="app", firmware="smib", version="1.2.0")
        assert (change.facts.firmware, change.facts.online, change.facts.locked) == ("1.2.0", False, None)


class TestMachine:
    def test_locked_and_unlocked_by_its_own_word_alone(self) -> None:
        scene = Scene()
        scene.hear()
        assert scene.facts.locked is None
        scene.send(Command(LOCK, "2026-01-01T00:00:00.000Z"))
        assert scene.facts.locked is None
        (change,) = scene.hear(typ="MACHINE_LOCKED")
        assert (change.facts.state, change.facts.locked) == ("locked", True)
        (change,) = scene.hear(typ="MACHINE_UNLOCKED")
        assert (change.facts.state, change.facts.locked) == ("online", False)

    @pytest.mark.parametrize("order", [Command(RESTART, "2026-01-01T00:00:00.000Z"), Restart()])
    def test_restarting_until_it_is_back(self, order: Order) -> None:
        scene = Scene()
        scene.hear()
        (change,) = scene.send(order)
        assert change.facts.state == "restarting"
        scene.hear(typ="NETWORK_DISCONNECTED")
        assert scene.facts.state == "restarting"
        scene.hear(typ="NETWORK_CONNECTED")
        (change,) = scene.hear(typ="MACHINE_RESTART")
        assert change.facts.state == "online"
        assert scene.smib.answers.count == 0

    def test_a_restart_that_does_not_end_is_an_absence(self) -> None:
        scene = Scene()
        scene.hear()
        scene.send(Restart())
        scene.hear(typ="NETWORK_DISCONNECTED")
        assert scene.pass_(60) == []
        (change,) = scene.pass_(1)
        assert change.facts.state == "offline"

    def test_what_was_not_sent_does_not_restart_it(self) -> None:
        scene = Scene()
        scene.hear()
        scene.send(Restart())
        (change,) = scene.floor.unsent(RELAY, Restart())
        assert change.facts.state == "online"
        scene.pass_(31)
        assert scene.floor.errors()["unanswered"] == 0

    def test_installing(self) -> None:
        scene = Scene()
        scene.hear()
        (change,) = scene.hear(typ="OTA_PROGRESS", pyd="10")
        assert change.facts.state == "installing"
        (change,) = scene.hear(typ="OTA_FAILED")
        assert change.facts.state == "online"
        assert scene.floor.errors()["OTA_FAILED"] == 1


class TestOrders:
    def test_updating_until_the_device_has_the_values(self) -> None:
        scene = Scene()
        scene.hear()
        update = ConfigUpdate("net", {"netStaChan": 6, "netStaPwd": "hush-hush"})
        (change,) = scene.floor.ordered(RELAY, update)
        assert (change.facts.state, change.facts.updating) == ("updating", ("net",))
        scene.send(update)
        scene.hear(typ="cfg", comp="net", netStaChan=1)  # the answer to an earlier question
        assert scene.facts.updating == ("net",)
        (change,) = scene.hear(typ="cfg", comp="net", netStaChan=6, netStaPwd="***")
        assert change.facts.state == "online"
        assert "hush" not in repr(scene.smib)

    def test_a_refusal_ends_it_too_and_is_counted(self) -> None:
        scene = Scene()
        scene.hear()
        scene.send(ConfigUpdate("coms", {"comsMode": 2}))
        (change,) = scene.hear(typ="cfg", comp="coms", comsMode=0, err="no")
        assert change.facts.updating == ()
        assert scene.floor.errors()["refused"] == 1

    def test_and_so_does_giving_up(self) -> None:
        scene = Scene()
        scene.send(ConfigUpdate("coms", {"comsMode": 2}))
        (change,) = scene.floor.given_up(RELAY, "coms")
        assert change.facts.updating == ()

    def test_the_answer_time_is_from_order_to_answer(self) -> None:
        scene = Scene()
        scene.send(ConfigRequest("mqtt"))
        scene.s += 0.25
        scene.hear(typ="cfg", comp="net")
        assert scene.smib.answers.count == 0
        scene.hear(typ="cfg", comp="mqtt")
        scene.hear(typ="cfg", comp="mqtt")
        assert scene.smib.answers.percentiles((0.5,)) == [0.25]
        assert (scene.floor.answers.count, sum(scene.floor.histogram)) == (1, 1)

    def test_what_a_device_announces_when_it_is_back_answers_nothing(self) -> None:
        scene = Scene()
        scene.send(ConfigRequest("net"))
        scene.s += 20
        scene.hear(typ="NETWORK_CONNECTED")
        scene.hear(typ="cfg", comp="net", netStaChan=1)
        assert scene.smib.answers.count == 0
        scene.send(ConfigRequest("net"))
        scene.s += 0.5
        scene.hear(typ="cfg", comp="net", netStaChan=1)
        assert scene.smib.answers.percentiles((0.5,)) == [0.5]
        scene.send(ConfigRequest("net"))
        scene.hear(typ="NETWORK_CONNECTED")
        scene.pass_(30.001)
        assert scene.floor.errors()["unanswered"] >= 1

    def test_no_answer_in_time_is_an_error_once(self) -> None:
        scene = Scene()
        scene.send(ConfigRequest("mqtt"))
        scene.s += 20
        scene.send(ConfigRequest("mqtt"))
        scene.pass_(20)
        assert scene.floor.errors()["unanswered"] == 0
        scene.pass_(20)
        scene.pass_(20)
        assert scene.floor.errors()["unanswered"] == 1
        scene.hear(typ="cfg", comp="mqtt")
        assert scene.smib.answers.count == 0

    def test_a_long_poll_is_answered_by_the_machine(self) -> None:
        scene = Scene()
        scene.send(LongPoll("00"))
        scene.s += 0.5
        scene.hear(typ="rsp", mac="", sta="", pyd="-1")
        assert scene.smib.answers.count == 1

    def test_orders_to_relays_without_a_cabinet_change_nothing(self) -> None:
        scene = Scene()
        assert scene.floor.sent("aabbccddeeff", ConfigRequest("mqtt"), scene.s) == []
        assert scene.floor.judged("aabbccddeeff", False) == []
        scene.pass_(100)

    def test_out_of_step(self) -> None:
        scene = Scene()
        (change,) = scene.floor.judged(RELAY, False)
        assert change.facts.in_step is False
        assert scene.floor.judged(RELAY, False) == []


class TestCabinets:
    def test_what_was_heard_before_a_cabinet_was_added_counts(self) -> None:
        scene = Scene()
        scene.hear("aabbccddeeff", typ="cfg", comp="app", firmware="smib", version="2")
        assert [s.relay_id for s in scene.floor.strangers.values()] == ["aabbccddeeff"]
        new = Cabinet("cab-3", "aabbccddeeff")
        (change,) = scene.floor.assign([*CABINETS, new], now_ms=scene.ms, now_s=scene.s)
        assert (change.facts.online, change.facts.firmware) == (True, "2")
        assert (len(scene.floor), len(scene.floor.strangers)) == (3, 0)
        (change,) = scene.pass_(181)
        assert change.place.identity.id == "cab-3"

    def test_moved_and_removed(self) -> None:
        scene = Scene()
        scene.hear()
        moved = Cabinet("cab-1", RELAY, location="Bar")
        gone, left, changed = scene.floor.assign([moved], now_ms=scene.ms, now_s=scene.s)
        assert (gone.gone, gone.place.identity.id) == (True, "cab-2")
        assert (left.gone, left.place.identity.id, left.place.identity.location != "Bar") == (
            True,
            "cab-1",
            True,
        )
        assert (changed.place.identity.location, changed.facts.online) == ("Bar", True)
        assert scene.floor.assign([moved], now_ms=scene.ms, now_s=scene.s) == []

    def test_strangers_are_counted_and_few_are_named(self) -> None:
        scene = Scene()
        for number in range(1000):
            assert scene.hear(f"stranger-{number}") == []
        assert scene.floor.stranger_messages == 1000
        assert list(scene.floor.strangers) == [f"stranger-{n}" for n in range(1000 - STRANGERS, 1000)]

    def test_totals(self) -> None:
        scene = Scene()
        scene.hear(typ="MACHINE_LOCKED")
        scene.hear(typ="HARDWARE_ERROR")
        assert scene.floor.states() == {**dict.fromkeys(STATES, 0), "locked": 1, "offline": 1}
        assert scene.floor.errors() == {**dict.fromkeys(ERROR_KINDS, 0), "HARDWARE_ERROR": 1}


_ANYTHING: st.SearchStrategy[object] = st.sampled_from(
    [None, 0, 6, 1.5, True, "", "x" * 99, "\N{SNOWMAN}", [], [1], {}, {"a": {}}]
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "typ": _ANYTHING | st.sampled_from(["cfg", "exp", "rsp", "MACHINE_LOCKED", "OTA_PROGRESS"]),
                "comp": _ANYTHING | st.sampled_from(["net", "mqtt"]),
                "err": _ANYTHING,
                "netStaChan": _ANYTHING,
            },
        ),
        max_size=20,
    )
)
def test_whatever_a_device_says_is_taken_in(messages: list[dict[str, Any]]) -> None:
    scene = Scene()
    scene.send(ConfigUpdate("net", {"netStaChan": 6}))
    for fields in messages:
        for change in scene.hear(**fields):
            assert change.facts.state in STATES
    assert set(scene.smib.errors) <= set(ERROR_KINDS)
    assert scene.smib.rate.total == len(messages)
