"""The table of fields: what it accepts, refuses, shows and hides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.components import APP, COMPONENTS, MQTT, NET, Component, component_named
from wire.errors import ConfigError, MessageError
from wire.redaction import redacted
from wire.tests.strategies import json_values, texts

GOOD: list[tuple[str, str, Any]] = [
    ("mqtt", "mqttSecure", 1),
    ("mqtt", "mqttQOS", 2),
    ("mqtt", "mqttURI", "mqtt://mqtt:mqtt@mq.sas.backoffice.ltd:1883"),
    ("mqtt", "mqttURI", "mqtt.casino.com"),
    ("mqtt", "mqttURI", "10.0.0.7:1884"),
    ("mqtt", "mqttURI", "wss://[::1]:9001/mqtt"),
    ("mqtt", "mqttSubTopic", "sas/relay/78421c1bf944"),
    ("mqtt", "mqttPubTopic", "sas/gy/server"),
    ("mqtt", "mqttIdleTimeS", 86400),
    ("mqtt", "mqttUsername", ""),
    ("mqtt", "mqttPassword", "s3cret"),
    ("net", "netMode", 0),
    ("net", "netStaSSID", "é" * 16),
    ("net", "netStaSSID", "مقهى 🎰"),
    ("net", "netStaPwd", ""),
    ("net", "netStaPwd", "x" * 63),
    ("net", "netStaChan", 14),
    ("coms", "comsMode", 2),
    ("coms", "comsAddr", 127),
    ("coms", "comsRateMs", 40),
    ("coms", "comsRTE", 1),
    ("coms", "comsGPC", 255),
    ("ota", "otaURL", "http://api.sas.backoffice.ltd/firmwares/"),
    ("ota", "otaURL", "https://[::1]:8443/"),
]
BAD: list[tuple[str, str, Any]] = [
    ("mqtt", "mqttSecure", 2),
    ("mqtt", "mqttSecure", True),
    ("mqtt", "mqttQOS", "2"),
    ("mqtt", "mqttQOS", 1.0),
    ("mqtt", "mqttURI", ""),
    ("mqtt", "mqttURI", "http://mq"),
    ("mqtt", "mqttURI", "mqtt://host:99999"),
    ("mqtt", "mqttURI", "mqtt://host:0"),
    ("mqtt", "mqttURI", "two words"),
    ("mqtt", "mqttSubTopic", "sas/#"),
    ("mqtt", "mqttSubTopic", ""),
    ("mqtt", "mqttPubTopic", "a\x00b"),
    ("mqtt", "mqttIdleTimeS", 0),
    ("mqtt", "mqttPassword", None),
    ("mqtt", "mqttPassword", "line\nbreak"),
    ("mqtt", "mqttClientId", "x"),
    ("net", "netStaSSID", ""),
    ("net", "netStaSSID", "é" * 17),
    ("net", "netStaSSID", "\ud800"),
    ("net", "netStaPwd", "seven77"),
    ("net", "netStaPwd", "x" * 64),
    ("net", "netStaChan", 15),
    ("net", "netStaChan", 0),
    ("net", "netStaChan", None),
    ("coms", "comsAddr", 0),
    ("coms", "comsRateMs", 39),
    ("coms", "comsGPC", -1),
    ("ota", "otaURL", "ftp://host/"),
    ("ota", "otaURL", "http://"),
    ("ota", "otaURL", "http://host:x/"),
    ("app", "version", "2.0.0"),
    ("app", "other", "x"),
]


@pytest.mark.parametrize(("component", "field", "value"), GOOD)
def test_a_good_value_is_accepted(component: str, field: str, value: Any) -> None:
    COMPONENTS[component].check({field: value})


@pytest.mark.parametrize(("component", "field", "value"), BAD)
def test_a_bad_value_is_refused_by_name(component: str, field: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        COMPONENTS[component].check({field: value})
    assert [problem.field for problem in caught.value.problems] == [f"{component}.{field}"]


def test_all_problems_are_told_at_once() -> None:
    problems = NET.problems({"netStaChan": 99, "netStaSSID": "fine", "netMode": "x"})
    assert [problem.field for problem in problems] == ["net.netStaChan", "net.netMode"]


@pytest.mark.parametrize("field", ["netStaPwd"])
@given(value=json_values)
def test_a_refused_secret_is_not_shown(field: str, value: Any) -> None:
    told = " ".join(map(str, NET.problems({field: value})))
    assert told in ("", "net.netStaPwd: 8 to 63 characters or an empty string was wanted")


def test_a_refused_uri_is_not_shown_since_it_may_hold_a_password() -> None:
    assert "hunter2" not in str(MQTT.problems({"mqttURI": "http://joe:hunter2@host"}))


@pytest.mark.parametrize("component", [c for c in COMPONENTS.values() if c is not APP], ids=lambda c: c.name)
def test_defaults_would_be_accepted(component: Component) -> None:
    component.check(component.defaults())


def test_optional_fields_are_absent_by_default() -> None:
    assert {"mqttUsername", "mqttPassword"}.isdisjoint(MQTT.defaults())


@given(st.sampled_from(list(COMPONENTS.values())), st.dictionaries(texts, json_values, max_size=3))
def test_checking_never_raises_anything_else(component: Component, values: dict[str, Any]) -> None:
    names = [field.name for field in component]
    for name in [*values, *names]:
        component.problems({name: next(iter(values.values()), None)})


def test_masking_hides_secrets_and_nothing_else() -> None:
    shown = MQTT.masked({"mqttURI": "mqtt://joe:pw@h:1", "mqttPassword": "pw", "mqttQOS": 1, "x": "y"})
    assert shown == {"mqttURI": "mqtt://joe:***@h:1", "mqttPassword": "***", "mqttQOS": 1, "x": "y"}


def test_redaction_reaches_every_depth() -> None:
    secret = {"a": [{"netStaPwd": "hunter22"}], "Authorization": "Bearer x", "u": "mqtts://a:hunter22@h"}
    assert redacted(secret) == {"a": [{"netStaPwd": "***"}], "Authorization": "***", "u": "mqtts://a:***@h"}
    assert secret["a"] == [{"netStaPwd": "hunter22"}]


def test_an_unknown_component_is_answered_with_the_known_ones() -> None:
    for name in ("wifi", None, 5, ["net"]):
        with pytest.raises(MessageError, match="mqtt, net, coms, ota, app"):
            component_named(name)
