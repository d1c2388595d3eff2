"""The fleet file: what it may say, and that everything wrong with it is told at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.conditions import CONDITIONS
from simulator.durations import PATTERN, WANTED, milliseconds
from simulator.errors import FleetFileError, FleetPlanError
from simulator.fleet.act import Act
from simulator.fleet.plan import MAX_DEVICES, FleetPlan, default_plan, shared_out
from simulator.fleet.schedule import Occasion, Power
from simulator.fleet.who import EVERYBODY, Who
from simulator.fleet_file.fleet_file import load_plan, parse_plan
from simulator.link.networks import DEFAULT_NETWORKS, Network

FLEETS = Path(__file__).parents[3] / "fixtures" / "fleets"
HAPPENINGS = "power, fault, door, bill, play, win, cash_out, begin, end"


def problems(text: str) -> list[str]:
    """What is said about a file `f.yaml` with this text."""
    with pytest.raises(FleetFileError) as caught:
        parse_plan("f.yaml", text.encode())
    return str(caught.value).splitlines()


def group(text: str) -> str:
    return f"groups:\n  - name: g\n    count: 1\n{text}"


class TestGoodFiles:
    def test_a_file_says_groups_networks_and_seed(self) -> None:
        plan = parse_plan(
            "f.yaml",
            b"""
seed: 7
networks: [{ssid: Vault_WiFi, password: floor-wifi-2, channel: 11}]
groups:
  - name: vault
    count: 3
    location: Vault
    firmware: {version: 1.10}
    config: {coms: {comsMode: 2}, net: {netStaSSID: 4711}}
    faults: [{kind: slow, ms: 500}, {kind: silent, kinds: [cfg]}]
  - {name: bench, relays: [E831CDFA8384, 831000008384, "Foreign:1"]}
""",
        )
        vault, bench = plan.groups
        assert plan.seed == 7
        assert plan.count == 6
        assert plan.networks == (Network("Vault_WiFi", "floor-wifi-2", 11),)
        assert vault.config == {
            "coms": {"comsMode": 2},
            "net": {"netStaSSID": "4711"},
            "app": {"version": "1.10"},
        }
        assert vault.faults == ({"kind": "slow", "ms": 500}, {"kind": "silent", "kinds": ["cfg"]})
        assert bench.relays == ("e831cdfa8384", "831000008384", "Foreign:1")
        assert bench.count == 3
        assert bench.location == "Main Floor"

    @pytest.mark.parametrize("text", ["", "networks: []\n"])
    def test_without_a_network_the_default_ones_exist(self, text: str) -> None:
        assert parse_plan("f.yaml", (text + group("")).encode()).networks == DEFAULT_NETWORKS

    def test_the_default_floor_is_the_one_of_the_fixtures(self) -> None:
        assert load_plan(str(FLEETS / "floor.yaml")) == load_plan(None) == default_plan()

    @pytest.mark.parametrize("path", sorted(FLEETS.glob("*.yaml")), ids=lambda path: path.stem)
    def test_every_fixture_is_a_fleet(self, path: Path) -> None:
        assert load_plan(str(path)).count >= 1


class TestWrongFiles:
    def test_everything_is_told_at_once_with_file_line_and_field(self) -> None:
        assert problems(
            """seed: x
colour: red
networks:
  - {ssid: A, password: short, channel: 15}
  - {password: abcdefgh}
  - {ssid: B}
  - {ssid: B}
groups:
  - name: a b
    count: 0
  - name: g
    count: 1
    relays: [e831cdfa8384, E831CDFA8384, "a/b", [1]]
  - name: g
    config: {coms: {comsMode: 7, comsRateMs: "200"}, app: {version: 1}, mqtt: {nope: 1}}
    faults: [{kind: boom}, {kind: drop}, {kind: slow, ms: -1, x: 1}, 5]
    firmware: {version: }
  - 7
