"""Identities: the same for the same seed, unique, and independent of the other groups."""

from __future__ import annotations

from dataclasses import replace

import yaml

from simulator.fleet.identities import BATCH, Identity, cabinets_yaml, identities
from simulator.fleet.plan import FleetPlan, Group, default_plan
from wire.address import parse_address
from wire.components import COMPONENTS
from wire.relay import canonical_relay_id, is_mac

SLOTS = Group("slots", 40)
POKER = Group("poker", 10, location="High Limit")


def of(*groups: Group, seed: int = 1) -> dict[str, list[Identity]]:
    """The identities by group."""
    found: dict[str, list[Identity]] = {group.name: [] for group in groups}
    for group, identity in identities(FleetPlan(groups, seed=seed)):
        found[group.name].append(identity)
    return found


class TestIdentities:
    def test_the_same_seed_gives_the_same_floor_and_another_seed_another(self) -> None:
        assert of(SLOTS, POKER) == of(SLOTS, POKER)
        assert of(SLOTS)["slots"] != of(SLOTS, seed=2)["slots"]

    def test_another_group_and_another_size_leave_the_others_as_they_are(self) -> None:
        alone = of(SLOTS)["slots"]
        assert of(POKER, SLOTS)["slots"] == alone
        assert of(replace(SLOTS, count=90))["slots"][:40] == alone

    def test_relay_ids_are_macs_and_unique_over_a_big_floor(self) -> None:
        plan = FleetPlan((Group("a", BATCH + 1500), Group("b", 3000), Group("c", 10)))
        found = [identity.relay_id for _, identity in identities(plan)]
        assert len(found) == len(set(found)) == plan.count
        assert all(is_mac(relay) and relay == canonical_relay_id(relay) for relay in found)
        assert all(relay.startswith("e831cd") for relay in found)

    def test_a_generated_id_avoids_the_given_ones(self) -> None:
        taken = of(SLOTS)["slots"][0].relay_id
        both = of(SLOTS, Group("bench", 1, relays=(taken,)))
        assert both["bench"][0].relay_id == taken
        assert taken not in {identity.relay_id for identity in both["slots"]}

    def test_a_cabinet_has_an_id_that_the_contract_allows_and_its_group_s_location(self) -> None:
        found = of(POKER)["poker"]
        assert [identity.cabinet_id for identity in found[:2]] == ["poker-1", "poker-2"]
        assert {identity.location for identity in found} == {"High Limit"}
        assert all(canonical_relay_id(identity.cabinet_id) for identity in found)
        assert len({identity.serial_number for identity in found}) == 10


class TestCabinets:
    def test_the_file_holds_what_the_devices_leave_the_factory_with(self) -> None:
        group = Group("g", 1, config={"net": {"netStaPwd": "floor-wifi-1"}, "app": {"version": "2.0"}})
        text = cabinets_yaml(FleetPlan((group,)), parse_address("mqtt://lab:1884"))
        (cabinet,) = yaml.safe_load(text)["cabinets"]
        assert cabinet["id"] == "g-1"
        assert cabinet["smibVersion"] == {"firmware": "2.0"}
        assert set(cabinet["smibConfig"]) == {"mqtt", "net", "coms", "ota"}
        assert cabinet["smibConfig"]["net"]["netStaPwd"] == "floor-wifi-1"
        assert cabinet["smibConfig"]["mqtt"]["mqttURI"] == "mqtt://lab:1884"
        for name, values in cabinet["smibConfig"].items():
            COMPONENTS[name].check(values)

    def test_a_group_s_own_broker_stays(self) -> None:
        group = Group("g", 1, config={"mqtt": {"mqttURI": "mqtt://elsewhere"}})
        text = cabinets_yaml(FleetPlan((group,)), parse_address("mqtt://lab"))
        assert yaml.safe_load(text)["cabinets"][0]["smibConfig"]["mqtt"]["mqttURI"] == "mqtt://elsewhere"

    def test_relay_ids_of_digits_only_stay_text(self) -> None:
        plan = FleetPlan((Group("g", 2, relays=("831000008384", "000000000010")),))
        cabinets = yaml.safe_load(cabinets_yaml(plan))["cabinets"]
        assert [cabinet["relayId"] for cabinet in cabinets] == ["831000008384", "000000000010"]

    def test_the_default_floor_has_two_locations(self) -> None:
        cabinets = yaml.safe_load(cabinets_yaml(default_plan()))["cabinets"]
        assert len(cabinets) == 25
        assert {cabinet["location"] for cabinet in cabinets} == {"Main Floor", "High Limit"}
