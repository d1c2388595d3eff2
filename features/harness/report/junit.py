"""The run as JUnit XML: a test case for each check, with requirement ids and verdict as its properties."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from features.harness.record.ruling import RuledCheck, Ruling
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

SKIPPED = (Verdict.NOT_APPLICABLE, Verdict.UNTESTABLE)


def junit(run: Run, ruling: Ruling) -> bytes:
    """A failure that is known, what is not applicable and what is untestable count as skipped; non-strict is
    a success whose property says so. An incomplete run has an error of its own."""
    suite = ET.Element("testsuite", name=_text(run.subjects))
    if run.header is not None:
        suite.set("timestamp", _text(run.header.started.removesuffix("Z")))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("verdict", ruling.word), ("exit_code", str(ruling.code))):
        ET.SubElement(properties, "property", name=name, value=value)
    cases = [_case(check) for check in ruling.checks]
    cases += [_incomplete(sentence) for sentence in run.trouble]
    cases += [_gone(str(entry)) for entry in ruling.gone]
    suite.extend(cases)
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("tests", str(len(cases)))
    suite.set("time", f"{sum(check.check.seconds for check in ruling.checks):.3f}")
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _case(ruled: RuledCheck) -> ET.Element:
    check = ruled.check
    case = ET.Element(
        "testcase", classname=_text(check.feature), name=_text(check.title), time=f"{check.seconds:.3f}"
    )
    properties = ET.SubElement(case, "properties")
    pairs = [("id", check.id), ("role", check.role), ("verdict", ruled.verdict.value)]
    pairs += [("requirement", outcome.requirement) for outcome in ruled.outcomes]
    for name, value in pairs:
        ET.SubElement(properties, "property", name=name, value=_text(value))
    text = _text(ruled.reason)
    if ruled.known:
        why = "; ".join(str(outcome.known) for outcome in ruled.outcomes if outcome.known)
        ET.SubElement(case, "skipped", message=_text(f"known failure: {why}")).text = text
    elif ruled.verdict in SKIPPED:
        ET.SubElement(case, "skipped", message=_text(f"{ruled.verdict}: {_first(text)}"))
    elif ruled.verdict is Verdict.FAIL:
        ET.SubElement(case, "failure", message=_first(text)).text = text
    elif ruled.verdict is Verdict.ERROR:
        ET.SubElement(case, "error", message=_first(text)).text = text
    return case


def _incomplete(sentence: str) -> ET.Element:
    case = ET.Element("testcase", classname="harness", name="the run is complete", time="0")
    ET.SubElement(case, "error", message=_text(sentence))
    return case


def _gone(entry: str) -> ET.Element:
    case = ET.Element("testcase", classname="harness", name="known failures still fail", time="0")
    ET.SubElement(case, "failure", message=_text(f"no longer fails: {entry}"))
    return case


def _first(text: str) -> str:
    return text.partition("\n")[0]


def _text(value: str) -> str:
    """Characters that XML does not know are written as Python writes them."""
    return _NO_XML.sub(lambda match: repr(match[0])[1:-1], value)
