"""Whether what a device reports is what was ordered of it (contract, sections 2, 3 and 7)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cms.agreement import agrees, confirmed_by
from cms.cabinet import Cabinet
from cms.standing import FieldReport, Standing, settable

RELAY = "e831cdfa8384"
SECRET = "casino-4711"
BOTH = {"net": {"netStaChan": 1}, "coms": {"comsMode": 1}}


def standing(
    ordered: dict[str, Any], reported: dict[str, Any], pending: tuple[tuple[str, str], ...] = ()
) -> Standing:
    reports = {part: {n: FieldReport(v, 7) for n, v in fields.items()} for part, fields in reported.items()}
    return Standing(Cabinet("cab-1", RELAY, smib_config=ordered), reports, frozenset(pending))


@pytest.mark.parametrize(
    ("name", "ordered", "reported", "agreed"),
    [
        ("netStaChan", 6, 6, True),
        ("netStaChan", 6, 6.0, True),
        ("netStaChan", 1, True, False),
        ("netStaChan", 6, "6", False),
        ("netStaChan", 6, None, False),
        ("netStaSSID", "A", "a", False),
        ("netStaSSID", "***", "A", False),
        ("netStaSSID", "A", "***", False),
        ("netStaPwd", SECRET, "***", True),
        ("netStaPwd", SECRET, "other", False),
        ("mqttSubTopic", "sas/relay/", f"sas/relay/{RELAY}", True),
        ("mqttSubTopic", f"sas/relay/{RELAY}", "sas/relay/", True),
        ("mqttSubTopic", "sas/relay/", "sas/relay/other", False),
        ("mqttURI", "h", "mqtt://h:1883", True),
        ("mqttURI", f"mqtt://u:{SECRET}@h", "mqtt://u:***@h:1883", True),
        ("mqttURI", f"mqtt://u:{SECRET}@h", "mqtt://v:***@h:1883", False),
        ("mqttURI", "mqtt://h", "mqtts://h", False),
        ("mqttURI", "mqtt://h", "no uri at all", False),
        ("otaURL", "http://ann:secret@images.example/fw/", "http://ann:***@images.example/fw/", True),
        ("otaURL", "http://ann:secret@images.example/fw/", "http://ann:***@elsewhere.example/fw/", False),
    ],
)
def test_spellings_that_mean_the_same_agree(name: str, ordered: Any, reported: Any, agreed: bool) -> None:
    assert agrees(name, ordered, reported, RELAY) is agreed


def test_an_answer_confirms_what_it_holds() -> None:
    values = {"netStaSSID": "A", "netStaPwd": SECRET}
    assert confirmed_by(values, {"netStaSSID": "A", "netStaChan": 3}, RELAY)  # the secret is kept from us
    assert not confirmed_by(values, {"netStaPwd": SECRET}, RELAY)
    assert confirmed_by({"mqttUsername": ""}, {}, RELAY)


@pytest.mark.parametrize(
    ("ordered", "reported", "pending", "in_step", "out"),
    [
        ({}, {"net": {"netStaChan": 1}}, (), None, ()),
        ({"net": {"netStaChan": 1}}, {}, (), None, ("net",)),
        ({"net": {"netStaChan": 1}}, {"coms": {"comsMode": 1}}, (), None, ("net",)),
        ({"net": {"netStaChan": 1}}, {"net": {"netStaChan": 1}}, (), True, ()),
        ({"net": {"netStaChan": 1}}, {"net": {"netStaChan": 2}}, (), False, ("net",)),
        ({"net": {"netStaChan": 1}}, {"net": {"netStaChan": 2}}, (("net", "netStaChan"),), None, ()),
        ({"net": {"netStaChan": 1}}, {"net": {"netStaSSID": "A"}}, (), False, ("net",)),
        (
            BOTH,
            {"net": {"netStaChan": 2}},
            (),
            False,
            ("net", "coms"),
        ),
        (
            BOTH,
            {"net": {"netStaChan": 1}},
            (),
            None,
            ("coms",),
        ),
        ({"app": {"version": "1"}}, {"app": {"version": "2"}}, (), None, ()),
    ],
)
def test_how_a_cabinet_stands(
    ordered: dict[str, Any],
    reported: dict[str, Any],
    pending: tuple[tuple[str, str], ...],
    in_step: bool | None,
    out: tuple[str, ...],
) -> None:
    one = standing(ordered, reported, pending)
    assert one.in_step is in_step
    assert one.out_of_step() == out


def test_no_secret_is_shown() -> None:
    ordered = {"net": {"netStaPwd": SECRET}, "mqtt": {"mqttURI": f"mqtt://u:{SECRET}@h"}}
    reported = {
        "net": {"netStaPwd": f"{SECRET}-2", "password": SECRET},
        "mqtt": {"mqttURI": f"mqtt://u:{SECRET}-2@h"},
    }
    one = standing(ordered, reported)
    assert [str(each) for each in one.differences()] == ["mqtt.mqttURI", "net.netStaPwd"]
    shown = json.dumps([one.reported_document(), [each.to_document() for each in one.differences()]])
    assert SECRET not in shown + repr(one) + repr(one.differences())
    assert '"at": "1970-01-01T00:00:00.007Z"' in shown


def test_only_what_a_device_can_be_told_is_ordered_again() -> None:
    config: dict[str, Any] = {
        "coms": {"comsMode": 1, "odd": 2},
        "app": {"version": "1"},
        "net": {},
        "odd": {"a": 1},
    }
    assert settable(config) == {"coms": {"comsMode": 1}}