"""
        ) == [
            "f.yaml:1: seed: a whole number from 0 to 9223372036854775807 was wanted, not 'x'",
            "f.yaml:2: colour: unknown; seed, arrival, networks, groups, schedule can be set",
            "f.yaml:4: networks[0].password: 8 to 63 characters or an empty string was wanted",
            "f.yaml:4: networks[0].channel: a whole number from 1 to 14 was wanted, not 15",
            "f.yaml:5: networks[1].ssid: the name of the network was wanted, not nothing",
            "f.yaml:7: networks[3].ssid: one network of this ssid on channel 1 was wanted; line 6 has one",
            "f.yaml:9: groups[0].name: 1 to 48 characters out of A-Z a-z 0-9 _ . : - were wanted, not 'a b'",
            "f.yaml:10: groups[0].count: a whole number from 1 to 200000 was wanted, not 0",
            "f.yaml:12: groups[1].count: count or relays was wanted, not both",
            "f.yaml:13: groups[1].relays[1]: each only once was wanted; line 13 has 'e831cdfa8384' too",
            "f.yaml:13: groups[1].relays[2]: 1 to 64 characters out of A-Z a-z 0-9 _ . : - were wanted, "
            "not 'a/b'",
            "f.yaml:13: groups[1].relays[3]: a string of 1 to 64 characters out of A-Z a-z 0-9 _ . : - "
            "was wanted",
            "f.yaml:14: groups[2].count: count or relays was wanted, not neither",
            "f.yaml:14: groups[2].name: each only once was wanted; line 11 has 'g' too",
            "f.yaml:15: groups[2].config.app: unknown; mqtt, net, coms, ota can be set",
            "f.yaml:15: groups[2].config.coms.comsMode: a whole number from 0 to 2 was wanted, not 7",
            "f.yaml:15: groups[2].config.coms.comsRateMs: a whole number from 40 to 60000 was wanted, "
            'not "200"',
            "f.yaml:15: groups[2].config.mqtt.nope: unknown; mqttSecure, mqttQOS, mqttURI, mqttSubTopic, "
            "mqttPubTopic, mqttCfgTopic, mqttIdleTimeS, mqttUsername, mqttPassword can be set",
            "f.yaml:16: groups[2].faults[0].kind: one of silent, slow, drop, duplicate, reorder, corrupt, "
            "wrong-rly, stale, partial, clock-skew, reboot-loop, storm, flapping, half-open, "
            "client-id-clash, bad-credentials was wanted, not 'boom'",
            "f.yaml:16: groups[2].faults[1].probability: a number from 0 to 1 was wanted, not nothing",
            "f.yaml:16: groups[2].faults[2].x: unknown, a slow fault has ms, share",
            "f.yaml:16: groups[2].faults[2].ms: a whole number of milliseconds from 0 to 600000 was wanted, "
            "not -1",
            "f.yaml:16: groups[2].faults[3]: a mapping was wanted, not 5",
            "f.yaml:17: groups[2].firmware.version: text of 1 to 64 characters was wanted, not nothing",
            "f.yaml:18: groups[3]: a mapping was wanted, not 7",
        ]

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("", "f.yaml: file: a mapping was wanted, but the file is empty"),
            ("# nothing but a remark\n", "f.yaml: file: a mapping was wanted, but the file is empty"),
            ("- 1\n", "f.yaml:1: file: a mapping was wanted, not a list"),
            ("seed: 1\n", "f.yaml:1: groups: a list of one or more groups was wanted, not nothing"),
            ("groups: []\n", "f.yaml:1: groups: one or more groups were wanted, not an empty list"),
            ("groups: 5\n", "f.yaml:1: groups: a list was wanted, not 5"),
            ("seed: 1\nseed: 2\n", "f.yaml:2: seed: set once was wanted; line 1 sets it too"),
            ("? [1]\n: 2\n", "f.yaml:1: file: a name was wanted as key, not a list"),
            ("groups:\n  - {name: g, relays: []}\n", "one or more relay ids were wanted, not an empty list"),
            ("a: {\n", "f.yaml:2: file: YAML was wanted: "),
            ("a: 1\n---\nb: 2\n", "f.yaml:2: file: YAML was wanted: "),
            ("a: \x07\n", "f.yaml: file: YAML was wanted: "),
            ("a: &x 1\n", "f.yaml:1: file: plain values were wanted, not an anchor or alias"),
            (
                "a: 1\nb: !!python/object:os.system x\n",
                "f.yaml:2: file: plain values were wanted, not the tag",
            ),
            ("a: " + "[" * 500 + "]" * 500, "f.yaml:1: file: at most 16 levels of nesting were wanted"),
            ("#" * (5 * 2**20), "at most 4096 KiB were wanted, not 5242880 bytes"),
        ],
    )
    def test_what_is_no_fleet_file_gets_a_sentence(self, text: str, wanted: str, tmp_path: Path) -> None:
        file = tmp_path / "f.yaml"
        file.write_text(text)
        with pytest.raises(FleetFileError) as caught:
            load_plan(str(file))
        assert wanted in str(caught.value).replace(str(file), "f.yaml")

    def test_bytes_that_are_no_text_are_told_with_their_line(self) -> None:
        with pytest.raises(FleetFileError, match=r"f\.yaml:2: file: text in UTF-8 was wanted"):
            parse_plan("f.yaml", b"seed: 1\n\xff\n")

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(FleetFileError, match=r"nowhere\.yaml: file: No such file or directory"):
            load_plan(str(tmp_path / "nowhere.yaml"))

    @pytest.mark.parametrize(
        "text",
        [
            "networks: [{ssid: A, password: [hunter2hunter2]}]\n",
            "networks: [{ssid: A, password: hunter2}]\n",
            group("    config: {net: {netStaPwd: hunter2}, mqtt: {mqttURI: 'x y://u:hunter2@h'}}\n"),
        ],
    )
    def test_a_wrong_password_is_not_shown(self, text: str) -> None:
        assert "hunter2" not in "\n".join(problems(text))

    def test_a_fleet_has_an_end(self) -> None:
        told = problems(
            "groups:\n" + "".join(f"  - {{name: g{i}, count: {MAX_DEVICES // 2}}}\n" for i in range(3))
        )
        assert told == [
            f"f.yaml:1: groups: at most {MAX_DEVICES} devices were wanted, not {MAX_DEVICES * 3 // 2}"
        ]

    @given(st.binary(max_size=200) | st.text("[]{}:-,&*!? \n\"'ab1~#|>%", max_size=60).map(str.encode))
    def test_any_bytes_give_a_plan_or_a_sentence(self, data: bytes) -> None:
        try:
            plan = parse_plan("f.yaml", data)
        except FleetFileError as exc:
            assert exc.problems
            assert str(exc).startswith("f.yaml")
        else:
            assert isinstance(plan, FleetPlan)


class TestSchedule:
    def test_time_is_read_as_it_is_written(self) -> None:
        """YAML reads 01:30 as 90 and 00:30 as text; and off as false."""
        plan = parse_plan(
            "f.yaml",
            b"""
