"""What is shown of a message: its kind, its direction, no secret, no control character."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.traffic.terminal import cells, clipped, printable, sighting_line
from simulator.traffic.traffic import KINDS, sighting, watched_filters
from wire import orders, reports, sas
from wire.topics import Topics

RELAY = "e831cdfa8384"
TOPICS = Topics()
TO_SMIB = TOPICS.relay(RELAY)
MOMENT = 1_700_000_000_123


def seen(topic: str, message: object) -> tuple[str, str, str]:
    one = sighting(topic, json.dumps(message).encode(), MOMENT)
    return one.mark, one.kind, one.summary


ORDERS = [
    (orders.ConfigRequest("mqtt"), "request", "mqtt"),
    (orders.ConfigUpdate("net", {"netStaSSID": "New WiFi"}), "update", 'net netStaSSID="New WiFi"'),
    (orders.BulkUpdate({"coms": {"comsMode": 2}}), "bulk", "coms comsMode=2"),
    (orders.Command("LOCK MACHINE", None), "command", "LOCK MACHINE"),
    (orders.Probe("2024-01-15T10:30:00.000Z", "api-test"), "probe", "test from api-test"),
    (orders.Restart(), "restart", "rst"),
    (orders.LongPoll(sas.MeterPoll(("0000", "0C00")).encode()), "poll", "meters coin in, current credits"),
    (orders.LongPoll("01"), "poll", "SAS frame 01"),
    (orders.MeterReset(), "reset", "met_reset"),
    (orders.FirmwareOrder("wifi.bin"), "firmware", "wifi.bin"),
    (orders.NvsClear(sas.nvs_frame(2)), "nvs", "clear meters"),
]


@pytest.mark.parametrize(("order", "kind", "summary"), ORDERS)
def test_orders_are_shown_on_their_way_to_the_smib(order: orders.Order, kind: str, summary: str) -> None:
    assert seen(TO_SMIB, order.fields()) == (">", kind, summary)


def test_a_meter_push_is_an_order_on_the_topic_of_all() -> None:
    one = sighting(TOPICS.meter_push, orders.encode(orders.MeterPush(RELAY)), MOMENT)
    assert (one.mark, one.kind, one.relay_id) == (">", "push", RELAY)


REPORTS = [
    (reports.ConfigAnswer(RELAY, "coms", {"comsMode": 0}), "answer", "coms comsMode=0"),
    (
        reports.ConfigAnswer(RELAY, "coms", {"comsMode": 0}, "comsMode: 9"),
        "answer",
        "coms refused: comsMode: 9; in force: comsMode=0",
    ),
    (reports.Event("MACHINE_LOCKED", RELAY, "00"), "event", "MACHINE_LOCKED"),
    (reports.SasException(RELAY, "00", "7E"), "exp", "7E game started"),
    (
        reports.MachineAnswer(RELAY, "00", sas.MeterAnswer((("0000", 1234),)).encode()),
        "rsp",
        "coin in 1234",
    ),
    (reports.MachineAnswer(RELAY, "00", "-1"), "rsp", "refused"),
    (reports.NvsAnswer(RELAY, "162", sas.nvs_result(True)), "srsp", "done"),
    (reports.OtherReport(RELAY, {"rly": RELAY, "typ": "new"}), "other", f"rly={RELAY} typ=new"),
]


@pytest.mark.parametrize("topic", [TOPICS.config, TOPICS.server(RELAY), TOPICS.shared_server, "sas/server"])
@pytest.mark.parametrize(("report", "kind", "summary"), REPORTS)
def test_reports_are_shown_on_their_way_from_the_smib(
    topic: str, report: reports.Report, kind: str, summary: str
) -> None:
    assert seen(topic, report.fields()) == ("<", kind, summary)


def test_every_kind_is_shown_by_one_of_these_messages() -> None:
    shown = {kind for _, kind, _ in ORDERS} | {kind for _, kind, _ in REPORTS}
    assert shown | {"push", "malformed"} == set(KINDS)


def test_both_directions_are_subscribed() -> None:
    assert {"sas/relay/+", "sas/gli/server", "smib/config", "sas/gli/server/+"} <= set(
        watched_filters(TOPICS)
    )


SECRETS = [
    {"typ": "cfg", "comp": "net", "netStaSSID": "A", "netStaPwd": "swordfish"},
    {"typ": "cfg", "comp": "mqtt", "mqttURI": "mqtt://u:swordfish@host:1883"},
    {"typ": "cfg", "comp": "mqtt", "mqttPassword": "swordfish", "deep": [{"Password": "swordfish"}]},
    {"smibConfig": {"net": {"netStaPwd": "swordfish"}}, "action": "update_config"},
    {"smibConfig": {"netStaPwd": {"swordfish": 1}}, "action": "update_config"},
]


@pytest.mark.parametrize("message", SECRETS)
def test_a_secret_is_shown_to_nobody(message: dict[str, object]) -> None:
    payload = json.dumps(message).encode()
    for topic in (TO_SMIB, TOPICS.server(RELAY)):
        one = sighting(topic, payload, MOMENT)
        assert "swordfish" not in f"{one.summary} {one.fields}"
        assert "***" in one.summary


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        (TO_SMIB, b"\xff\xfe", "2 bytes, not-utf8"),
        (TO_SMIB, b"", "0 bytes, empty"),
        (TOPICS.config, b"[1]", "3 bytes, not-object"),
        (TOPICS.config, b"{}", "2 bytes, no-rly"),
        (TOPICS.server("other"), b'{"rly":"a/b"}', "bad-rly"),
        (TOPICS.config, b"[" * 10_000, "too-deep"),
        (TOPICS.config, b" " * 1_000_000, "1000000 bytes, too-large"),
        (TO_SMIB, b'{"typ":"zzz"}', "not-a-message"),
    ],
)
def test_the_malformed_is_described_and_not_shown(topic: str, payload: bytes, why: str) -> None:
    one = sighting(topic, payload, MOMENT)
    assert (one.mark, one.kind, one.fields) == ("!", "malformed", None)
    assert why in one.summary


TOPIC_TEXT = st.one_of(
    st.text(min_size=1, max_size=40),
    st.builds("sas/relay/{}".format, st.text(max_size=20)),
    st.sampled_from([*TOPICS.report_filters, TO_SMIB, TOPICS.meter_push, TOPICS.server(RELAY)]),
)
JSON_VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.sampled_from(["typ", "rly", "comp", "command", "action", "pyd", "siz", "sta", "bin", "smibConfig"])
TYPES = st.sampled_from(["cfg", "cmd", "exp", "rsp", "srsp", "sun", "rst", "ota_ud", "GAME_PLAYED", RELAY])
OBJECTS = st.dictionaries(st.one_of(WORDS, st.text(max_size=8)), st.one_of(TYPES, JSON_VALUE), max_size=6)


@given(
    topic=TOPIC_TEXT, payload=st.one_of(st.binary(max_size=80), OBJECTS.map(lambda o: json.dumps(o).encode()))
)
def test_whatever_arrives_gives_one_line_without_control_characters(topic: str, payload: bytes) -> None:
    one = sighting(topic, payload, MOMENT)
    for width in (20, 80, None):
        line = sighting_line(one, width=width)
        assert line.isprintable()
        if width == 80:
            assert cells(line) <= 80


def test_escape_sequences_and_direction_marks_are_spelled_out() -> None:
    assert printable("a\x1b]0;x\x07\u202eb\x9bé") == r"a\x1b]0;x\x07\u202eb\x9bé"


def test_a_wide_character_counts_as_two_columns() -> None:
    assert clipped("日本語テスト", 7) == "日本語…"
    assert clipped("abc", 3) == "abc"
    assert clipped("abcd", 3) == "ab…"
    assert clipped("abcd", 0) == ""


def test_a_line_tells_time_mark_relay_kind_and_summary() -> None:
    one = sighting(TO_SMIB, b'{"typ":"cfg","comp":"net"}', MOMENT, retained=True)
    time, _, rest = sighting_line(one).partition(" ")
    assert time.endswith(".123")
    assert rest == f"> {RELAY} request   net (retained)"


def test_colour_wraps_the_same_line() -> None:
    one = sighting(TO_SMIB, b'{"typ":"cfg","comp":"net"}', MOMENT)
    coloured = sighting_line(one, colour=True)
    for code in ("\x1b[0m", "\x1b[2m", "\x1b[36m"):
        coloured = coloured.replace(code, "")
    assert coloured == sighting_line(one)
