"""What the monitors are told of a scenario, and what is shown of it."""

from __future__ import annotations

import pytest

from features.harness.floor import Floor, new_floor
from features.harness.observation import Observation
from features.harness.tests.scene import COMMAND, EVENT, Scene


@pytest.fixture
def floor() -> Floor:
    return new_floor(2, 1, 1, 0)


@pytest.fixture
def observation(scene: Scene, floor: Floor) -> Observation:
    one = Observation(scene.timeline, floor=floor)
    one.begin()
    return one


def found(observation: Observation) -> list[str]:
    return [one.requirement for one in observation.settle().findings]


def test_an_order_that_nobody_gave_is_found(scene: Scene, floor: Floor, observation: Observation) -> None:
    scene.publishes(COMMAND, floor.played.fresh().relay_id)
    assert found(observation) == ["MSG-5"]


def test_who_was_addressed_in_an_earlier_scenario_may_still_be_sent_to(
    scene: Scene, floor: Floor, observation: Observation
) -> None:
    relay = floor.played.fresh().relay_id
    scene.call("/api/mqtt/config/request", {"relayId": relay, "component": "coms"}, status=503)
    observation.settle()
    observation.begin()
    scene.publishes(COMMAND, relay)
    assert found(observation) == []


def test_a_subject_without_a_tap_is_not_accused_of_what_nobody_saw(
    scene: Scene, floor: Floor, observation: Observation
) -> None:
    relay = floor.played.fresh().relay_id
    scene.call("/api/mqtt/config/request", {"relayId": relay, "component": "coms"})
    observation.untap("cms")
    assert found(observation) == []


def test_what_a_scenario_allowed_itself_ends_with_it(
    scene: Scene, floor: Floor, observation: Observation
) -> None:
    observation.untap("cms")
    observation.begin()
    scene.publishes(COMMAND, floor.played.fresh().relay_id)
    assert found(observation) == ["MSG-5"]


def test_heartbeats_of_devices_that_it_has_not_got_are_not_shown(
    scene: Scene, floor: Floor, observation: Observation
) -> None:
    taken = floor.devices.fresh().relay_id
    other = floor.restless.cabinets[0].relay_id
    for relay in (taken, other):
        scene.publishes({**EVENT, "rly": relay}, role="smib", topic=f"sas/gli/server/{relay}")
    assert len(observation.excerpt.entries) == 2
    assert [entry.to_json()["relay"] for entry in observation.shown.entries] == [taken]
