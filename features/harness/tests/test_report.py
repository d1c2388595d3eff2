"""What is read of a run: whole, alone, and harmless whatever a subject said."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from features.harness.errors import RecordError
from features.harness.record.check import Breach, Check, Moment, StepTaken
from features.harness.record.header import Header, Judged
from features.harness.record.ruling import Ruling, ruled
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict
from features.harness.report.difference import difference
from features.harness.report.junit import junit
from features.harness.report.page import page
from features.harness.report.publication import publish
from features.harness.report.summary import summary
from features.harness.tests.recorded import CATALOGUE, HEADER, TIMELINE, check, known, run

CHROMIUM = shutil.which("chromium")
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<!--<script> ]]> \u2028 \0 \x1b \ud800 {{7*7}} ${x} `rm` | pipe\n# head [a](javascript:x)"
)


def every_verdict() -> Run:
    checks = [check(f"a {verdict.value} one", verdict, reason=verdict.value) for verdict in Verdict]
    return run(*checks, check("a leak", Verdict.PASS, "MUST-2", breaches=["MUST-1"], timeline=TIMELINE))


def hostile() -> Run:
    facts: dict[str, Any] = {HOSTILE: [HOSTILE], "type": HOSTILE, "status": HOSTILE}
    moments = tuple(
        Moment(0.1, kind, HOSTILE, HOSTILE + "2", HOSTILE, facts)
        for kind in ("request", "packet", "step", HOSTILE)
    )
    one = Check(
        HOSTILE, HOSTILE, HOSTILE, (HOSTILE, "MUST-1"), HOSTILE, Verdict.FAIL, HOSTILE,
        (StepTaken(HOSTILE, "failed", 0, 1, HOSTILE, HOSTILE + "x"), StepTaken(HOSTILE, HOSTILE)),
        (Breach(HOSTILE, HOSTILE, HOSTILE, moments),), moments, 3, 1.0, (HOSTILE,),
    )  # fmt: skip
    header = Header((Judged(HOSTILE, HOSTILE, HOSTILE, HOSTILE),), HOSTILE, started=HOSTILE, seed=HOSTILE)
    return run(one, header=header, trouble=[HOSTILE])


def ruling_of(one: Run) -> Ruling:
    return ruled(one, CATALOGUE)


def html_of(one: Run) -> str:
    return page(one, ruling_of(one), CATALOGUE)


class Elements(HTMLParser):
    """Every element with its attributes, every script with its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = [("", {})]
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", {}))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.elements[-1]
        if tag == "script":
            self.scripts.append((attributes, data))
        elif tag == "style":
            self.styles.append(data)


@pytest.mark.parametrize("one", [every_verdict(), hostile()], ids=["ordinary", "hostile"])
def test_the_page_stands_alone_and_nothing_in_it_is_markup_of_a_subject(one: Run) -> None:
    text = html_of(one)
    text.encode("utf-8")
    found = Elements(text)
    names = {name for tag, attributes in found.elements for name in attributes}
    assert not names & {"src", "srcset", "action", "style", "onerror", "onclick"}
    links = {attributes["href"] or "" for _, attributes in found.elements if "href" in attributes}
    assert all(link.startswith("#") for link in links)
    assert not {tag for tag, _ in found.elements} & {"img", "iframe", "link", "object", "form"}
    running = [body for attributes, body in found.scripts if "type" not in attributes]
    assert len(running) == 1
    policy = next(a["content"] for _, a in found.elements if a.get("http-equiv")) or ""
    for kind, body in (("script-src", running[0]), ("style-src", found.styles[0])):
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    blocks = {a["id"]: json.loads(body) for a, body in found.scripts if "type" in a}
    assert set(blocks) == {"index", *(f"check-{at}" for at in range(len(one.checks)))}


def test_the_script_makes_elements_of_text_alone() -> None:
    (script,) = [body for attributes, body in Elements(html_of(every_verdict())).scripts if not attributes]
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
    ):
        assert word not in script
    assert "http" not in script


def index_of(one: Run) -> dict[str, Any]:
    (index,) = [json.loads(body) for a, body in Elements(html_of(one)).scripts if a.get("id") == "index"]
    return dict(index)


def test_the_duties_of_a_side_that_nobody_judged_are_left_out() -> None:
    smib = dataclasses.replace(HEADER, subjects=(Judged("smib", "A SMIB"),))
    shown = index_of(run(check("a", Verdict.PASS, "MUST-1"), header=smib))
    assert [row["id"] for row in shown["requirements"]] == ["MUST-1", "SHOULD-1"], "MUST-1 was checked"


def test_the_matrix_has_every_requirement_and_what_each_check_says() -> None:
    both = dataclasses.replace(HEADER, subjects=(*HEADER.subjects, Judged("smib", "A SMIB")))
    index = index_of(dataclasses.replace(every_verdict(), header=both))
    rows = {row["id"]: row for row in index["requirements"]}
    assert set(rows) == set(CATALOGUE.ids)
    assert [verdict for _, verdict, _ in rows["MUST-1"]["checks"]] == [v.value for v in Verdict] + ["fail"]
    assert (rows["MUST-1"]["verdict"], rows["MUST-2"]["verdict"]) == ("fail", "pass")
    assert (rows["GAP-1"]["verdict"], rows["GAP-1"]["excuse"]) == ("unchecked", "later")
    assert rows["SHOULD-1"]["level"] == "should"
    assert index["counts"]["scenarios"]["fail"] == 2


