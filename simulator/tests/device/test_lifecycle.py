"""Power, connection, heartbeat, restart and fall-back (contract, sections 3 and 4)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.device.effects import Connect, Disconnect, Publish, Save
from simulator.device.link import Refusal
from simulator.device.memory import Memory
from simulator.device.transitions import State
from simulator.tests.device.bench import BOOT_MS, RELAY, START_MS, TOPIC, Bench, kinds, on_trial
from wire.commands import RESTART
from wire.components import COMPONENTS
from wire.jsontext import parse_object
from wire.orders import Command, ConfigRequest, ConfigUpdate, Order, Restart
from wire.timestamps import format_timestamp

FELL_BACK = ["NETWORK_CONNECTED", "COMMUNICATION_ERROR"]


def test_a_board_boots_connects_and_announces_itself() -> None:
    bench = Bench()
    assert bench.power_on() == []
    assert bench.wait(BOOT_MS - 1) == []
    assert [type(effect) for effect in bench.wait(1)] == [Connect]
    bench.accept()
    assert bench.said == [
        {
            "typ": "NETWORK_CONNECTED",
            "rly": RELAY,
            "mac": RELAY,
            "tkn": "",
            "pyd": "",
            "ts": format_timestamp(START_MS + BOOT_MS),
        }
    ]
    assert bench.published[0].topic == f"sas/gli/server/{RELAY}"


def test_its_last_will_is_network_disconnected_on_the_topic_of_its_events() -> None:
    bench = Bench().started()
    assert bench.wanted is not None
    will = parse_object(bench.wanted.will_payload)
    assert (will["typ"], will["rly"], will["mac"]) == ("NETWORK_DISCONNECTED", RELAY, RELAY)
    assert bench.wanted.will_topic == f"sas/gli/server/{RELAY}"


def test_a_heartbeat_is_due_every_idle_time_whatever_else_is_said() -> None:
    bench = Bench({"mqtt": {"mqttIdleTimeS": 10}}).started()
    bench.wait(9_000)
    bench.tell(ConfigRequest("coms"))
    bench.forget().wait(999)
    assert bench.said == []
    bench.wait(20_001)
    assert [(event["typ"], event["pyd"]) for event in bench.said] == [("NETWORK_CONNECTED", "heartbeat")] * 3


def test_a_late_heartbeat_is_sent_once() -> None:
    bench = Bench().started()
    bench.now_ms += 3_600_000
    bench.carry_out(bench.device.elapsed(bench.now_ms))
    assert len(bench.said) == 1
    assert bench.device.next_deadline() == bench.now_ms + 30_000


def test_a_heartbeat_that_comes_late_does_not_shift_the_next() -> None:
    bench = Bench().started()
    bench.now_ms += 30_400
    bench.carry_out(bench.device.elapsed(bench.now_ms))
    assert bench.device.next_deadline() == bench.now_ms + 29_600


def test_no_heartbeat_without_a_connection() -> None:
    bench = Bench().started()
    bench.lose()
    bench.wait(400)
    assert bench.said == []


@pytest.mark.parametrize("order", [Restart(), Command(RESTART, format_timestamp(START_MS))])
def test_a_restart_is_told_when_the_board_is_back_with_its_five_components(order: Order) -> None:
    bench = Bench().started()
    assert bench.tell(order) == []
    assert bench.device.state is State.BOOTING
    assert bench.wanted is None
    bench.wait(BOOT_MS)
    bench.accept()
    assert kinds(bench.said) == ["NETWORK_CONNECTED", "MACHINE_RESTART", *(f"cfg {n}" for n in COMPONENTS)]
    assert [p.topic for p in bench.published[2:]] == ["smib/config"] * 5
    bench.forget().lose()
    bench.wait(1_000)
    bench.accept()
    assert kinds(bench.said) == ["NETWORK_CONNECTED"]


def test_a_restart_departs_cleanly_and_a_power_loss_does_not() -> None:
    bench = Bench().started()
    assert bench.device.receive(TOPIC, b'{"typ":"rst"}', bench.now_ms) == [Disconnect(True, "restart")]
    bench = Bench().started()
    assert bench.power_off() == [Disconnect(False, "power")]


def test_what_was_applied_survives_restart_and_power_loss() -> None:
    bench = Bench().started()
    bench.tell(ConfigUpdate("coms", {"comsMode": 2}))
    bench.tell(Command("LOCK MACHINE", None))
    bench.tell(Restart())
    bench.wait(BOOT_MS)
    bench.accept()
    bench.power_off()
    bench.power_on()
    assert (bench.values("coms")["comsMode"], bench.device.locked) == (2, True)
    assert bench.saved is not None
    again = Bench(memory=Memory.from_dict(bench.factory, bench.saved)).started()
    assert (again.values("coms")["comsMode"], again.device.locked) == (2, True)


def test_it_tries_to_connect_for_ever_and_no_two_boards_in_step() -> None:
    delays = []
    for relay_id in (RELAY, "e831cdfa8385"):
        bench = Bench(relay_id=relay_id)
        bench.power_on()
        bench.wait(BOOT_MS)
        for _ in range(40):
            bench.refuse()
            due = bench.device.next_deadline()
            assert due is not None
            delays.append(due - bench.now_ms)
            bench.wait(due - bench.now_ms)
    one, other = delays[:40], delays[40:]
    assert all(250 <= first <= 500 for first in (one[0], other[0]))
    assert all(2_500 <= late <= 5_000 for late in one[4:] + other[4:])
    assert one != other


def test_a_connection_makes_the_next_retry_quick_again() -> None:
    bench = Bench()
    bench.power_on()
    bench.wait(BOOT_MS)
    _refuse_for(bench, 60_000)
    bench.wait(5_000)
    bench.accept()
    bench.lose()
    assert _retry_ms(bench) <= 500


def test_a_fall_back_makes_the_next_retry_quick_again() -> None:
    bench = on_trial(State.WAITING)
    _refuse_for(bench, 30_000)
    assert bench.values("net")["netStaSSID"] == "Casino_WiFi"
    assert _retry_ms(bench) <= 500


def test_new_values_that_work_are_kept() -> None:
    bench = on_trial(State.CONNECTING)
    (saved, *_) = bench.accept()
    assert isinstance(saved, Save)
    assert "working" not in saved.nvs
    assert kinds(bench.said) == ["cfg net", "CONFIG_UPDATE", "NETWORK_CONNECTED"]
    bench.lose()
    bench.wait(60_000)
    assert bench.values("net")["netStaSSID"] == "Nowhere"


def test_new_values_that_do_not_work_are_given_up_after_the_idle_time() -> None:
    bench = on_trial(State.WAITING).forget()
    _refuse_for(bench, 29_999)
    assert bench.values("net")["netStaSSID"] == "Nowhere"
    bench.wait(1)
    assert bench.values("net") == COMPONENTS["net"].defaults()
    assert bench.saved == {"locked": False, "config": {}}
    bench.accept()
    assert kinds(bench.said) == [*FELL_BACK, "cfg net"]
    assert bench.said[1]["pyd"] == "fallback net: no such network"
    assert bench.said[2]["err"] == "fell back: no such network"
    assert bench.said[2]["netStaSSID"] == "Casino_WiFi"


def test_an_attempt_that_hangs_is_given_up_too() -> None:
    bench = on_trial(State.CONNECTING).forget()
    effects = bench.wait(30_000)
    assert effects[0] == Disconnect(False, "fallback")
    assert isinstance(effects[-1], Connect)
    bench.accept()
    assert bench.said[1]["pyd"] == "fallback net: timed out"


@pytest.mark.parametrize(("factory", "ordered"), [(30, 2), (2, 3600)])
def test_the_shorter_idle_time_ends_a_trial(factory: int, ordered: int) -> None:
    bench = Bench({"mqtt": {"mqttIdleTimeS": factory}}).started()
    bench.tell(ConfigUpdate("mqtt", {"mqttURI": "mqtt://nowhere.invalid", "mqttIdleTimeS": ordered}))
    bench.wait(1_999)
    assert bench.values("mqtt")["mqttIdleTimeS"] == ordered
    bench.wait(1)
    assert bench.values("mqtt")["mqttIdleTimeS"] == factory


def test_both_components_fall_back_together_and_nothing_else_does() -> None:
    bench = Bench().started()
    bulk = {
        "mqtt": {"mqttURI": "mqtt://user:hidden-1@nowhere.invalid"},
        "coms": {"comsMode": 1},
        "net": {"netStaPwd": "hidden-22"},
    }
    bench.tell({"smibConfig": bulk, "action": "update_config"})
    bench.forget().wait(30_000)
    bench.accept()
    assert kinds(bench.said) == [*FELL_BACK, "cfg net", "cfg mqtt"]
    assert bench.values("coms")["comsMode"] == 1
    assert not any(b"hidden" in message.payload for message in bench.published)


def test_values_that_worked_once_are_those_to_fall_back_to() -> None:
    bench = Bench().started()
    bench.tell(ConfigUpdate("net", {"netStaSSID": "New_WiFi"}))
    bench.accept()
    bench.tell(ConfigUpdate("net", {"netStaSSID": "Nowhere"}))
    bench.wait(30_000)
    assert bench.values("net")["netStaSSID"] == "New_WiFi"


def test_a_trial_goes_on_after_a_power_loss() -> None:
    bench = on_trial(State.WAITING)
    bench.power_off()
    assert bench.saved is not None
    again = Bench(memory=Memory.from_dict(bench.factory, bench.saved))
    again.power_on()
    again.wait(BOOT_MS)
    assert again.wanted is not None
    assert again.wanted.wifi.ssid == "Nowhere"
    again.wait(30_000)
    assert again.wanted is not None
    assert again.wanted.wifi.ssid == "Casino_WiFi"


def test_a_lost_connection_alone_is_no_reason_to_fall_back() -> None:
    bench = Bench().started()
    bench.tell(ConfigUpdate("net", {"netStaSSID": "New_WiFi"}))
    bench.accept()
    bench.lose()
    _refuse_for(bench, 120_000)
    assert bench.values("net")["netStaSSID"] == "New_WiFi"


@pytest.mark.parametrize("has_clock", [True, False])
def test_a_board_without_a_clock_puts_no_time_into_its_events(has_clock: bool) -> None:
    bench = Bench(has_clock=has_clock)
    bench.power_on()
    bench.wait(BOOT_MS)
    bench.accept()
    assert ("ts" in bench.said[0]) is has_clock


def _retry_ms(bench: Bench) -> int:
    due = bench.device.next_deadline()
    assert due is not None
    return due - bench.now_ms


def _refuse_for(bench: Bench, ms: int) -> None:
    """Let every attempt to connect fail for so long."""
    end = bench.now_ms + ms
    while bench.now_ms < end:
        if bench.wanted is not None:
            bench.refuse(Refusal.NO_NETWORK)
        due: Any = bench.device.next_deadline()
        bench.wait(min(due, end) - bench.now_ms)
    if bench.wanted is not None:
        bench.refuse(Refusal.NO_NETWORK)


def test_publications_are_of_the_kind_that_they_say() -> None:
    bench = Bench().started()
    bench.tell(Restart())
    bench.wait(BOOT_MS)
    effects = bench.accept()
    for effect in effects:
        assert isinstance(effect, Publish)
        assert parse_object(effect.payload)["typ"] == effect.kind
