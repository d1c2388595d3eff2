"""Cabinets as YAML, JSON and CSV: what is written can be read again, and computes nothing anywhere."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.cabinet import Cabinet
from cms.cabinets_csv import FORMULA, csv_text, plain_cell, safe_cell
from cms.cabinets_text import MEDIA, form_of, read, written
from cms.errors import CabinetsError

SECRET = "=casino-4711"
CABINETS = [
    Cabinet(
        "cab-1",
        "012345678901",
        name='=HYPERLINK("http://x")',
        location="+Main; Floor, 1",
        asset_number="-1",
        serial_number="@SN 'x'",
        game='\U0001f3b0 Lucky "Lion"',
        smib_config={
            "net": {"netStaSSID": "1234", "netStaPwd": SECRET, "netStaChan": 6},
            "mqtt": {"mqttURI": f"mqtt://u:{SECRET}@h:1883"},
            "app": {"version": "1.0"},
        },
        smib_version={"firmware": "1.10", "board.rev": "7"},
    ),
    Cabinet("cab-2", "true"),
]


@pytest.mark.parametrize("form", MEDIA)
class TestEveryFormat:
    def test_what_is_written_with_passwords_reads_the_same(self, form: str) -> None:
        assert read(written(CABINETS, form, secrets=True), form, "x") == CABINETS

    def test_without_them_they_are_masked_and_not_taken_for_passwords(self, form: str) -> None:
        text = written(CABINETS, form)
        assert "casino" not in text
        first, _ = read(text, form, "x")
        assert first.smib_config == {
            "net": {"netStaSSID": "1234", "netStaChan": 6},
            "app": {"version": "1.0"},
        }

    def test_every_fault_is_told_at_once(self, form: str) -> None:
        wrong = [Cabinet("a/b", "r1"), Cabinet("cab-2", "r1", smib_config={"net": {"netStaChan": 99}})]
        with pytest.raises(CabinetsError) as caught:
            read(written(wrong, form), form, "x")
        told = "\n".join(caught.value.problems)
        assert all(words in told for words in ("[0].id", "[1].relayId", "netStaChan"))

    def test_nothing_is_no_cabinet(self, form: str) -> None:
        assert read(written([], form), form, "x") == []
        with pytest.raises(CabinetsError):
            read("", form, "x")


def test_json_with_escapes_and_tabs_is_read() -> None:
    text = '{\t"cabinets": [\n\t{"id": "cab-1", "relayId": "r1", "name": "\\ud83c\\udfb0\\/"}]}'
    assert read(text, "json", "x")[0].name == "\U0001f3b0/"


def test_a_table_of_a_spreadsheet_in_another_country_is_read() -> None:
    columns = "id;relayId;smibConfig.net.netStaChan;smibConfig.net.netStaPwd"
    text = f"\ufeff{columns}\r\ncab-1;r1;6;00012345\r\n;;;\r\n"
    (cabinet,) = read(text, "csv", "x")
    assert cabinet.smib_config == {"net": {"netStaChan": 6, "netStaPwd": "00012345"}}


def test_a_fault_in_a_table_has_its_line() -> None:
    with pytest.raises(CabinetsError) as caught:
        read('id,relayId,name\ncab-1,r1,"two\nlines"\ncab-1,r2,x\n', "csv", "floor.csv")
    assert caught.value.problems[0].startswith("floor.csv:2: cabinets[0].name: ")
    assert caught.value.problems[1].startswith("floor.csv:4: cabinets[1].id: ")


def test_a_table_whose_columns_contradict_each_other_is_refused() -> None:
    with pytest.raises(CabinetsError):
        read("id,relayId,smibConfig,smibConfig.net.netStaChan\ncab-1,r1,x,6\n", "csv", "x")


@given(st.text())
def test_no_cell_is_a_formula_and_each_can_be_read_back(text: str) -> None:
    cell = safe_cell(text)
    assert not cell.startswith(FORMULA)
    assert plain_cell(cell) == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1))
def test_a_table_holds_what_was_put_into_it(cells: list[str]) -> None:
    table = csv_text(["column"], [{"column": cell} for cell in cells])
    rows = list(csv.reader(io.StringIO(table, newline="")))[1:]
    assert [plain_cell(row[0]) if row else "" for row in rows] == cells


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("a.yaml", "yaml"),
        ("a.yml", "yaml"),
        ("A.JSON", "json"),
        ("a.csv", "csv"),
        ("a.txt", None),
        ("-", None),
    ],
)
def test_the_name_of_a_file_tells_its_format(file: str, form: str | None) -> None:
    assert form_of(file) == form
