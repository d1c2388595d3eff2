"""Requests and updates (contract, section 3)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.device.effects import Connect, Disconnect, Publish, Save
from simulator.tests.device.bench import RELAY, TOPIC, Bench, kinds
from wire.components import COMPONENTS
from wire.jsontext import MAX_PAYLOAD
from wire.orders import BulkUpdate, ConfigRequest, ConfigUpdate

REFUSED = [
    ("mqtt", {"mqttSecure": 2}),
    ("mqtt", {"mqttQOS": "1"}),
    ("mqtt", {"mqttURI": ""}),
    ("mqtt", {"mqttSubTopic": "sas/+/x"}),
    ("mqtt", {"mqttIdleTimeS": 0}),
    ("net", {"netStaPwd": "short"}),
    ("net", {"netStaSSID": "x" * 33}),
    ("net", {"netStaChan": True}),
    ("coms", {"comsMode": 3}),
    ("coms", {"comsRateMs": 200.0}),
    ("coms", {"comsMode": 1, "comsBaud": 9600}),
    ("ota", {"otaURL": "ftp://localhost/"}),
    ("app", {"version": "9.9.9"}),
    ("app", {"firmware": "smib"}),
]


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_request_is_answered_with_all_fields_in_the_order_of_the_table(name: str) -> None:
    bench = Bench().started()
    (answer,) = bench.tell(ConfigRequest(name))
    assert answer == {"rly": RELAY, "typ": "cfg", "comp": name, **COMPONENTS[name].defaults()}
    assert list(answer) == ["rly", "typ", "comp", *COMPONENTS[name].defaults()]
    assert bench.published[-1].topic == "smib/config"
    assert bench.saved is None


def test_optional_fields_are_answered_once_they_are_set() -> None:
    bench = Bench().started()
    bench.tell(ConfigUpdate("mqtt", {"mqttPassword": "floor-pass", "mqttUsername": "floor"}))
    bench.accept()
    (answer,) = bench.forget().tell(ConfigRequest("mqtt"))
    assert list(answer)[-2:] == ["mqttUsername", "mqttPassword"]
    assert answer["mqttPassword"] == "floor-pass"


def test_an_update_is_stored_then_confirmed_and_told() -> None:
    bench = Bench().started()
    effects = bench.device.receive(TOPIC, b'{"typ":"cfg","comp":"coms","comsMode":2}', bench.now_ms)
    assert [type(effect) for effect in effects] == [Save, Publish, Publish]
    bench.carry_out(effects)
    confirmation, event = bench.said
    assert confirmation == {"rly": RELAY, "typ": "cfg", "comp": "coms", **bench.values("coms")}
    assert confirmation["comsMode"] == 2
    assert (event["typ"], event["pyd"]) == ("CONFIG_UPDATE", "coms")


def test_an_update_touches_only_the_fields_it_names() -> None:
    bench = Bench().started()
    others = {name: bench.values(name) for name in COMPONENTS if name != "coms"}
    bench.tell(ConfigUpdate("coms", {"comsRateMs": 500}))
    assert bench.values("coms") == {**COMPONENTS["coms"].defaults(), "comsRateMs": 500}
    assert {name: bench.values(name) for name in others} == others


@pytest.mark.parametrize(("component", "values"), REFUSED)
def test_a_refused_update_changes_nothing_and_says_why(component: str, values: dict[str, Any]) -> None:
    bench = Bench().started()
    before = bench.device.memory.to_dict()
    (answer,) = bench.tell({"typ": "cfg", "comp": component, **values})
    in_force = bench.values(component)
    assert answer.pop("err")
    assert answer == {"rly": RELAY, "typ": "cfg", "comp": component, **in_force}
    assert bench.device.memory.to_dict() == before
    assert bench.saved is None
    assert bench.up
    assert bench.device.counters["refused"] == 1


def test_one_bad_field_refuses_the_good_ones_with_it() -> None:
    bench = Bench().started()
    (answer,) = bench.tell(ConfigUpdate("coms", {"comsMode": 2, "comsAddr": 0}))
    assert answer["comsMode"] == 0
    assert "comsAddr" in answer["err"]


def test_the_reason_of_a_refusal_is_short_and_holds_no_secret() -> None:
    bench = Bench().started()
    (answer,) = bench.tell({"typ": "cfg", "comp": "coms", "x" * 50_000: 1})
    assert len(answer["err"]) <= 120
    (answer,) = bench.tell(ConfigUpdate("net", {"netStaPwd": "pass\n"}))
    assert "pass\n" not in answer["err"]


def test_an_update_that_changes_nothing_is_only_confirmed() -> None:
    bench = Bench().started()
    (answer,) = bench.tell(ConfigUpdate("net", bench.values("net")))
    assert "err" not in answer
    assert bench.up
    assert bench.saved is None


@pytest.mark.parametrize("component", ["wifi", "", "MQTT", "cfg"])
def test_an_unknown_component_is_ignored_and_counted(component: str) -> None:
    bench = Bench().started()
    assert bench.tell(ConfigRequest(component)) == []
    assert bench.tell(ConfigUpdate(component, {"comsMode": 1})) == []
    assert bench.device.counters["unknown-component"] == 2
    assert kinds(bench.tell(ConfigRequest("coms"))) == ["cfg coms"]


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "not-utf8"),
        (b"{", "not-json"),
        (b"[]", "not-object"),
        (b'"RESTART"', "not-object"),
        (b"{}", "not-a-message"),
        (b'{"typ":["cfg"],"comp":"mqtt"}', "not-a-message"),
        (b'{"typ":"cfg"}', "not-a-message"),
        (b'{"command":"EXPLODE"}', "not-a-message"),
        (b'{"a":' * 10_000, "too-deep"),
        (b'{"typ":"cfg","comp":"' + b"x" * MAX_PAYLOAD + b'"}', "too-large"),
    ],
)
def test_what_is_no_order_is_ignored_and_counted(payload: bytes, kind: str) -> None:
    bench = Bench().started()
    before = bench.device.memory.to_dict()
    assert bench.tell(payload) == []
    assert bench.device.counters[kind] == 1
    assert bench.device.memory.to_dict() == before
    assert kinds(bench.tell(ConfigRequest("mqtt"))) == ["cfg mqtt"]


def test_the_bulk_form_is_one_update_for_each_component() -> None:
    bench = Bench().started()
    config: dict[str, dict[str, Any]] = {
        "coms": {"comsMode": 1},
        "app": {"version": "2"},
        "wifi": {},
        "ota": {"otaURL": "http://x/"},
    }
    said = bench.tell(BulkUpdate(config, "cab-1", "2024-01-15T10:30:00.000Z"))
    assert kinds(said) == ["cfg coms", "CONFIG_UPDATE", "cfg app", "cfg ota", "CONFIG_UPDATE"]
    assert "err" in said[2]
    assert bench.values("coms")["comsMode"] == 1
    assert bench.device.counters == {"received": 1, "applied": 2, "refused": 1, "unknown-component": 1}


def test_the_bulk_form_reconnects_once_after_its_last_confirmation() -> None:
    bench = Bench().started()
    bulk = BulkUpdate(
        {"mqtt": {"mqttCfgTopic": "b/config"}, "net": {"netStaChan": 6}, "coms": {"comsMode": 1}}
    )
    assert kinds(bench.tell(bulk)) == [
        "cfg mqtt", "CONFIG_UPDATE", "cfg net", "CONFIG_UPDATE", "cfg coms", "CONFIG_UPDATE",
    ]  # fmt: skip
    assert {p.topic for p in bench.published if p.kind == "cfg"} == {"smib/config"}
    assert bench.wanted is not None
    assert bench.wanted.wifi.channel == 6
    bench.accept()
    bench.forget().tell(ConfigRequest("coms"))
    assert [p.topic for p in bench.published] == ["b/config"]


@pytest.mark.parametrize(
    ("component", "values"), [("net", {"netStaSSID": "New_WiFi"}), ("mqtt", {"mqttURI": "mq.example:1884"})]
)
def test_new_connection_values_are_confirmed_before_the_connection_is_dropped(
    component: str, values: dict[str, Any]
) -> None:
    bench = Bench().started()
    payload = b'{"typ":"cfg","comp":"%s",%s}' % (component.encode(), _members(values))
    effects = bench.device.receive(TOPIC, payload, bench.now_ms)
    assert [type(effect) for effect in effects] == [Save, Publish, Publish, Disconnect, Connect]
    assert effects[3] == Disconnect(clean=True, reason="new settings")
    bench.carry_out(effects)
    assert kinds(bench.said) == [f"cfg {component}", "CONFIG_UPDATE"]


def test_a_board_that_listens_to_its_own_answers_does_not_answer_them() -> None:
    bench = Bench({"mqtt": {"mqttSubTopic": "smib/config", "mqttCfgTopic": "smib/config"}}).started()
    bench.tell(ConfigRequest("coms"), "smib/config")
    own = bench.published[-1].payload
    assert bench.tell(own, "smib/config") == []
    assert bench.device.counters["report"] == 1


def test_answers_and_events_go_where_and_how_the_settings_say() -> None:
    bench = Bench({"mqtt": {"mqttCfgTopic": "cfg/", "mqttPubTopic": "sas/gy/server", "mqttQOS": 2}}).started()
    bench.tell(ConfigUpdate("coms", {"comsMode": 1}))
    assert [(p.topic, p.qos, p.retain) for p in bench.published] == [
        (f"cfg/{RELAY}", 2, False),
        ("sas/gy/server", 2, False),
    ]


def _members(values: dict[str, Any]) -> bytes:
    return ",".join(f'"{name}":"{value}"' for name, value in values.items()).encode()