def test_what_decides_is_there_without_a_script() -> None:
    text = html_of(every_verdict()).split("<script", maxsplit=1)[0]
    assert "Any CMS" in text
    assert 'href="#c2">a fail one</a>' in text
    assert "MUST-1: MUST-1 is broken" in text
    assert "a pass one" not in text
    assert "session takeover: It keeps both sessions." in text


def test_examples_of_an_outline_are_told_apart() -> None:
    one = run(check("c[net-1]", Verdict.FAIL), dataclasses.replace(check("d[net]"), name="An outline"))
    assert [c.title for c in one.checks] == ["c[net-1] [net-1]", "An outline [net]"]
    assert "An outline [net]" in html_of(one)
    assert b'name="An outline [net]"' in junit(one, ruling_of(one))


def test_six_hundred_checks_are_a_page_of_sensible_size() -> None:
    one = run(*(check(f"c{number}", timeline=TIMELINE * 5) for number in range(600)))
    assert len(html_of(one)) < 6_000_000


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, a package of Debian")
def test_a_browser_shows_hostile_text_as_text(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_of(hostile()), encoding="utf-8")
    argv = [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000"]
    argv += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{file}#c0"]
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=50, check=True)
    title = re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None
    assert title[1].startswith("not judged: &lt;/script&gt;")
    assert "<img" not in done.stdout
    for drawn in ('class="matrix"', 'class="sequence"', 'class="compared"', 'class="d-plus"'):
        assert drawn in done.stdout, "the script has drawn the scenario that the address names"


@pytest.mark.parametrize(
    ("expected", "seen", "lines"),
    [
        ("a\nb\nc", "a\nx\nc", [(" ", "a"), ("-", "b"), ("+", "x"), (" ", "c")]),
        ("a", "", []),
        ("", "a", []),
        ("a\n" * 500, "b\n", []),
    ],
)
def test_difference(expected: str, seen: str, lines: list[tuple[str, str]]) -> None:
    assert difference(expected, seen) == lines


def test_junit_names_requirements_and_counts() -> None:
    one = every_verdict()
    suite = ET.fromstring(junit(one, ruling_of(one)))[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7", "failures": "2", "errors": "1", "skipped": "2",
    }  # fmt: skip
    leak = suite.findall("testcase")[-1]
    pairs = [(p.get("name"), p.get("value")) for p in leak.iter("property")]
    assert pairs[2:] == [("verdict", "fail"), ("requirement", "MUST-2"), ("requirement", "MUST-1")]


def test_junit_of_a_known_failure_and_of_one_that_is_gone() -> None:
    one = run(check("c", Verdict.FAIL), check("d", Verdict.PASS, "MUST-2"), trouble=["it was interrupted"])
    found = ruled(one, CATALOGUE, (known("MUST-1"), known("MUST-2")))
    cases = ET.fromstring(junit(one, found))[0].findall("testcase")
    kinds = [[child.tag for child in case if child.tag != "properties"] for case in cases]
    assert kinds == [["skipped"], [], ["error"], ["failure"]]


def test_junit_of_hostile_text_is_xml() -> None:
    one = hostile()
    suite = ET.fromstring(junit(one, ruling_of(one)))[0]
    assert "\\x00" in (suite[1].get("name") or "")


def test_the_summary_says_what_failed_in_one_line_each() -> None:
    one = every_verdict()
    text = summary(one, ruling_of(one))
    assert text.startswith("## Any CMS: not conformant\n\n- 2 checks failed: MUST-1\n")
    assert "| checks | 1 | 1 | 2 | 1 | 1 | 1 | |" in text
    assert "| MUST-1 | a fail one | fail |" in text
    assert "- 1 × untestable" in text


def test_the_summary_of_hostile_text_is_no_markup() -> None:
    one = hostile()
    text = summary(one, ruling_of(one))
    text.encode("utf-8")
    assert not re.search(r"(?<!\\)<", text)
    (row,) = [line for line in text.splitlines() if line.startswith("| ") and "onerror" in line]
    assert len(re.findall(r"(?<!\\)\|", row)) == 4


def test_the_summary_has_a_limit() -> None:
    one = run(*(check(f"c{number}", Verdict.FAIL, reason="x" * 5000) for number in range(600)))
    text = summary(one, ruling_of(one))
    assert "and 560 more" in text
    assert len(text) < 20_000


def test_it_is_published_whole(tmp_path: Path) -> None:
    one = every_verdict()
    publish(one, ruling_of(one), tmp_path / "new" / "folder")
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "junit.xml", "report.html", "summary.md",
    ]  # fmt: skip


def test_a_folder_that_can_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    one = run(check("c"), header=HEADER)
    with pytest.raises(RecordError, match="the report could not be written"):
        publish(one, ruling_of(one), tmp_path / "file")