arrival: 10s
groups: [{name: a, count: 2, location: Annex}, {name: b, count: 1}]
schedule:
  - {at: 00:30, for: 20s, location: Annex, power: off}
  - {at: 01:30, every: 1:00:00, group: b, fault: {kind: storm, per_s: 5}}
  - {at: 500ms, relays: [E831CDFA8384], power: on}
""",
        )
        assert plan.arrival_ms == 10_000
        assert plan.schedule == (
            Occasion(30_000, Who(location="Annex"), Power.OFF, 20_000),
            Occasion(90_000, Who(group="b"), {"kind": "storm", "per_s": 5}, None, 3_600_000),
            Occasion(500, Who(relay_ids=frozenset({"e831cdfa8384"})), Power.ON),
        )

    def test_everything_wrong_is_told(self) -> None:
        text = """groups: [{name: a, count: 2, location: Annex}]
arrival: soon
schedule:
  - {for: 1, every: 5ms, location: Anex, power: maybe}
  - {at: 10, group: b, relays: [a/b], power: off, fault: {kind: drop}}
  - {at: 1m, to: all}
  - {at: 1m, fault: {kind: slow, ms: -1}}
  - never
"""
        time = "a length of time as 500ms, 20s, 5m, 2h, 00:30 (minutes:seconds) or 01:00:00 was wanted"
        assert problems(text) == [
            f"f.yaml:2: arrival: {time}, not 'soon'",
            f"f.yaml:4: schedule[0].for: {time}, not 1",
            f"f.yaml:4: schedule[0].at: {time}, not nothing",
            "f.yaml:4: schedule[0].every: 100ms or more was wanted",
            "f.yaml:4: schedule[0].location: one of this file was wanted (Annex), not 'Anex'",
            "f.yaml:4: schedule[0].power: off or on was wanted, not 'maybe'",
            f"f.yaml:5: schedule[1].at: {time}, not 10",
            "f.yaml:5: schedule[1].relays[0]: 1 to 64 characters out of A-Z a-z 0-9 _ . : - were wanted, "
            "not 'a/b'",
            "f.yaml:5: schedule[1].group: one of this file was wanted (a), not 'b'",
            f"f.yaml:5: schedule[1].power: one of {HAPPENINGS} was wanted, not power and fault",
            f"f.yaml:6: schedule[2].to: unknown; at, for, every, group, location, relays, {HAPPENINGS} "
            "can be set",
            f"f.yaml:6: schedule[2].power: one of {HAPPENINGS} was wanted, not none",
            "f.yaml:7: schedule[3].fault.ms: a whole number of milliseconds from 0 to 600000 was wanted, "
            "not -1",
            "f.yaml:8: schedule[4]: a mapping was wanted, not 'never'",
        ]

    def test_acts_are_read_in_a_schedule_and_in_the_script_of_a_group(self) -> None:
        plan = parse_plan(
            "f.yaml",
            b"""
