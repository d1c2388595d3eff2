"""Boards that misbehave (design, rule 3)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.effects import Disconnect, Effect, Publish, Save
from simulator.device.memory import Factory, Memory
from simulator.device.transitions import State
from simulator.errors import FaultSpecError
from simulator.faults import (
    KINDS,
    SOUND,
    AnyFault,
    Arrival,
    Fault,
    Faults,
    Line,
    Patient,
    RebootLoop,
    Reorder,
    Silent,
    Slow,
    Storm,
    corrupt,
    drop,
    duplicate,
    fault_from,
    fault_problems,
)
from simulator.faults.line import together
from simulator.tests.device.bench import RELAY, Bench
from wire.address import parse_address
from wire.commands import LOCK
from wire.jsontext import parse_object, to_bytes
from wire.orders import Command, ConfigRequest, ConfigUpdate
from wire.timestamps import format_timestamp

SAID: list[Effect] = [
    Save(Memory(Factory())),
    Publish("smib/config", b'{"typ":"cfg"}', 0, "cfg"),
    Publish("sas/gli/server/x", b'{"typ":"NETWORK_CONNECTED"}', 0, "NETWORK_CONNECTED"),
    Publish("sas/gli/server/x", b'{"typ":"MACHINE_LOCKED"}', 0, "MACHINE_LOCKED"),
    Disconnect(True, "restart"),
]
HEARD = [Arrival("sas/relay/x", b"one"), Arrival("sas/relay/x", b"two")]
EVERY: list[dict[str, Any]] = [
    {"kind": "silent"},
    {"kind": "slow", "ms": 500},
    {"kind": "drop", "probability": 0.5},
    {"kind": "duplicate", "probability": 0.5, "direction": "both"},
    {"kind": "corrupt", "probability": 0.5, "direction": "both"},
    {"kind": "reorder", "probability": 0.5, "direction": "both"},
    {"kind": "wrong-rly"},
    {"kind": "stale"},
    {"kind": "partial", "probability": 0.5},
    {"kind": "clock-skew", "ms": -45_000},
]
OTHERS: list[dict[str, Any]] = [
    {"kind": "reboot-loop", "every_ms": 1_000},
    {"kind": "storm", "per_s": 500, "event": "HARDWARE_ERROR"},
    {"kind": "flapping", "up_ms": 500, "down_ms": 100},
    {"kind": "half-open", "after_ms": 5},
    {"kind": "client-id-clash"},
    {"kind": "bad-credentials", "share": 0.5},
]


def kinds(effects: list[Effect]) -> list[str]:
    return [effect.kind if isinstance(effect, Publish) else type(effect).__name__ for effect in effects]


def patient(seed: int = 1) -> Patient:
    return Patient(RELAY, Memory(Factory()), Random(seed))


def any_made(**spec: Any) -> AnyFault:
    return fault_from(spec, patient())


def made(**spec: Any) -> Fault:
    fault = any_made(**spec)
    assert isinstance(fault, Fault)
    return fault


def said_through(fault: Fault, effects: list[Effect]) -> list[dict[str, Any]]:
    """What the CMS hears where a board with this fault wants `effects` done."""
    return [parse_object(e.payload) for e in fault.outbound(effects) if isinstance(e, Publish)]


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
    fault = made(**spec)
    assert fault.outbound(said) is not said
    assert fault.inbound(heard) is not heard
    assert (said, heard) == (SAID, HEARD)


def test_what_is_overtaken_goes_right_behind_the_next_and_before_a_departure() -> None:
    late = Reorder(1.0, Random(1), "both")
    assert kinds(late.outbound(SAID)) == ["Save", "NETWORK_CONNECTED", "cfg", "MACHINE_LOCKED", "Disconnect"]
    assert [a.payload for a in late.inbound(HEARD)] == [b"two", b"one"]
    assert kinds(late.outbound(SAID[1:2])) == []
    assert kinds(late.outbound(SAID[2:3])) == ["NETWORK_CONNECTED", "cfg"]
    assert kinds(late.outbound([*SAID[1:2], Disconnect(False, "power")])) == ["Disconnect"]


def test_a_wrong_rly_is_a_neighbour_s_or_the_given_one() -> None:
    said = said_through(made(kind="wrong-rly"), [Publish("t", to_bytes({"rly": RELAY, "a": 1}), 0, "cfg")])
    assert said == [{"rly": "e831cdfa8385", "a": 1}]
    given = made(kind="wrong-rly", rly="e831cdffffff")
    assert said_through(given, [Publish("t", b'{"typ":"cfg"}', 0, "cfg")]) == [{"typ": "cfg"}]
    garbled: list[Effect] = [Publish("t", b"\xff", 0, "cfg")]
    assert given.outbound(garbled) == garbled


class TestAnswers:
    def bench(self) -> Bench:
        return Bench().started()

    def told(self, bench: Bench, fault: Fault, order: Any) -> list[dict[str, Any]]:
        bench.forget().tell(order)
        return said_through(fault, list(bench.published))

    def test_a_stale_answer_has_the_values_from_before_the_last_change(self) -> None:
        bench = self.bench()
        stale = fault_from({"kind": "stale"}, Patient(RELAY, bench.device.memory, Random(1)))
        assert isinstance(stale, Fault)
        for order, mode in (
            (ConfigUpdate("coms", {"comsMode": 2}), 0),
            (ConfigRequest("coms"), 0),
            (ConfigUpdate("coms", {"comsMode": 9}), 2),
            (ConfigUpdate("coms", {"comsMode": 1}), 2),
            (ConfigRequest("coms"), 2),
        ):
            told = self.told(bench, stale, order)
            assert [said["comsMode"] for said in told if "comsMode" in said] == [mode]
        assert self.told(bench, stale, ConfigRequest("net"))[0]["netStaSSID"] == "Casino_WiFi"

    def test_a_partial_answer_lacks_the_chosen_fields_or_some(self) -> None:
        bench = self.bench()
        chosen = made(kind="partial", fields=["comsMode", "netMode"])
        (said,) = self.told(bench, chosen, ConfigRequest("coms"))
        assert {"rly", "typ", "comp", "comsAddr", "comsRateMs", "comsRTE", "comsGPC"} == set(said)
        by_chance = made(kind="partial")
        for _ in range(20):
            (said,) = self.told(bench, by_chance, ConfigRequest("coms"))
            assert {"rly", "typ", "comp"} <= set(said)
            assert len(said) < 8
        events = self.told(bench, by_chance, Command(LOCK, None))
        assert [set(said) for said in events] == [{"typ", "rly", "mac", "tkn", "pyd", "ts"}]

    @pytest.mark.parametrize(("skew_ms", "what"), [(45_000, "COMMAND_EXPIRED"), (-45_000, "MACHINE_LOCKED")])
    def test_a_clock_that_is_ahead_makes_commands_old_and_stamps_late(self, skew_ms: int, what: str) -> None:
        bench = self.bench()
        skewed = made(kind="clock-skew", ms=skew_ms)
        payload = to_bytes(
            {"command": LOCK, "timestamp": format_timestamp(bench.now_ms), "action": "lock_machine"}
        )
        (arrival,) = skewed.inbound([Arrival("t", payload)])
        (said,) = self.told(bench, skewed, arrival.payload)
        assert said["typ"] == what
        assert said["ts"] == format_timestamp(bench.now_ms + skew_ms)
        odd = [Arrival("t", b'{"timestamp":5}'), Arrival("t", b"{"), Arrival("t", b'{"timestamp":"soon"}')]
        assert skewed.inbound(odd) == odd


class TestTimed:
    def test_a_reboot_loop_cuts_the_power_and_gives_it_back(self) -> None:
        bench = Bench().started()
        loop = any_made(kind="reboot-loop", every_ms=1_000)
        assert isinstance(loop, RebootLoop)
        assert all(500 <= loop.next_ms() < 1_500 for _ in range(100))
        effects = loop.strike(bench.device, bench.now_ms)
        assert Disconnect(clean=False, reason="power") in effects
        assert bench.device.state is State.BOOTING
        bench.device.power_off(bench.now_ms)
        assert loop.strike(bench.device, bench.now_ms) == []

    @pytest.mark.parametrize(("per_s", "strikes"), [(3, 3), (50, 50), (5_000, 100)])
    def test_a_storm_cries_as_often_as_it_says(self, per_s: int, strikes: int) -> None:
        bench = Bench().started()
        storm = Storm(per_s, "HARDWARE_ERROR")
        cries = [e for _ in range(strikes) for e in storm.strike(bench.device, bench.now_ms)]
        assert len(cries) in (per_s - 1, per_s)
        assert {e.kind for e in cries if isinstance(e, Publish)} == {"HARDWARE_ERROR"}
        bench.device.power_off(bench.now_ms)
        assert storm.strike(bench.device, bench.now_ms) == []


class TestLine:
    def test_several_on_one_line_are_the_worst_of_each(self) -> None:
        lines = [Line(up_ms=5, down_ms=1), Line(up_ms=3, frozen_ms=9), Line(client_id="a", rejected=True)]
        assert together(lines) == Line(3, 1, 9, "a", True)
        assert together([SOUND]) == SOUND

    def test_it_connects_as_another_and_shows_no_real_password(self) -> None:
        bench = Bench({"mqtt": {"mqttURI": "mqtt://floor:sesame-1@broker"}}).started()
        assert bench.wanted is not None
        line = Line(client_id="smib-x", rejected=True)
        asked = line.settings(bench.wanted)
        assert asked.client_id == "smib-x"
        assert asked.address.username == "floor"
        assert asked.address.password != "sesame-1"
        assert SOUND.settings(bench.wanted) is bench.wanted
        assert Line(rejected=True).settings(bench.wanted).address.host == parse_address("broker").host


@pytest.mark.parametrize("spec", [*EVERY, *OTHERS], ids=lambda spec: str(spec["kind"]))
def test_every_kind_can_be_made(spec: dict[str, Any]) -> None:
    assert fault_problems(spec) == ()
    assert any_made(**spec) is not None


def test_no_kind_is_left_out_of_these_tests() -> None:
    assert {str(spec["kind"]) for spec in [*EVERY, *OTHERS]} == set(KINDS)


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
        ({"kind": "silent", "share": 2}, ["share"]),
        ({"kind": "reorder", "probability": 2}, ["probability"]),
        ({"kind": "wrong-rly", "rly": "a/b"}, ["rly"]),
        ({"kind": "wrong-rly", "rly": 831000008384}, ["rly"]),
        ({"kind": "partial", "fields": ["comsmode"]}, ["fields"]),
        ({"kind": "clock-skew", "ms": 10**15}, ["ms"]),
        ({"kind": "reboot-loop"}, ["every_ms"]),
        ({"kind": "storm", "per_s": 0, "event": "RAIN"}, ["per_s", "event"]),
        ({"kind": "flapping", "down_ms": -1}, ["up_ms", "down_ms"]),
        ({"kind": "half-open", "after_ms": None}, ["after_ms"]),
        ({"kind": "client-id-clash", "client_id": "a\nb"}, ["client_id"]),
        ({"kind": "bad-credentials", "password": "x"}, ["password"]),
        ({"kind": "corrupt", "chance": 1, "direction": 0}, ["chance", "probability", "direction"]),
    ],
)
def test_a_wrong_spec_is_refused_with_every_field_that_is_wrong(
    spec: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(FaultSpecError) as refused:
        fault_from(spec, patient())
    assert [problem.field for problem in refused.value.problems] == fields
    assert "wanted" in str(refused.value) or "unknown" in str(refused.value)
