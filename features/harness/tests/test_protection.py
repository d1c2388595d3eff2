"""What is not sent to SMIBs that may be real."""

from __future__ import annotations

import json
from typing import Any

import pytest

from features.harness.errors import Untestable
from features.harness.protection import Protection, disruption

RELAY = "e831cdfa8384"
TOPIC = f"sas/relay/{RELAY}"
REAL = Protection(frozenset({RELAY, "cab-1"}))


@pytest.mark.parametrize(
    ("order", "harm"),
    [
        ({"command": "RESTART"}, "lock, unlock or restart"),
        ({"command": "LOCK MACHINE", "timestamp": "t"}, "lock, unlock or restart"),
        ({"machineControl": "RESTART", "smibConfig": {}}, "lock, unlock or restart"),
        ({"typ": "rst"}, "restart"),
        ({"typ": "sun", "pyd": "E101015B2C"}, "clear the memory of"),
        ({"typ": "ota_ud", "bin": "wifi.bin"}, "install firmware on"),
        ({"typ": "cmd", "cmd": "met_reset"}, "clear the meters of"),
        ({"typ": "cfg", "comp": "net", "netMode": 1}, "re-network"),
        ({"smibConfig": {"mqtt": {"mqttQOS": 1}}}, "re-network"),
        ({"orders": [{"config": {"typ": "cfg", "comp": "net", "netMode": 1}}]}, "re-network"),
        ({"typ": "cfg", "comp": "net"}, ""),
        ({"typ": "cfg", "comp": "coms", "comsMode": 1}, ""),
        ({"smibConfig": {"coms": {"comsMode": 1}, "net": {}}}, ""),
        ({"typ": "cmd", "pyd": "016F"}, ""),
        ([], ""),
    ],
)
def test_what_an_order_would_do_is_known(order: Any, harm: str) -> None:
    assert disruption(order) == harm


def test_only_those_that_run_already_are_protected() -> None:
    payload = json.dumps({"command": "RESTART"}).encode()
    with pytest.raises(Untestable, match="--allow-disruptive"):
        REAL.check(TOPIC, payload)
    with pytest.raises(Untestable):
        REAL.check("/api/cabinets/cab-1/smib-config", payload)
    REAL.check("sas/relay/aabbccddeeff", payload)
    REAL.check(TOPIC, b'{"command": ')
    REAL.check("/api/cabinets/cab-1", None)
    Protection(REAL.names, permitted=True).check(TOPIC, payload)
    Protection().check(TOPIC, payload)
