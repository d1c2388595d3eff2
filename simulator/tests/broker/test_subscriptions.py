"""The index of subscriptions (MQTT 3.1.1, 4.7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.broker.subscriptions import Subscriptions, is_valid, matches

LEVEL = st.sampled_from(["", "a", "b", "$SYS"])
TOPIC = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)
FILTER = st.builds(
    lambda levels, tail: "/".join([*levels, *tail]),
    st.lists(LEVEL | st.just("+"), max_size=3),
    st.sampled_from([["#"], ["+"], ["a"], []]),
).filter(bool)


@pytest.mark.parametrize(
    ("topic_filter", "valid"),
    [
        ("sas/relay/e831cdfa8384", True),
        ("sas/gli/server/+", True),
        ("#", True),
        ("/", True),
        ("+/+/#", True),
        ("", False),
        ("sas/#/x", False),
        ("sas/x#", False),
        ("sas/x+", False),
        ("a\0b", False),
        ("$share/group/sas", False),
    ],
)
def test_which_filters_are_served(topic_filter: str, valid: bool) -> None:
    assert is_valid(topic_filter) is valid


@pytest.mark.parametrize(
    ("topic", "topic_filter", "expected"),
    [
        ("sas/relay", "sas/relay/#", True),
        ("sas/relay", "sas/relay/+", False),
        ("sas/relay/", "sas/relay/+", True),
        ("$SYS/x", "#", False),
        ("$SYS/x", "+/x", False),
        ("$SYS/x", "$SYS/#", True),
        ("a/b/c", "a/+/c", True),
        ("a/b/c", "a/+", False),
    ],
)
def test_what_a_filter_matches(topic: str, topic_filter: str, expected: bool) -> None:
    assert matches(topic.split("/"), topic_filter.split("/")) is expected


@given(TOPIC, st.lists(st.tuples(st.sampled_from("xyz"), FILTER, st.integers(0, 2))))
def test_the_index_agrees_with_asking_every_filter(topic: str, given_: list[tuple[str, str, int]]) -> None:
    index = Subscriptions()
    latest: dict[tuple[str, str], int] = {}
    for client, topic_filter, qos in given_:
        index.add(client, topic_filter, qos)
        latest[client, topic_filter] = qos
    expected: dict[str, int] = {}
    for (client, topic_filter), qos in latest.items():
        if matches(topic.split("/"), topic_filter.split("/")):
            expected[client] = max(qos, expected.get(client, 0))
    assert index.matching(topic) == expected
    assert len(index) == len(latest)


@given(st.lists(st.tuples(st.sampled_from("xyz"), FILTER)))
def test_nothing_is_left_of_those_who_leave(subscribed: list[tuple[str, str]]) -> None:
    index = Subscriptions()
    for client, topic_filter in subscribed:
        index.add(client, topic_filter, 0)
    index.remove("x", "never/subscribed")
    for client, topic_filter in subscribed:
        index.remove(client, topic_filter) if client == "x" else index.drop(client)
    assert len(index) == 0
    assert vars(index)["_exact"] == vars(index)["_wild"] == {}
