"""Records written by hand, for the tests of rulings, reports and comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from features.harness.catalogue import Catalogue, Requirement
from features.harness.record.check import Breach, Check, Moment, StepTaken
from features.harness.record.footer import Footer
from features.harness.record.header import Between, Header, Judged, Probe
from features.harness.record.known import KnownFailure
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict

RELAY = "e831cdfa8384"


def requirement(name: str, level: str = "must", role: str = "cms") -> Requirement:
    return Requirement(name, level, role, "contract", "5", f"What {name} says.")


CATALOGUE = Catalogue(
    (
        requirement("MUST-1"),
        requirement("MUST-2"),
        requirement("SHOULD-1", "should", "smib"),
        requirement("MAY-1", "may"),
        requirement("GAP-1"),
    ),
    {},
    {"GAP-1": "later"},
)

HEADER = Header(
    (Judged("cms", "Any CMS", "http://127.0.0.1:3000", "2.3"),),
    "pytest features --subject any.yaml",
    ("--subject", "any.yaml"),
    "812",
    {"python": "3.11.2"},
    Between("amqtt", "mqtt://127.0.0.1:1883", (Probe("session takeover", True, "It keeps both sessions."),)),
    "2026-11-23T13:45:00.000Z",
)

TIMELINE = (
    Moment(0.0, "step", "harness", "", "When the operator saves", {"text": "When the operator saves"}),
    Moment(
        0.001,
        "request",
        "operator",
        "cms",
        'POST /api/mqtt/config/request {"relayId": "e831cdfa8384"}',
        {
            "exchange": 1,
            "method": "POST",
            "path": "/api/mqtt/config/request",
            "headers": {"content-type": "application/json"},
            "body": {"relayId": RELAY, "component": "net"},
        },
    ),
    Moment(
        0.004,
        "packet",
        "cms",
        "broker",
        f"PUBLISH q0 sas/relay/{RELAY}",
        {
            "type": "PUBLISH",
            "role": "cms",
            "direction": "to-broker",
            "topic": f"sas/relay/{RELAY}",
            "payload": {"typ": "cfg", "comp": "net"},
        },
    ),
    Moment(
        0.006,
        "packet",
        "broker",
        "cms",
        "PUBLISH q0 smib/config",
        {
            "type": "PUBLISH",
            "role": "cms",
            "direction": "from-broker",
            "topic": "smib/config",
            "qos": 1,
            "payload": {"rly": RELAY, "typ": "cfg", "comp": "net", "netStaPwd": "***"},
        },
    ),
    Moment(0.008, "answer", "cms", "operator", '200 {"success": true}', {"exchange": 1, "status": 200}),
    Moment(0.01, "wait", "harness", "", "waited for a frame: NOT within 2 s", {"met": False, "within": 2.0}),
)


def check(
    name: str,
    verdict: Verdict = Verdict.PASS,
    *requirements: str,
    breaches: Sequence[str] = (),
    steps: Sequence[StepTaken] = (),
    timeline: Sequence[Moment] = (),
    reason: str = "",
) -> Check:
    return Check(
        id=f"features/some/test_some.py::{name}",
        name=name,
        feature="Some feature",
        requirements=requirements or ("MUST-1",),
        role="cms",
        verdict=verdict,
        reason=reason,
        steps=tuple(steps),
        breaches=tuple(Breach(one, "Any CMS", f"{one} is broken", TIMELINE[1:3]) for one in breaches),
        timeline=tuple(timeline),
        seconds=0.25,
        reproduce=(f"pytest 'features/some/test_some.py::{name}'",),
    )


def footer(checks: int, *trouble: str) -> Footer:
    return Footer(checks, 0, {}, trouble, 12.5)


def run(*checks: Check, header: Header = HEADER, trouble: Sequence[str] = ()) -> Run:
    return Run(header, checks, footer(len(checks), *trouble))


def known(requirement: str = "", scenario: str = "") -> KnownFailure:
    return KnownFailure(requirement, scenario, "their ticket 812", "2026-11-02")
