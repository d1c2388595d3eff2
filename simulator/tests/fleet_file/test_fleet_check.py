"""Fleet files that are checked and not run: the command, the schema for editors, and the examples."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from simulator.durations import PATTERN
from simulator.faults import KINDS
from simulator.fleet.fleet import Fleet
from simulator.fleet_file.fleet_file import FLEET_KEYS, GROUP_KEYS, load_plan
from simulator.fleet_file.schema import schema, schema_text
from simulator.link.links import MqttLinks
from simulator.session.session import FAILED
from simulator.tests.floor import DEADLINE_S, embedded
from simulator.tests.program import run
from wire.address import parse_address

FLEETS = Path(__file__).parents[3] / "fixtures" / "fleets"
EXAMPLES = sorted(FLEETS.glob("*.yaml"))
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)

VALIDATOR = jsonschema.Draft202012Validator(schema())


def errors(text: str) -> list[str]:
    """Where the schema finds a file wrong."""
    found = VALIDATOR.iter_errors(yaml.safe_load(text))
    return sorted("/".join(map(str, error.absolute_path)) for error in found)


class TestExamples:
    def test_there_are_a_dozen_from_one_device_to_10_000(self) -> None:
        counts = [load_plan(str(path)).count for path in EXAMPLES]
        assert len(counts) >= 12
        assert (min(counts), max(counts)) == (1, 10_000)

    def test_every_kind_of_fault_is_in_one_of_them(self) -> None:
        used: set[str] = set()
        for path in EXAMPLES:
            plan = load_plan(str(path))
            specs = [spec for group in plan.groups for spec in group.faults]
            specs += [event.what for event in plan.schedule if isinstance(event.what, Mapping)]
            used |= {str(spec["kind"]) for spec in specs}
        assert used == set(KINDS)

    def test_the_readme_says_what_each_is_for(self) -> None:
        readme = (Path(__file__).parents[2] / "README.md").read_text()
        assert [path.stem for path in EXAMPLES if f"| `{path.stem}` |" not in readme] == []

    @each_example
    def test_each_is_right_by_the_schema(self, path: Path) -> None:
        assert errors(path.read_text()) == []
        assert path.read_text().startswith("# yaml-language-server: $schema=fleet.schema.json\n")

    @each_example
    def test_each_runs_at_a_reduced_count(self, path: Path) -> None:
        plan = load_plan(str(path))
        fixed = sum(group.count for group in plan.groups if group.relays)
        elastic = len([group for group in plan.groups if not group.relays])
        plan = replace(plan.with_count(min(plan.count, fixed + 2 * elastic)), arrival_ms=200)

        async def scenario() -> None:
            async with embedded() as broker:
                fleet = Fleet(plan, MqttLinks(), broker=parse_address(broker.uri))
                try:
                    await fleet.start()
                    async with asyncio.timeout(DEADLINE_S):
                        await fleet.settled()
                        await fleet.until(lambda: fleet.online >= len(fleet) / 2)
                    assert len(fleet) == plan.count
                    assert FAILED not in fleet.counts
                finally:
                    await fleet.stop()

        asyncio.run(scenario())


class TestSchema:
    def test_the_file_for_editors_is_what_the_code_says(self) -> None:
        wanted = "write it anew: smib-lab fleet schema > fixtures/fleets/fleet.schema.json"
        assert (FLEETS / "fleet.schema.json").read_text() == schema_text(), wanted

    def test_it_is_a_schema_and_names_every_key_with_what_it_is(self) -> None:
        jsonschema.Draft202012Validator.check_schema(schema())
        assert tuple(schema()["properties"]) == FLEET_KEYS
        assert tuple(schema()["properties"]["groups"]["items"]["properties"]) == GROUP_KEYS
        kinds = schema()["$defs"]["fault"]["oneOf"]
        assert [kind["properties"]["kind"]["const"] for kind in kinds] == list(KINDS)

    @pytest.mark.parametrize(
        ("text", "places"),
        [
            ("groups: [{name: g, count: 1}]", []),
            ("groups: [{name: 1, count: 1, location: 7, firmware: {version: 1.10}}]", []),
            ("groups: [{name: g, relays: [831000008384]}]\nschedule: [{at: 01:30, power: off}]", []),
            ("groups: []", ["groups"]),
            ("seed: -1", ["", "seed"]),
            ("groups: [{name: g, count: 0}]\ncolour: red", ["", "groups/0/count"]),
            ("groups: [{name: g}]", ["groups/0"]),
            ("groups: [{name: g, count: 1, relays: [a]}]", ["groups/0"]),
            ("groups: [{name: g, count: 1, faults: [{kind: drop}]}]", ["groups/0/faults/0"]),
            ("groups: [{name: g, count: 1, faults: [{kind: slow, ms: -1}]}]", ["groups/0/faults/0"]),
            (
                "groups: [{name: g, count: 1, config: {coms: {comsMode: 7}}}]",
                ["groups/0/config/coms/comsMode"],
            ),
            ("groups: [{name: g, count: 1}]\nschedule: [{at: soon, power: off}]", ["schedule/0/at"]),
            ("groups: [{name: g, count: 1}]\nschedule: [{at: 1s}]", ["schedule/0"]),
        ],
    )
    def test_it_finds_what_an_editor_should_mark(self, text: str, places: list[str]) -> None:
        assert errors(text) == places

    def test_every_fault_that_it_accepts_can_be_spelled_in_a_file(self) -> None:
        told = json.loads(schema_text())["$defs"]["fault"]["oneOf"]
        assert all(set(kind["required"]) <= set(kind["properties"]) for kind in told)
        assert PATTERN in schema_text().replace("\\\\", "\\")


class TestCommand:
    def test_files_that_are_right_get_a_line_each(self) -> None:
        ended = run("fleet", "check", *map(str, EXAMPLES))
        assert ended.returncode == 0, ended.stderr
        lines = ended.stdout.splitlines()
        assert len(lines) == len(EXAMPLES)
        told = next(line for line in lines if "power-cut" in line)
        assert told.endswith(": 50 devices, 2 groups, 2 locations, 3 networks, 3 on the schedule")

    def test_what_is_wrong_is_told_of_all_files_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text("groups: [{name: g, count: 0}]\nseed: x\n")
        (tmp_path / "b.yaml").write_text("groups: [{name: g, count: 1}]\nschedule: [{at: 1s}]\n")
        (tmp_path / "c.yaml").write_text("groups: [{name: g, count: 2}]\n")
        ended = run("fleet", "check", *(str(tmp_path / f"{name}.yaml") for name in "abcd"))
        assert ended.returncode == 1
        assert ended.stdout == f"{tmp_path}/c.yaml: 2 devices, 1 group, 1 location, 3 networks\n"
        for problem in (
            "a.yaml:1: groups[0].count",
            "a.yaml:2: seed",
            "b.yaml:2: schedule[0]",
            "d.yaml: f",
        ):
            assert problem in ended.stderr
        assert "Traceback" not in ended.stderr

    @pytest.mark.parametrize("words", [("check",), ("schema", "x"), ("chek", "x"), ()])
    def test_what_it_does_not_know_is_wrong_use(self, words: tuple[str, ...]) -> None:
        ended = run("fleet", *words)
        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr

    def test_it_prints_the_schema(self) -> None:
        told: dict[str, Any] = json.loads(run("fleet", "schema").stdout)
        assert told == schema()