groups:
  - name: a
    count: 2
    script:
      - {at: 00:10, for: 5s, door: open}
      - {at: 00:12, fault: {kind: silent}}
  - {name: b, count: 1, script: [{at: 1s, every: 2s, play: 5}]}
schedule:
  - {at: 3s, group: a, cash_out: yes}
  - {at: 4s, begin: bill jam}
""",
        )
        assert plan.schedule == (
            Occasion(10_000, Who(group="a"), Act("door", "open"), 5_000),
            Occasion(12_000, Who(group="a"), {"kind": "silent"}),
            Occasion(1_000, Who(group="b"), Act("play", 5), None, 2_000),
            Occasion(3_000, Who(group="a"), Act("cash_out", True)),
            Occasion(4_000, EVERYBODY, Act("begin", "bill jam")),
        )

    def test_every_wrong_act_is_told(self) -> None:
        text = """groups:
  - name: a
    count: 1
    script:
      - {at: 1s, bill: twenty}
      - {at: 1s, play: 0, door: ajar}
      - {at: 1s, door: ajar}
      - {at: 1s, group: a, win: -1}
      - {for: 1s, cash_out: no}
      - {at: 1s, begin: fire}
      - {at: 1s, for: 5s, bill: 20}
      - {at: 1s, fault: {kind: nonsense}}
"""
        told = [line.removeprefix("f.yaml:").replace("groups[0].script", "") for line in problems(text)]
        assert told == [
            "5: [0].bill: a whole number from 1 to 1000 was wanted, not 'twenty'",
            f"6: [1].power: one of {HAPPENINGS} was wanted, not door and play",
            "7: [2].door: one of open, closed was wanted, not 'ajar'",
            f"8: [3].group: unknown; at, for, every, {HAPPENINGS} can be set",
            "8: [3].win: a whole number from 0 to 100000000 was wanted, not -1",
            f"9: [4].at: {WANTED} was wanted, not nothing",
            "9: [4].cash_out: true was wanted, not no",
            f"10: [5].begin: one of {', '.join(CONDITIONS)} was wanted, not 'fire'",
            "11: [6].for: nothing was wanted: bill has no end",
            *[line for line in told if line.startswith("12: [7].fault")],
        ]
        assert told[-1].startswith("12: [7].fault.kind: one of silent")

    @pytest.mark.parametrize(
        ("text", "length"),
        [
            ("500ms", 500),
            ("1.5s", 1_500),
            ("2m", 120_000),
            ("2h", 7_200_000),
            ("00:30", 30_000),
            ("90:00", 5_400_000),
            ("1:02:03", 3_723_000),
            ("", None),
            ("30", None),
            ("-5s", None),
            ("1:60", None),
            ("9999999h", None),
            ("٣s", None),
        ],
    )
    def test_lengths_of_time(self, text: str, length: int | None) -> None:
        assert milliseconds(text) == length
        assert length is None or re.fullmatch(PATTERN, text)


class TestCount:
    def test_groups_share_it_in_proportion(self) -> None:
        assert [group.count for group in default_plan().with_count(100).groups] == [60, 40]
        assert [group.count for group in default_plan().with_count(2).groups] == [1, 1]

    def test_given_relay_ids_stay(self) -> None:
        plan = load_plan(str(FLEETS / "mixed.yaml")).with_count(100)
        assert plan.count == 100
        assert [group.count for group in plan.groups if group.relays] == [1, 1]

    @pytest.mark.parametrize(
        ("fleet", "count", "sentence"),
        [
            ("floor", 300_000, "--count: a whole number from 0 to 200000 was wanted, not 300000."),
            ("one-device", 2, "from 1 to 1 was wanted, because the fleet file gives 1 relay ids, not 2."),
            ("mixed", 1, "from 2 to 200000 was wanted, because the fleet file gives 2 relay ids, not 1."),
        ],
    )
    def test_one_that_can_t_be_is_told(self, fleet: str, count: int, sentence: str) -> None:
        with pytest.raises(FleetPlanError) as caught:
            load_plan(str(FLEETS / f"{fleet}.yaml"), count=count)
        assert sentence in str(caught.value)

    @given(st.integers(0, 500), st.lists(st.integers(1, 90), min_size=1, max_size=6))
    def test_shares_add_up(self, total: int, weights: list[int]) -> None:
        shares = shared_out(total, weights)
        assert sum(shares) == total
        assert all(abs(part - total * w / sum(weights)) < 1 for part, w in zip(shares, weights, strict=True))
