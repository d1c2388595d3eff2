"""Relay ids, topics, addresses and timestamps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.address import mask_credentials, parse_address
from wire.errors import AddressError, MessageError, RelayIdError, RoutingError, TopicError
from wire.relay import canonical_relay_id
from wire.timestamps import format_timestamp, parse_timestamp
from wire.topics import Topics, device_topic, is_topic


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("e831cdfa8384", "e831cdfa8384"),
        ("  E831CDFA8384\t", "e831cdfa8384"),
        ("Board_7", "Board_7"),
        ("E8:31:CD:FA:83:84", "E8:31:CD:FA:83:84"),
        ("x" * 64, "x" * 64),
    ],
)
def test_a_relay_id_has_one_canonical_form(text: str, canonical: str) -> None:
    assert canonical_relay_id(text) == canonical
    assert canonical_relay_id(canonical) == canonical


@pytest.mark.parametrize(
    "text",
    ["", " ", "a/b", "+", "#", "a\x00", "a\n", "a\r\n", "a b", "é", "x" * 65, "x" * 9999, 7, None, ["a"]],
    ids=repr,
)
def test_an_id_that_could_address_another_topic_is_refused(text: object) -> None:
    with pytest.raises(RelayIdError, match="relayId"):
        canonical_relay_id(text)


@given(st.text())
def test_an_accepted_id_is_one_level_of_a_topic(text: str) -> None:
    try:
        relay_id = canonical_relay_id(text)
    except RelayIdError:
        return
    assert is_topic(Topics().relay(relay_id))
    assert "/" not in relay_id


def test_prefixes_work_with_and_without_their_slash() -> None:
    assert Topics(relay_prefix="a/b", server_prefix="c") == Topics(relay_prefix="a/b/", server_prefix="c/")
    topics = Topics()
    assert topics.relay("r") == "sas/relay/r"
    assert topics.server("r") == "sas/gli/server/r"
    assert topics.meter_push == "sas/gli/server"
    assert topics.report_filters == ("smib/config", "sas/gli/server/+", "sas/gy/server", "sas/server")


@pytest.mark.parametrize("topic", ["", "a/#", "a/+/b", "a\nb", "x" * 257])
def test_a_setting_that_is_no_topic_is_refused(topic: str) -> None:
    with pytest.raises(TopicError, match="config"):
        Topics(config=topic)


def test_the_relay_that_a_topic_names() -> None:
    topics = Topics()
    assert topics.relay_of("sas/gli/server/E831CDFA8384") == "e831cdfa8384"
    assert [topics.relay_of(t) for t in ("smib/config", "sas/gy/server", "sas/server")] == [None] * 3
    for topic, kind in {"sas/relay/x": "other-topic", "sas/gli/server/a/b": "bad-rly"}.items():
        with pytest.raises(RoutingError) as caught:
            topics.relay_of(topic)
        assert caught.value.kind == kind


def test_a_device_appends_its_id_to_a_topic_with_a_trailing_slash() -> None:
    assert device_topic("sas/relay/", "78421c1bf944") == "sas/relay/78421c1bf944"
    assert device_topic("sas/gy/server", "78421c1bf944") == "sas/gy/server"


@pytest.mark.parametrize(
    ("text", "uri", "tls"),
    [
        ("localhost", "mqtt://localhost:1883", False),
        ("mqtts://h", "mqtts://h:8883", True),
        ("10.0.0.1:1999", "mqtt://10.0.0.1:1999", False),
        ("mqtt://u:p%40ss@h:1", "mqtt://u:p%40ss@h:1", False),
        ("u:p@h", "mqtt://u:p@h:1883", False),
        ("ws://h:9001/mqtt", "ws://h:9001/mqtt", False),
        ("wss://h", "wss://h:443", True),
        ("tcp://[::1]:7", "mqtt://[::1]:7", False),
    ],
)
def test_a_broker_uri_is_read_with_what_it_leaves_out(text: str, uri: str, tls: bool) -> None:
    address = parse_address(text)
    assert address.uri() == uri
    assert address.tls is tls


def test_an_address_shows_no_password() -> None:
    address = parse_address("mqtt://joe:hunter22@h")
    assert address.password == "hunter22"
    assert "hunter22" not in f"{address} {address!r}"


def test_tls_moves_the_default_port_only() -> None:
    assert parse_address("h").with_tls().uri() == "mqtts://h:8883"
    assert parse_address("h:1999").with_tls().uri() == "mqtts://h:1999"


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert parse_address(address.uri()) == address


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mqtt://a:b@h", "mqtt://a:***@h"),
        ("a:b@h", "a:***@h"),
        ("mqtt://a:b:c@d@h", "mqtt://a:***@h"),
        ("mqtt://:b@h", "mqtt://:***@h"),
        ("mqtt://h:1883", "mqtt://h:1883"),
        ("mqtt://a@h:1883", "mqtt://a@h:1883"),
        ("mqtt://a://b@h", "mqtt://a:***@h"),
        ("mail a@b", "mail a@b"),
    ],
)
def test_masking_hides_the_password_of_a_uri(text: str, masked: str) -> None:
    assert mask_credentials(text) == masked


@given(st.integers(0, 253_402_300_799_999))
def test_a_timestamp_survives(epoch_ms: int) -> None:
    text = format_timestamp(epoch_ms)
    assert len(text) == 24
    assert parse_timestamp(text) == epoch_ms


@given(st.text(max_size=40))
def test_any_text_is_a_timestamp_or_a_message_error(text: str) -> None:
    try:
        parse_timestamp(text)
    except MessageError as error:
        assert error.field == "timestamp"
