"""Encoding and decoding are inverse, and decoding is total."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wire import orders, reports
from wire.errors import MessageError, PayloadError, RoutingError, WireError
from wire.jsontext import MAX_DEPTH, MAX_PAYLOAD, parse_object, to_bytes
from wire.tests.strategies import json_objects, json_values, some_orders, some_reports

HOSTILE = (
    b"",
    b"\xff\xfe",
    b"\x00",
    b"nonsense",
    b"NaN",
    b'{"typ":NaN}',
    b'{"a":1e999}',
    b'{"a":"\\ud800"}',
    b"[" * 10_000,
    b'{"a":' * 10_000,
    b"{}" + b" " * (1024 * 1024),
    b'{"a":' + b"9" * 5000 + b"}",
    b"\xef\xbb\xbf{}",
)


@given(some_orders)
def test_order_survives_the_wire(order: orders.Order) -> None:
    assert orders.decode_order(orders.encode(order)) == order


@given(some_reports)
def test_report_survives_the_wire(report: reports.Report) -> None:
    assert reports.decode_report(reports.encode(report)) == report


def examples(test: Any) -> Any:
    for payload in HOSTILE:
        test = example(payload)(test)
    return test


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
@examples
def test_no_payload_makes_decode_raise_anything_but_a_wire_error(payload: bytes) -> None:
    for decode in (orders.decode_order, reports.decode_report, parse_object):
        try:
            decode(payload)
        except WireError as error:
            assert error.kind
            assert str(error)


@given(json_objects)
def test_any_object_can_be_sent_on(fields: dict[str, Any]) -> None:
    assert parse_object(to_bytes(fields)) == fields
    assert to_bytes(fields) == json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "empty"),
        (b"{}" + b" " * MAX_PAYLOAD, "too-large"),
        (b'{"a":"\xff"}', "not-utf8"),
        (b"{", "not-json"),
        (b'{"a":NaN}', "not-json"),
        (b'{"a":-1e400}', "not-json"),
        (b'{"a":"\\udfff"}', "not-json"),
        (b"[]", "not-object"),
        (b'"text"', "not-object"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "too-deep"),
        (b'{"a":' * 10_000, "too-deep"),
    ],
)
def test_payload_errors_are_told_apart(payload: bytes, kind: str) -> None:
    with pytest.raises(PayloadError) as caught:
        parse_object(payload)
    assert caught.value.kind == kind


def test_a_payload_at_the_limits_is_read() -> None:
    deep = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert parse_object(deep)
    assert parse_object(b"{}" + b" " * (MAX_PAYLOAD - 2)) == {}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ("{}", "typ"),
        ('{"typ":"boo"}', "typ"),
        ('{"typ":7}', "typ"),
        ('{"typ":"cfg"}', "comp"),
        ('{"typ":"cfg","comp":["net"]}', "comp"),
        ('{"command":"EXPLODE","timestamp":"2024-01-15T10:30:00.000Z"}', "command"),
        ('{"command":"RESTART","timestamp":5}', "timestamp"),
        ('{"command":"RESTART","timestamp":"yesterday"}', "timestamp"),
        ('{"command":"RESTART","timestamp":"2024-01-15T10:30:00.000"}', "timestamp"),
        ('{"command":"RESTART","action":"lock_machine"}', "action"),
        ('{"smibConfig":[],"action":"update_config"}', "smibConfig"),
        ('{"smibConfig":{"net":1},"action":"update_config"}', "smibConfig"),
        ('{"typ":"cmd","sta":"","siz":2,"pyd":"E180E1"}', "siz"),
        ('{"typ":"cmd","sta":"","siz":true,"pyd":"E"}', "siz"),
        ('{"typ":"cmd","cmd":"boo"}', "cmd"),
        ('{"typ":"ota_ud"}', "bin"),
    ],
)
def test_a_wrong_order_names_its_field(payload: str, field: str) -> None:
    with pytest.raises(MessageError) as caught:
        orders.decode_order(payload.encode())
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("rly", "topic_relay", "outcome"),
    [
        ("e831cdfa8384", None, "e831cdfa8384"),
        ("E831CDFA8384", None, "e831cdfa8384"),
        (" e831cdfa8384 ", "e831cdfa8384", "e831cdfa8384"),
        ("Board_7", None, "Board_7"),
        (None, "e831cdfa8384", "e831cdfa8384"),
        (None, None, "no-rly"),
        ("e831cdfa8384", "e831cdfa8464", "other-rly"),
        ("", None, "bad-rly"),
        ("a/b", None, "bad-rly"),
        (7, None, "bad-rly"),
        (["e831cdfa8384"], None, "bad-rly"),
        ({}, None, "bad-rly"),
    ],
)
def test_the_sender_of_a_report(rly: object, topic_relay: str | None, outcome: str) -> None:
    fields = {} if rly is None else {"rly": rly}
    try:
        assert reports.sender(fields, topic_relay) == outcome
    except RoutingError as error:
        assert error.kind == outcome


def test_a_report_of_a_known_type_but_another_shape_is_passed_on_whole() -> None:
    payload = b'{"typ":"rsp","rly":"e831cdfa8384","pyd":5}'
    report = reports.decode_report(payload)
    assert isinstance(report, reports.OtherReport)
    assert reports.encode(report) == payload


def test_a_report_with_more_members_than_its_type_has_loses_none() -> None:
    payload = b'{"typ":"rsp","rly":"e831cdfa8384","mac":"m","sta":"","pyd":"-1","rssi":-61}'
    assert reports.encode(reports.decode_report(payload)) == payload
