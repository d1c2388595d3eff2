"""What is masked, and what counts as a leak."""

from __future__ import annotations

from typing import Any

import pytest

from features.harness.evidence.secrets import Secrets


def test_a_value_is_masked_wherever_it_turns_up_once_it_was_used() -> None:
    secrets = Secrets(["hunter22"])
    assert secrets.text("the password hunter22 was refused") == "the password *** was refused"
    assert secrets.value({"ssid": "hunter22", "n": 1, "l": ["a hunter22"]}) == {
        "ssid": "***",
        "n": 1,
        "l": ["a ***"],
    }


@pytest.mark.parametrize(
    "form", ['pass"wo\u00e4rd', 'pass\\"wo\\u00e4rd', 'pass\\"wo\u00e4rd', "pass%22wo%C3%A4rd"]
)
def test_every_spelling_of_a_value_is_masked(form: str) -> None:
    assert Secrets(['pass"wo\u00e4rd']).text(f"<{form}>") == "<***>"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"netStaPwd":"x1"}', '{"netStaPwd":"***"}'),
        ('{"mqttPassword": "half a', '{"mqttPassword": "***"'),
        ("MQTT_PASSWORD=abc user=anna", "MQTT_PASSWORD=*** user=anna"),
        (
            "at mqtt://anna:abc@host:1883 and ws://b:c@host",
            "at mqtt://anna:***@host:1883 and ws://b:***@host",
        ),
        ("comsMode: 0", "comsMode: 0"),
    ],
)
def test_text_is_masked_by_name(text: str, masked: str) -> None:
    assert Secrets().text(text) == masked


def test_a_json_value_is_masked_by_name_even_inside_a_text_of_it() -> None:
    value = {"netStaPwd": "x", "message": '{"netStaPwd":"yy"}', "comsMode": 0}
    assert Secrets().value(value) == {"netStaPwd": "***", "message": '{"netStaPwd":"***"}', "comsMode": 0}
    assert value["netStaPwd"] == "x"


def test_what_was_sent_is_learned_by_name() -> None:
    secrets = Secrets()
    secrets.learn(
        {"smibConfig": {"net": {"netStaPwd": "hunter22"}, "mqtt": {"mqttURI": "mqtt://u:p%40ssword@h"}}}
    )
    assert secrets.text("hunter22, p%40ssword and p@ssword") == "***, *** and ***"


def test_headers_that_carry_credentials_are_masked() -> None:
    secrets = Secrets()
    headers = {"Authorization": "Bearer abcdef", "Cookie": "a=b", "Accept": "text/html"}
    secrets.learn_headers(headers)
    assert secrets.headers(headers) == {"authorization": "***", "cookie": "***", "accept": "text/html"}
    assert secrets.text("got abcdef") == "got ***"


def test_a_short_value_is_known_by_name_alone() -> None:
    secrets = Secrets(["mqtt", "***"])
    assert secrets.text("comp mqtt ***") == "comp mqtt ***"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"data": {"net": {"netStaPwd": "whatever"}}}, "body.data.net.netStaPwd"),
        ({"data": [{"mqttPassword": "m"}]}, "body.data[0].mqttPassword"),
        ({"networkPassword": "x"}, "body.networkPassword"),
        ({"mqttURI": "mqtt://mqtt:mqtt@host"}, "body.mqttURI"),
        ({"mqttURI": "anna:abc@host"}, "body.mqttURI"),
        ({"error": "can't use hunter22 here"}, "body.error"),
        ("plain hunter22", "body"),
    ],
)
def test_a_password_in_clear_is_a_leak(body: Any, place: str) -> None:
    leaks = Secrets(["hunter22"]).leaks(body, {})
    assert leaks == (place,)


def test_a_header_can_leak_too() -> None:
    assert Secrets(["hunter22"]).leaks({}, {"X-Debug": "hunter22"}) == ("header x-debug",)


@pytest.mark.parametrize(
    "body",
    [
        {"netStaPwd": "***", "networkPassword": "", "mqttPassword": "\u2022\u2022\u2022", "password": None},
        {"mqttURI": "mqtt://anna:***@host:1883"},
        {"mqttURI": "mqtt://host", "token": "abcdefgh"},
        {"error": "mqttURI: a broker URI, [mqtt|wss://][user[:password]@]host[:port][/path], was wanted"},
        {"error": "hunter221 is another word, and so is xhunter22"},
        {"hasPassword": True, "password": {"type": "string"}},
        "text",
    ],
)
def test_what_shows_no_password_is_no_leak(body: Any) -> None:
    assert Secrets(["hunter22"]).leaks(body, {"content-type": "application/json"}) == ()


def test_what_only_a_subject_said_is_masked_and_accuses_nobody() -> None:
    secrets = Secrets()
    secrets.learn({"netStaPwd": "connected"}, ours=False)
    assert secrets.text("connected") == "***"
    assert secrets.leaks({"message": "connected"}, {}) == ()
