"""The connection that the values of net and mqtt describe (contract, sections 2 and 3)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.device.link import LinkSettings, link_settings, topics_heard
from wire.components import MQTT, NET

RELAY = "e831cdfa8384"


def link(**mqtt: Any) -> LinkSettings:
    return link_settings(RELAY, {**MQTT.defaults(), **mqtt}, NET.defaults())


@pytest.mark.parametrize(
    ("setting", "topic"),
    [
        ("sas/relay/", f"sas/relay/{RELAY}"),
        (f"sas/relay/{RELAY}", f"sas/relay/{RELAY}"),
        ("floor/all", "floor/all"),
    ],
)
def test_a_topic_that_ends_in_a_slash_gets_the_relay_id(setting: str, topic: str) -> None:
    assert link(mqttSubTopic=setting).subscriptions[0] == topic
    assert link(mqttPubTopic=setting).will_topic == topic


@pytest.mark.parametrize(
    ("published", "heard"),
    [
        ("sas/gli/server/", ("sas/relay/x", "sas/gli/server")),
        ("sas/gli/server/x", ("sas/relay/x", "sas/gli/server")),
        ("casino/two/", ("sas/relay/x", "casino/two")),
        ("sas/gy/server", ("sas/relay/x", "sas/gli/server")),
        ("sas/gli/server", ("sas/relay/x",)),
        ("/", ("sas/relay/x",)),
    ],
)
def test_where_a_push_is_heard_follows_from_where_the_board_publishes(
    published: str, heard: tuple[str, ...]
) -> None:
    assert topics_heard("x", {**MQTT.defaults(), "mqttPubTopic": published}) == heard


@pytest.mark.parametrize(
    ("values", "uri"),
    [
        ({"mqttURI": "mq.example"}, "mqtt://mq.example:1883"),
        ({"mqttURI": "mqtt://u:p@mq.example:1884"}, "mqtt://u:p@mq.example:1884"),
        ({"mqttURI": "mq.example", "mqttSecure": 1}, "mqtts://mq.example:8883"),
        ({"mqttURI": "mqtts://mq.example", "mqttSecure": 0}, "mqtts://mq.example:8883"),
        ({"mqttURI": "mqtt://u:p@h", "mqttUsername": "v", "mqttPassword": "q"}, "mqtt://v:q@h:1883"),
        ({"mqttURI": "mqtt://u:p@h", "mqttUsername": "", "mqttPassword": ""}, "mqtt://u:p@h:1883"),
    ],
)
def test_the_broker_is_that_of_the_uri_with_tls_and_credentials(values: dict[str, Any], uri: str) -> None:
    assert link(**values).address.uri() == uri


def test_no_secret_shows_in_what_may_be_logged() -> None:
    settings = link_settings(
        RELAY,
        {**MQTT.defaults(), "mqttURI": "mqtt://u:hidden-1@h", "mqttPassword": "hidden-2"},
        {**NET.defaults(), "netStaPwd": "hidden-33"},
    )
    assert "hidden" not in repr(settings)
    assert settings.wifi.password == "hidden-33"
    assert settings.address.password == "hidden-2"
