"""Boards that misbehave (design, rule 3)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.effects import Disconnect, Effect, Publish, Save
from simulator.device.memory import Factory, Memory
from simulator.errors import FaultSpecError
from simulator.faults import Arrival, Fault, Faults, Silent, Slow, corrupt, drop, duplicate, fault_from

SAID: list[Effect] = [
    Save(Memory(Factory())),
    Publish("smib/config", b'{"typ":"cfg"}', 0, "cfg"),
    Publish("sas/gli/server/x", b'{"typ":"NETWORK_CONNECTED"}', 0, "NETWORK_CONNECTED"),
    Publish("sas/gli/server/x", b'{"typ":"MACHINE_LOCKED"}', 0, "MACHINE_LOCKED"),
    Disconnect(True, "restart"),
]
HEARD = [Arrival("sas/relay/x", b"one"), Arrival("sas/relay/x", b"two")]
EVERY = [
    {"kind": "silent"},
    {"kind": "slow", "ms": 500},
    {"kind": "drop", "probability": 0.5},
    {"kind": "duplicate", "probability": 0.5, "direction": "both"},
    {"kind": "corrupt", "probability": 0.5, "direction": "both"},
]


def kinds(effects: list[Effect]) -> list[str]:
    return [effect.kind if isinstance(effect, Publish) else type(effect).__name__ for effect in effects]


def made(**spec: Any) -> Fault:
    return fault_from(spec, Random(1))


def test_a_silent_board_hears_and_beats_its_heart_and_answers_nothing() -> None:
    assert kinds(made(kind="silent").outbound(SAID)) == ["Save", "NETWORK_CONNECTED", "Disconnect"]
    assert made(kind="silent").inbound(HEARD) == HEARD


def test_a_board_can_be_silent_about_some_things_only() -> None:
    fault = made(kind="silent", kinds=["cfg", "NETWORK_CONNECTED"])
    assert kinds(fault.outbound(SAID)) == ["Save", "MACHINE_LOCKED", "Disconnect"]


def test_a_slow_board_hears_everything_later() -> None:
    faults = Faults((Slow(500), Slow(20)))
    assert [(a.payload, a.delay_ms) for a in faults.inbound(HEARD)] == [(b"one", 520), (b"two", 520)]
    assert faults.outbound(SAID) == SAID


def test_what_is_dropped_is_published_messages_and_nothing_else() -> None:
    assert kinds(drop(1.0, Random(1)).outbound(SAID)) == ["Save", "Disconnect"]
    assert drop(1.0, Random(1)).inbound(HEARD) == HEARD
    assert drop(1.0, Random(1), "in").inbound(HEARD) == []
    assert drop(1.0, Random(1), "in").outbound(SAID) == SAID


def test_a_duplicate_follows_its_original() -> None:
    assert kinds(duplicate(1.0, Random(1)).outbound(SAID)[1:3]) == ["cfg", "cfg"]
    heard = duplicate(1.0, Random(1), "both").inbound(HEARD)
    assert [arrival.payload for arrival in heard] == [b"one", b"one", b"two", b"two"]


@given(st.binary(min_size=1), st.integers())
def test_a_corrupt_message_differs_in_one_byte(payload: bytes, seed: int) -> None:
    (effect,) = corrupt(1.0, Random(seed)).outbound([Publish("t", payload, 0, "cfg")])
    assert isinstance(effect, Publish)
    assert len(effect.payload) == len(payload)
    assert sum(a != b for a, b in zip(effect.payload, payload, strict=True)) == 1


def test_there_is_nothing_to_corrupt_in_an_empty_message() -> None:
    empty: list[Effect] = [Publish("t", b"", 0, "cfg")]
    assert corrupt(1.0, Random(1)).outbound(empty) == empty


@pytest.mark.parametrize("make", [drop, duplicate, corrupt])
def test_chance_hits_as_often_as_it_says_and_the_same_for_the_same_seed(make: Any) -> None:
    said: list[Effect] = [Publish("t", b"payload", 0, "cfg")] * 2_000
    once, again = (make(0.1, Random(7)).outbound(said) for _ in range(2))
    assert once == again
    hit = 2_000 - sum(effect is said[0] or effect == said[0] for effect in once)
    assert 130 <= abs(hit) <= 270
    assert make(0.0, Random(7)).outbound(said) == said


def test_faults_are_applied_in_their_order() -> None:
    twice_then_silent = Faults((duplicate(1.0, Random(1)), Silent(frozenset({"cfg"}))))
    assert kinds(twice_then_silent.outbound(SAID)).count("MACHINE_LOCKED") == 2
    assert "cfg" not in kinds(twice_then_silent.outbound(SAID))
    assert Faults().outbound(SAID) == SAID


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: str(spec["kind"]))
def test_no_fault_touches_the_list_that_it_was_given(spec: dict[str, Any]) -> None:
    said, heard = list(SAID), list(HEARD)
    fault = fault_from(spec, Random(3))
    assert fault.outbound(said) is not said
    assert fault.inbound(heard) is not heard
    assert (said, heard) == (SAID, HEARD)


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({}, ["kind"]),
        ({"kind": "deaf"}, ["kind"]),
        ({"kind": ["drop"]}, ["kind"]),
        ({"kind": "slow"}, ["ms"]),
        ({"kind": "slow", "ms": -1}, ["ms"]),
        ({"kind": "slow", "ms": 1.5}, ["ms"]),
        ({"kind": "slow", "ms": True}, ["ms"]),
        ({"kind": "slow", "ms": 10**9}, ["ms"]),
        ({"kind": "drop", "probability": 1.01}, ["probability"]),
        ({"kind": "drop", "probability": "0.1"}, ["probability"]),
        ({"kind": "drop", "probability": float("nan")}, ["probability"]),
        ({"kind": "drop", "probability": 1, "direction": "up"}, ["direction"]),
        ({"kind": "drop", "probability": 1, "direction": ["in"]}, ["direction"]),
        ({"kind": "silent", "kinds": "cfg"}, ["kinds"]),
        ({"kind": "silent", "kinds": []}, ["kinds"]),
        ({"kind": "silent", "kinds": ["cgf"]}, ["kinds"]),
        ({"kind": "silent", "ms": 4}, ["ms"]),
        ({"kind": "corrupt", "chance": 1, "direction": 0}, ["chance", "probability", "direction"]),
    ],
)
def test_a_wrong_spec_is_refused_with_every_field_that_is_wrong(
    spec: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(FaultSpecError) as refused:
        fault_from(spec, Random(1))
    assert [problem.field for problem in refused.value.problems] == fields
    assert "wanted" in str(refused.value) or "unknown" in str(refused.value)
