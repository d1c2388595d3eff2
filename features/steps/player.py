"""Players and attendants at a gaming machine, and what the machine tells of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, then, when

from features.harness.arcade import Arcade, new_arcade_pool
from features.harness.errors import Unexpected
from features.harness.floor import Cabinet
from features.harness.marker import reports_before_marker
from features.harness.played import PlayedCms
from features.harness.process import Workshop
from features.harness.subjects import Broker


@pytest.fixture(scope="session")
def arcade(shared_workshop: Workshop, shared_broker: Broker, shared_folder: Path) -> Arcade:
    return Arcade(shared_workshop, shared_broker.address, shared_folder, new_arcade_pool())


@given("a machine that can be played", target_fixture="device")
def _machine(arcade: Arcade) -> Cabinet:
    assert arcade.running.alive
    return arcade.pool.fresh()


@given("the cabinet of a machine that can be played", target_fixture="cabinet")
def _its_cabinet(arcade: Arcade) -> Cabinet:
    return _machine(arcade)


@when(parsers.parse("its SMIB has the fault {fault}"))
def _has_the_fault(arcade: Arcade, cabinet: Cabinet, fault: str) -> None:
    arcade.fault(cabinet.relay_id, json.loads(fault))


@when("its SMIB is put right")
def _is_put_right(arcade: Arcade, cabinet: Cabinet) -> None:
    arcade.put_right(cabinet.relay_id)


@given(parsers.parse("a player has inserted a bill of {denomination:d}"))
def _has_inserted(arcade: Arcade, played_cms: PlayedCms, device: Cabinet, denomination: int) -> None:
    arcade.bill(device.relay_id, denomination)
    settled(played_cms, device)


@when(parsers.parse("a player inserts a bill of {denomination:d}"), target_fixture="since")
def _inserts(arcade: Arcade, played_cms: PlayedCms, device: Cabinet, denomination: int) -> int:
    since = settled(played_cms, device)
    arcade.bill(device.relay_id, denomination)
    return since


@when("a player plays a game and loses", target_fixture="since")
def _loses(arcade: Arcade, played_cms: PlayedCms, device: Cabinet) -> int:
    since = settled(played_cms, device)
    arcade.play(device.relay_id, 0)
    return since


@when(parsers.parse("a player plays a game and wins {credits:d} credits"), target_fixture="since")
def _wins(arcade: Arcade, played_cms: PlayedCms, device: Cabinet, credits: int) -> int:
    since = settled(played_cms, device)
    arcade.play(device.relay_id, credits)
    return since


@when(parsers.parse("a player plays {count:d} games, the last of which wins {credits:d} credits"))
def _plays_many(arcade: Arcade, played_cms: PlayedCms, device: Cabinet, count: int, credits: int) -> None:
    for number in range(count):
        arcade.play(device.relay_id, credits if number == count - 1 else 0)
    settled(played_cms, device)


@when("the player cashes out", target_fixture="since")
def _cashes_out(arcade: Arcade, played_cms: PlayedCms, device: Cabinet) -> int:
    since = settled(played_cms, device)
    arcade.cash_out(device.relay_id)
    return since


@when(parsers.parse('at the machine, "{condition}" begins'), target_fixture="since")
def _begins(arcade: Arcade, played_cms: PlayedCms, device: Cabinet, condition: str) -> int:
    since = settled(played_cms, device)
    arcade.condition(device.relay_id, condition, present=True)
    return since


@when(parsers.parse('at the machine, "{condition}" is put right'), target_fixture="since")
def _ends(arcade: Arcade, played_cms: PlayedCms, device: Cabinet, condition: str) -> int:
    since = settled(played_cms, device)
    arcade.condition(device.relay_id, condition, present=False)
    return since


@when(parsers.parse('while it is off, "{condition}" begins'))
def _begins_unheard(arcade: Arcade, device: Cabinet, condition: str) -> None:
    arcade.condition(device.relay_id, condition, present=True)


@when("the power of the machine is cut")
def _cut(arcade: Arcade, device: Cabinet) -> None:
    arcade.power(device.relay_id, on=False)


@when("the power of the machine comes back", target_fixture="since")
def _restored(arcade: Arcade, played_cms: PlayedCms, device: Cabinet) -> int:
    since = len(played_cms.peer.inbox)
    arcade.power(device.relay_id, on=True)
    return since


@then("the device tells, one after the other")
def _tells(played_cms: PlayedCms, device: Cabinet, datatable: Sequence[Sequence[str]], since: int) -> None:
    came = reports_before_marker(played_cms, device.relay_id, since)
    told = [(str(one.fields["typ"]), str(one.fields["pyd"])) for one in came if one.fields["typ"] != "cfg"]
    assert told == [(typ, code) for typ, code in datatable], [str(one) for one in came]


@then(parsers.parse('the device tells "{typ}" with "{code}"'))
def _tells_one(played_cms: PlayedCms, device: Cabinet, typ: str, code: str, since: int) -> None:
    wanted = {"typ": typ, "pyd": code}
    played_cms.report(device.relay_id, f"{typ} with {code}", wanted, since=since)


@then("the device tells nothing of it")
def _tells_nothing(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    if came := reports_before_marker(played_cms, device.relay_id, since):
        raise Unexpected("a report", [str(one) for one in came])


@then("all that it told is in the form of the contract")
def _form(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    names = {"typ", "rly", "mac", "tkn", "pyd"}
    told = [one for one in played_cms.peer.inbox.since(since) if one.fields.get("rly") == device.relay_id]
    events = [one for one in told if one.fields["typ"] not in ("cfg", "rsp")]
    assert events, "nothing was told"
    for one in events:
        assert names <= set(one.fields) <= names | {"ts"}, str(one)
        assert all(isinstance(value, str) for value in one.fields.values()), str(one)


def settled(played_cms: PlayedCms, device: Cabinet) -> int:
    """The position in the inbox behind everything that the device has said so far."""
    reports_before_marker(played_cms, device.relay_id, len(played_cms.peer.inbox))
    return len(played_cms.peer.inbox)
