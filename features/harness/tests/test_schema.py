"""Which payloads are messages of the contract, of either side."""

from __future__ import annotations

import json
from typing import Any

import pytest

from features.harness.evidence.schema import Verdict, judged_order, judged_report
from wire.components import COMS
from wire.topics import Topics

TOPICS = Topics()
RELAY = "e831cdfa8384"
T = "2026-01-01T00:00:00.000Z"
EVENT = {"typ": "GAME_WON", "rly": RELAY, "mac": RELAY, "tkn": "", "pyd": "1"}
ANSWER = {"rly": RELAY, "typ": "cfg", "comp": "coms", **COMS.defaults()}


def order(fields: Any, topic: str = f"sas/relay/{RELAY}", retain: bool = False) -> Verdict:
    payload = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return judged_order(topic, payload, retain, TOPICS)


def report(fields: Any, topic: str = "smib/config") -> Verdict:
    return judged_report(topic, fields if isinstance(fields, bytes) else json.dumps(fields).encode(), TOPICS)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"typ": "cfg", "comp": "mqtt"}, "ConfigRequest"),
        ({"typ": "cfg", "comp": "coms", "comsMode": 2}, "ConfigUpdate"),
        ({"smibConfig": {"coms": {"comsMode": 2}}, "action": "update_config"}, "BulkUpdate"),
        ({"command": "RESTART", "timestamp": T, "action": "restart"}, "Command"),
        ({"command": "test", "timestamp": T, "source": "api-test"}, "Probe"),
        ({"typ": "rst"}, "Restart"),
    ],
)
def test_orders_of_the_contract_fit(fields: Any, message: str) -> None:
    assert order(fields) == Verdict(message, RELAY)


def test_an_order_on_the_topic_of_all_addresses_whom_it_names() -> None:
    push = {"typ": "exp", "rly": RELAY, "mac": "", "tkn": "", "pyd": "0A"}
    assert order(push, "sas/gli/server") == Verdict("MeterPush", RELAY)


def test_an_empty_retained_payload_takes_back() -> None:
    assert order(b"", retain=True) == Verdict("nothing", RELAY)
    assert order(b"").problem


def test_other_topics_are_not_judged() -> None:
    assert order(b"anything", "cms/status") == Verdict()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (b"{", "JSON"),
        (b"\xff", "UTF-8"),
        ([], "object"),
        ({"typ": "cfg"}, "comp"),
        ({"typ": "cfg", "comp": "wifi"}, "comp"),
        ({"typ": "cfg", "comp": "coms", "comsMode": 9}, "coms.comsMode"),
        ({"typ": "cfg", "comp": "app", "version": "2"}, "app.version"),
        ({"smibConfig": {"coms": {"comsMode": "0"}}, "action": "update_config"}, "coms.comsMode"),
        ({"command": "LOCK MACHINE", "action": "lock_machine"}, "timestamp"),
        ({"command": "LOCK MACHINE", "timestamp": T}, "action"),
        ({"command": "LOCK", "timestamp": T, "action": "lock"}, "command"),
    ],
)
def test_other_orders_do_not(fields: Any, problem: str) -> None:
    verdict = order(fields)
    assert problem in verdict.problem
    assert verdict.relay == RELAY


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (ANSWER, "ConfigAnswer"),
        ({**ANSWER, "err": "coms.comsMode: 0 to 2"}, "ConfigAnswer"),
        ({"rly": RELAY, "typ": "cfg", "comp": "app", "firmware": "smib", "version": "1.0.0"}, "ConfigAnswer"),
        (EVENT, "Event"),
        ({**EVENT, "ts": T}, "Event"),
        ({**EVENT, "typ": "exp", "pyd": "7E"}, "SasException"),
    ],
)
def test_reports_of_the_contract_fit(fields: Any, message: str) -> None:
    assert report(fields, "lab/any/topic") == Verdict(message, RELAY)


def test_the_topic_of_a_device_names_it_too() -> None:
    fields = {name: value for name, value in ANSWER.items() if name != "rly"}
    assert report(fields, f"sas/gli/server/{RELAY}").relay == RELAY
    assert "rly" in report(ANSWER, "sas/gli/server/000000000000").problem


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (b"", "payload"),
        ({"typ": "GAME_WON"}, "rly"),
        ({**ANSWER, "rly": 7}, "rly"),
        ({**ANSWER, "comp": "wifi"}, "comp"),
        ({**ANSWER, "comsMode": 7}, "coms.comsMode"),
        ({**ANSWER, "comsMode": "0"}, "coms.comsMode"),
        ({**ANSWER, "comsMode": True}, "coms.comsMode"),
        ({**ANSWER, "extra": 1}, "coms.extra"),
        ({"rly": RELAY, "typ": "cfg", "comp": "coms"}, "coms.comsAddr: it is missing"),
        ({**EVENT, "pyd": 1}, "typ: GAME_WON has other fields"),
        ({**EVENT, "typ": "COFFEE_MADE"}, "typ: not a message of the contract: 'COFFEE_MADE'"),
    ],
)
def test_other_reports_do_not(fields: Any, problem: str) -> None:
    assert problem in report(fields).problem
