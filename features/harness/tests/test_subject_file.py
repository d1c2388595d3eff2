"""Subject files: what is read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.harness.errors import SubjectFileError
from features.harness.floor import Cabinet
from features.harness.process import ROOT
from features.harness.subject import filled
from features.harness.subject_file import read_subject

FILES = sorted((ROOT / "fixtures" / "subjects").glob("*.yaml"))
ANY = """\
subject: cms
name: Any CMS
url: "http://127.0.0.1:{port}"
start: "node cms.mjs"
env: {PORT: "{port}", MQTT_URI: "{broker_uri}", CABINETS: "{cabinets}"}
ready: /healthz
headers: {Authorization: "Bearer x"}
cabinets: [{id: cab-1, relayId: E831CDFA8384}, {id: cab-2, relayId: e831cdfa8464}]
capabilities: [core, queue]
timing: {answer_s: 4, heartbeat_s: 5, slack: 1.5}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "subject.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> list[tuple[int, str]]:
    """Line and field of each problem."""
    with pytest.raises(SubjectFileError) as caught:
        read_subject(written(folder, text))
    assert str(folder / "subject.yaml") in str(caught.value)
    assert all(sentence for _, _, sentence in caught.value.problems)
    return [(line, field) for line, field, _ in caught.value.problems]


def test_the_example_of_the_issue_is_read_whole(tmp_path: Path) -> None:
    subject = read_subject(written(tmp_path, ANY))
    assert (subject.role, subject.name, subject.url) == ("cms", "Any CMS", "http://127.0.0.1:{port}")
    assert subject.cabinets == (Cabinet("cab-1", "e831cdfa8384"), Cabinet("cab-2", "e831cdfa8464"))
    assert subject.capabilities == ("core", "queue")
    assert subject.timing.pace == 2.0
    assert subject.folder == str(tmp_path)
    assert subject.asks_for("cabinets")
    assert not subject.asks_for("state")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_files_of_the_project_are_read(path: Path) -> None:
    assert read_subject(path).is_started


def test_smibs_that_run_already_are_named_by_their_relays(tmp_path: Path) -> None:
    subject = read_subject(written(tmp_path, "subject: smib\nname: Real\nrelays: [E831CDFA8384]\n"))
    assert subject.relays == ("e831cdfa8384",)
    assert not subject.is_started


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", (1, "")),
        ("- a\n", (1, "")),
        ("subject: [\n", (2, "")),
        ("subject: cms\nname: A\nurl: http://h\ncolour: red\n", (4, "colour")),
        ("subject: cms\nname: A\nurl: http://h\nname: B\n", (4, "name")),
        ("subject: crm\nname: A\n", (1, "subject")),
        ("name: A\n", (1, "subject")),
        ("subject: cms\nname: A\n", (1, "url")),
        ("subject: cms\nname: 7\nurl: http://h\n", (2, "name")),
        ("subject: cms\nname: A\nurl: ftp://h\n", (3, "url")),
        ("subject: cms\nname: A\nurl: 'http://h:{port}'\n", (3, "url")),
        ("subject: cms\nname: A\nurl: 'http://h:{hafen}'\nstart: x\n", (3, "url")),
        ("subject: cms\nname: A\nurl: http://h\nrelays: [e831cdfa8384]\n", (4, "relays")),
        ("subject: cms\nname: A\nurl: http://h\nready: healthz\n", (4, "ready")),
        ('subject: cms\nname: A\nurl: http://h\nstart: "a \'b"\n', (4, "start")),
        ("subject: cms\nname: A\nurl: http://h\nenv: {A: b}\n", (4, "env")),
        ("subject: cms\nname: A\nurl: http://h\nstart: x\nenv: {A: [b]}\n", (5, "env.A")),
        ("subject: cms\nname: A\nurl: http://h\nstart: x\nenv: {A: '{nothing}'}\n", (5, "env.A")),
        ("subject: cms\nname: A\nurl: http://h\ncabinets: [{id: a}]\n", (4, "cabinets[0].relayId")),
        ("subject: cms\nname: A\nurl: http://h\ncabinets: []\n", (4, "cabinets")),
        ("subject: cms\nname: A\nurl: http://h\ncabinets: {id: a}\n", (4, "cabinets")),
        ("subject: cms\nname: A\nurl: http://h\ncapabilities: [core, magic]\n", (4, "capabilities[1]")),
        ("subject: cms\nname: A\nurl: http://h\ncapabilities: [queue]\n", (4, "capabilities")),
        ("subject: cms\nname: A\nurl: http://h\ntiming: {slack: 0}\n", (4, "timing.slack")),
        ("subject: cms\nname: A\nurl: http://h\ntiming: {slack: .inf}\n", (4, "timing.slack")),
        ("subject: cms\nname: A\nurl: http://h\ntiming: {slow: 2}\n", (4, "timing.slow")),
        ("subject: smib\nname: A\n", (1, "relays")),
        ("subject: smib\nname: A\nrelays: [a/b]\n", (3, "relays[0]")),
        ("subject: smib\nname: A\nrelays: [831000008384]\n", (3, "relays[0]")),
        ("subject: smib\nname: A\nrelays: [a]\nurl: http://h\n", (4, "url")),
    ],
)
def test_what_can_not_be_is_refused_with_line_and_field(
    tmp_path: Path, text: str, wanted: tuple[int, str]
) -> None:
    assert refusal(tmp_path, text) == [wanted]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = "subject: cms\nname: ''\nurl: 7\ncolour: red\ntiming: {slack: fast}\n"
    assert refusal(tmp_path, text) == [(2, "name"), (3, "url"), (4, "colour"), (5, "timing.slack")]


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(SubjectFileError, match="can't be read"):
        read_subject(tmp_path / "nothing.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SubjectFileError, match="no YAML"):
        read_subject(tmp_path / "bytes.yaml")


def test_placeholders_are_filled_in_and_others_left() -> None:
    assert filled("{python} -m x {port} {else}", {"python": "py", "port": "7"}) == "py -m x 7 {else}"
