"""What the SMIB of the pair decides, without a connection."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from features.pair import clock
from features.pair.board import Act, Answer, Board, Event, Reconnect, Restart
from features.pair.payload import written


def board() -> Board:
    return Board("e831cdfa8384", "mqtt://127.0.0.1:1883")


def acts(order: dict[str, Any], on: Board | None = None) -> list[Act]:
    return (on or board()).receive(written(order))


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff", b"[]", b"null", b"{", b'{"a":' * 5000, b'{"rly": NaN}', b'{"a": "' + b"a" * 65536 + b'"}'],
)
def test_what_is_no_order_is_ignored_and_counted(raw: bytes) -> None:
    one = board()
    assert one.receive(raw) == []
    assert one.ignored == 1


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"typ": "cfg"},
        {"typ": "cfg", "comp": "wifi"},
        {"typ": "cfg", "comp": ["net"]},
        {"typ": "cfg", "comp": "coms", "rly": "e831cdfa8384", "comsMode": 1},
        {"command": "lock machine"},
        {"command": ["RESTART"]},
        {"command": "RESTART", "timestamp": "yesterday"},
        {"action": "update_config", "smibConfig": 7},
    ],
)
def test_what_the_contract_does_not_know_is_ignored(order: dict[str, Any]) -> None:
    one = board()
    assert acts(order, one) == []
    assert one.ignored == 1


def test_a_request_is_answered_with_all_fields() -> None:
    one = board()
    assert acts({"typ": "cfg", "comp": "coms"}, one) == [Answer("coms")]
    answer = one.answer(Answer("coms"))
    assert list(answer)[:3] == ["rly", "typ", "comp"]
    assert set(answer) == {"rly", "typ", "comp", "comsMode", "comsAddr", "comsRateMs", "comsRTE", "comsGPC"}


def test_an_update_is_partial_and_confirmed() -> None:
    one = board()
    assert acts({"typ": "cfg", "comp": "coms", "comsMode": 2}, one) == [Answer("coms")]
    assert one.values["coms"]["comsMode"] == 2
    assert one.values["coms"]["comsRateMs"] == 200


@pytest.mark.parametrize("component", ["net", "mqtt"])
def test_a_change_of_the_connection_is_confirmed_before_it_is_made(component: str) -> None:
    values = {"net": {"netStaChan": 1}, "mqtt": {"mqttQOS": 1}}[component]
    assert acts({"typ": "cfg", "comp": component, **values}) == [Answer(component), Reconnect()]


@pytest.mark.parametrize(
    "values", [{"comsMode": 3}, {"comsMode": True}, {"comsMode": 1, "comsAddr": 0}, {"colour": 1}]
)
def test_one_bad_value_refuses_the_whole_update(values: dict[str, Any]) -> None:
    one = board()
    before = dict(one.values["coms"])
    (answer,) = acts({"typ": "cfg", "comp": "coms", **values}, one)
    assert isinstance(answer, Answer)
    assert answer.err
    assert one.values["coms"] == before


def test_the_bulk_form_changes_the_connection_once_at_its_end() -> None:
    parts = {"net": {"netStaChan": 1}, "coms": {"comsMode": 1}, "mqtt": {"mqttQOS": 1}, "wifi": {}}
    told = acts({"smibConfig": parts, "action": "update_config"})
    assert told == [Answer("net"), Answer("coms"), Answer("mqtt"), Reconnect()]


@pytest.mark.parametrize(
    ("age_s", "wanted"), [(0, "MACHINE_LOCKED"), (20, "MACHINE_LOCKED"), (31, "COMMAND_EXPIRED")]
)
def test_an_old_command_is_not_executed(age_s: int, wanted: str) -> None:
    one = board()
    moment = clock.written(clock.now() - datetime.timedelta(seconds=age_s))
    assert acts({"command": "LOCK MACHINE", "timestamp": moment}, one) == [Event(wanted)]
    assert one.locked is (wanted == "MACHINE_LOCKED")


def test_both_forms_restart() -> None:
    assert acts({"typ": "rst"}) == acts({"command": "RESTART"}) == [Restart()]


def test_settings_that_never_worked_are_taken_back() -> None:
    one = board()
    one.settled()
    acts({"typ": "cfg", "comp": "net", "netStaSSID": "Nowhere"}, one)
    trials = [one.on_trial]
    one.fall_back()
    assert [*trials, one.on_trial] == [True, False]
    assert one.values["net"]["netStaSSID"] == "Casino_WiFi"


def test_what_is_remembered_survives() -> None:
    one, other = board(), board()
    acts({"typ": "cfg", "comp": "coms", "comsMode": 2}, one)
    acts({"command": "LOCK MACHINE"}, one)
    other.remember(one.remembered())
    assert (other.values, other.locked) == (one.values, True)
