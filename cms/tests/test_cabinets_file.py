"""The cabinets to start with: what a file or a line of them says, and every fault with its place."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.cabinet import Cabinet
from cms.cabinets_file import inline_cabinets, parse_cabinets, read_cabinets
from cms.errors import CabinetsError, SettingError

DEFAULT = Path(__file__).parents[2] / "fixtures" / "cabinets" / "default.yaml"


def parsed(text: str) -> list[Cabinet]:
    return parse_cabinets(textwrap.dedent(text), "floor.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(CabinetsError) as caught:
        parsed(text)
    return list(caught.value.problems)


class TestFile:
    def test_the_default_floor_has_the_relays_of_the_specification(self) -> None:
        cabinets = read_cabinets(str(DEFAULT))
        assert [(c.id, c.relay_id) for c in cabinets] == [
            ("cab-1", "e831cdfa8384"),
            ("cab-2", "e831cdfa8464"),
        ]
        assert all(c.name and c.location and c.asset_number and c.serial_number and c.game for c in cabinets)
        assert cabinets[0].smib_config["net"]["netStaSSID"] == "Casino_WiFi"
        assert cabinets[0].smib_version == {"firmware": "1.0.0"}

    def test_id_and_relay_are_enough(self) -> None:
        text = """
            cabinets:
              - {id: cab-1, relayId: " E831CDFA8384 "}
              - {id: cab-2, smibBoard: Board_7}
        """
        assert parsed(text) == [Cabinet("cab-1", "e831cdfa8384"), Cabinet("cab-2", "Board_7")]

    def test_text_is_taken_as_it_is_written(self) -> None:
        text = """
            cabinets:
              - id: 007
                relayId: 012345678901
                assetNumber: 1_000
                smibVersion: {firmware: 1.10}
                smibConfig: {net: {netStaSSID: 12345678, netStaPwd: 12345678}}
        """
        (cabinet,) = parsed(text)
        assert (cabinet.id, cabinet.relay_id, cabinet.asset_number) == ("007", "012345678901", "1_000")
        assert cabinet.smib_version == {"firmware": "1.10"}
        assert cabinet.smib_config == {"net": {"netStaSSID": "12345678", "netStaPwd": "12345678"}}

    def test_read_only_fields_are_known_and_masked_secrets_are_not(self) -> None:
        text = """
            cabinets:
              - id: cab-1
                relayId: r1
                smibConfig:
                  app: {firmware: smib, version: "1.2.3"}
                  net: {netStaPwd: "***", netStaChan: 3}
        """
        (cabinet,) = parsed(text)
        assert cabinet.smib_config == {
            "app": {"firmware": "smib", "version": "1.2.3"},
            "net": {"netStaChan": 3},
        }

    def test_an_empty_floor_is_one(self) -> None:
        assert parsed("cabinets: []") == []

    def test_tells_every_fault_at_once_with_its_place(self) -> None:
        text = """\
            cabinets:
              - id: a b
                relayId: sas/relay/1
                nmae: x
              - id: cab-2
                relayId: E831CDFA8384
                smibConfig:
                  net: {netStaChan: 99}
                  mqtt: {mqttURI: "mqtt://u:***@h", mqttQOS: "1"}
                  wifi: {}
              - id: cab-2
                smibBoard: e831cdfa8384
                name: [x]
                name: y
              - relayId: r4
                smibBoard: r4
              - just text
            floor: 1
        """
        shape = "1 to 64 characters out of A-Z a-z 0-9 _ . : -"
        config = "cabinets[1].smibConfig"
        keys = (
            "id, relayId, smibBoard, name, location, assetNumber, serialNumber, game, smibVersion, smibConfig"
        )
        assert problems(text) == [
            f"floor.yaml:2: cabinets[0].id: {shape} were wanted",
            f"floor.yaml:3: cabinets[0].relayId: {shape} were wanted, not 'sas/relay/1'",
            f"floor.yaml:4: cabinets[0].nmae: unknown, one of {keys} was wanted",
            f"floor.yaml:8: {config}.net.netStaChan: a whole number from 1 to 14 was wanted, not 99",
            f'floor.yaml:9: {config}.mqtt.mqttQOS: a whole number from 0 to 2 was wanted, not "1"',
            f"floor.yaml:10: {config}.wifi: unknown, one of mqtt, net, coms, ota, app was wanted",
            "floor.yaml:11: cabinets[2].id: cab-2 is given in line 5 already",
            "floor.yaml:12: cabinets[2].smibBoard: e831cdfa8384 is given in line 6 already",
            "floor.yaml:13: cabinets[2].name: text of at most 256 printable characters was wanted",
            "floor.yaml:14: cabinets[2].name: to be given once was wanted, it is given in line 13 too",
            "floor.yaml:15: cabinets[3].id: one id was wanted, not nothing",
            "floor.yaml:15: cabinets[3].relayId: one relayId or smibBoard was wanted, not both",
            "floor.yaml:17: cabinets[4]: a mapping was wanted, not a single value",
            "floor.yaml:18: floor: unknown, one of cabinets was wanted",
        ]

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "floor.yaml:1: file: a mapping was wanted, not an empty file"),
            ("- id: x", "floor.yaml:1: file: a mapping was wanted, not a list"),
            ("{}", "floor.yaml:1: cabinets: a list was wanted, not nothing"),
            ("floor: []", "floor.yaml:1: cabinets: a list was wanted, not nothing"),
            ("cabinets:", "floor.yaml:1: cabinets: a list was wanted, not nothing"),
            ("cabinets: 3", "floor.yaml:1: cabinets: a list was wanted, not a single value"),
            ("cabinets: [{}]", "floor.yaml:1: cabinets[0].id: one id was wanted, not nothing"),
            ("cabinets:\n - {id: [}", "floor.yaml:2: file: YAML was wanted"),
            ("cabinets:\n - \x00", "floor.yaml:1: file: YAML was wanted"),
            ("cabinets: " + "[" * 5000 + "]" * 5000, "floor.yaml:1: "),
            ("cabinets: []\n---\ncabinets: []", "floor.yaml:2: file: YAML was wanted"),
        ],
    )
    def test_refuses_what_is_no_cabinets_file(self, text: str, problem: str) -> None:
        assert problems(text)[0].startswith(problem)

    def test_shows_no_password(self) -> None:
        config = "{net: {netStaPwd: short}, mqtt: {mqttPassword: [hush]}}"
        text = f"cabinets: [{{id: c, relayId: r, smibConfig: {config}}}]"
        found = " ".join(problems(text))
        assert "netStaPwd" in found
        assert "mqttPassword" in found
        assert "short" not in found
        assert "hush" not in found

    @given(st.text(max_size=60) | st.text("[]{}:-&*!|>'\"# \nabc1", max_size=60))
    def test_any_text_gives_cabinets_or_an_error(self, text: str) -> None:
        for whole in (text, f"cabinets: {text}", f"cabinets:\n - id: {text}\n   relayId: {text}"):
            try:
                cabinets = parse_cabinets(whole, "x")
            except CabinetsError as error:
                assert error.problems
            else:
                assert all(cabinet.id and cabinet.relay_id for cabinet in cabinets)


class TestSetting:
    def test_reads_cabinets_from_the_line_itself(self) -> None:
        assert read_cabinets("cab-1=E831CDFA8384, cab-2 = e831cdfa8464") == [
            Cabinet("cab-1", "e831cdfa8384"),
            Cabinet("cab-2", "e831cdfa8464"),
        ]

    def test_a_file_whose_name_has_an_equals_sign_is_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a=b"
        path.write_text("cabinets: [{id: cab-1, relayId: r1}]")
        assert read_cabinets(str(path)) == [Cabinet("cab-1", "r1")]

    def test_tells_every_fault_of_the_line(self) -> None:
        with pytest.raises(CabinetsError) as caught:
            inline_cabinets("cab-1=r1,cab 2=r/2,cab-1=r1,,cab-5")
        shape = "1 to 64 characters out of A-Z a-z 0-9 _ . : -"
        assert caught.value.problems == (
            f"item 2: id: {shape} were wanted",
            f"item 2: relayId: {shape} were wanted, not 'r/2'",
            "item 3: id: cab-1 is given in item 1 already",
            "item 3: relayId: r1 is given in item 1 already",
            f"item 4: id: {shape} were wanted",
            f"item 4: relayId: {shape} were wanted, not ''",
            f"item 5: relayId: {shape} were wanted, not ''",
        )

    @pytest.mark.parametrize(
        ("content", "reason"), [(None, "No such file or directory"), (b"cabinets: \xff", "UTF-8 was wanted")]
    )
    def test_an_unreadable_file_stops_the_start(
        self, tmp_path: Path, content: bytes | None, reason: str
    ) -> None:
        path = tmp_path / "floor.yaml"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SettingError, match=reason) as caught:
            read_cabinets(str(path))
        assert (caught.value.name, caught.value.shown) == ("CMS_CABINETS", str(path))

    def test_a_folder_stops_the_start(self, tmp_path: Path) -> None:
        with pytest.raises(CabinetsError, match="Is a directory"):
            read_cabinets(str(tmp_path))

    def test_a_name_that_no_file_can_have_stops_the_start(self) -> None:
        with pytest.raises(CabinetsError, match="a YAML file, or"):
            read_cabinets("cabinets\x00.yaml")


def test_an_inline_list_may_be_longer_than_a_file_name() -> None:
    setting = ",".join(f"cab-{i}=e831cd{i:06x}" for i in range(500))
    assert len(read_cabinets(setting)) == 500
