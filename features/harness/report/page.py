"""``report.html``: one page that stands alone. Nothing in it is fetched, and nothing that a subject said is
taken for HTML: what the server side writes is escaped, the rest is JSON that a script shows as text."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from string import Template
from typing import Any

from features.harness.catalogue import Catalogue
from features.harness.record.check import Check, Moment, StepTaken
from features.harness.record.header import Header
from features.harness.record.ruling import RuledCheck, RuledRequirement, Ruling
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict
from features.harness.report.difference import difference
from features.harness.subject import ROLES

SCRIPTS = ("dom", "mark", "filter", "matrix", "sequence", "scenario", "app")
UNCHECKED = "unchecked"
ATTENTION = 50
"""Checks that the list at the top names."""

REASON = 300


def page(run: Run, ruling: Ruling, catalogue: Catalogue) -> str:
    """The whole page."""
    style = _asset("style.css")
    parts = "\n".join(_asset(f"script/{name}.js") for name in SCRIPTS)
    script = f"(() => {{\n'use strict';\n{parts}\n}})();"
    checks = (_embedded(f"check-{at}", _detail(check)) for at, check in enumerate(ruling.checks))
    return Template(_asset("page.html")).substitute(
        script_hash=_hash(script),
        style_hash=_hash(style),
        title=_text(f"{ruling.word}: {run.subjects}"),
        style=style,
        code=ruling.code,
        word=_text(ruling.word),
        subjects=_text(run.subjects),
        reasons="".join(f"<li>{_text(reason)}</li>" for reason in ruling.reasons),
        facts="".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in _facts(run)),
        attention=_attention(ruling),
        index=_json(_index(ruling, catalogue, _roles(run))),
        checks="\n".join(checks),
        script=script,
    )


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(value: object) -> str:
    """``value`` as text between tags, whatever is in it; half a surrogate pair too."""
    return html.escape(str(value).encode("utf-8", "backslashreplace").decode("utf-8"))


def _json(value: Any) -> str:
    """JSON that can stand in a script element: no character that ends it or begins a comment, no half of a
    surrogate pair."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _embedded(name: str, value: Any) -> str:
    return f'<script type="application/json" id="{name}">{_json(value)}</script>'


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    if run.header is not None:
        yield from _header_facts(run.header)
    if run.footer is not None:
        yield "Duration", f"{run.footer.seconds:.1f} s"


def _header_facts(header: Header) -> Iterator[tuple[str, str]]:
    for one in header.subjects:
        claims = f"; claims {', '.join(one.capabilities)}" if one.capabilities else ""
        yield f"Subject ({one.role})", f"{one.name} {one.version} {one.address}{claims}"
    yield "Started", header.started
    yield "Command", header.command
    if header.seed:
        yield "Seed", header.seed
    if header.broker.name:
        yield "Broker", f"{header.broker.name} {header.broker.address}"
    for probe in header.broker.probes:
        yield ("Broker differs" if probe.differs else "Broker probe"), f"{probe.name}: {probe.sentence}"
    yield "Versions", ", ".join(f"{name} {version}" for name, version in header.versions.items())
    if header.strict:
        yield "Strict", "non-strict counts as failed"
    for entry in header.known:
        yield "Known failure", str(entry)


def _attention(ruling: Ruling) -> str:
    """The checks that decide, as a list that needs no script."""
    bad = [
        (at, check)
        for at, check in enumerate(ruling.checks)
        if check.verdict in (Verdict.FAIL, Verdict.ERROR) and not check.known
    ]
    if not bad:
        return ""
    bad.sort(key=lambda pair: pair[1].verdict is not Verdict.FAIL)
    items = "".join(_attention_item(at, check) for at, check in bad[:ATTENTION])
    rest = f"<li><span></span>and {len(bad) - ATTENTION} more</li>" if len(bad) > ATTENTION else ""
    return f'<h2 id="attention-title">What decides</h2><ul>{items}{rest}</ul>'


def _attention_item(at: int, ruled: RuledCheck) -> str:
    verdict = ruled.verdict
    why = _text(_short(ruled.reason))
    return (
        f'<li><span class="mark v-{verdict}" role="img" aria-label="{verdict}">{verdict.letter}</span>'
        f'<span><a href="#c{at}">{_text(ruled.check.title)}</a> <span class="mono">'
        f'{_text(" ".join(ruled.decisive))}</span></span><span class="why" title="{why}">{why}</span></li>'
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= REASON else f"{line[:REASON]}…"


def _index(ruling: Ruling, catalogue: Catalogue, roles: frozenset[str]) -> dict[str, Any]:
    """What the matrix and the lists need; the rest of a check stands in a part of its own. The duties of
    a side that nobody judged are left out; what comes from one section stands together."""
    concerned = [one for one in ruling.requirements if one.verdicts or _concerns(one, roles)]
    requirements = [_requirement(one, catalogue) for one in concerned]
    places = list(dict.fromkeys(one["source"] for one in requirements))
    requirements.sort(key=lambda one: places.index(one["source"]))
    checks = [_check(one) for one in ruling.checks]
    return {
        "requirements": requirements,
        "checks": checks,
        "counts": {
            "requirements": Counter(one["verdict"] for one in requirements),
            "scenarios": Counter(one["verdict"] for one in checks),
        },
    }


def _roles(run: Run) -> frozenset[str]:
    return frozenset(one.role for one in run.header.subjects) if run.header else frozenset()


def _concerns(ruled: RuledRequirement, roles: frozenset[str]) -> bool:
    role = ruled.requirement.role if ruled.requirement else ""
    return not roles or role not in ROLES or role in roles


def _requirement(ruled: RuledRequirement, catalogue: Catalogue) -> dict[str, Any]:
    one = ruled.requirement
    excuse = catalogue.not_observable.get(ruled.id) or catalogue.gaps.get(ruled.id) or ""
    return {
        "id": ruled.id,
        "verdict": ruled.verdict.value if ruled.verdict else UNCHECKED,
        "known": ruled.known,
        "level": one.level if one else "must",
        "role": one.role if one else "",
        "source": f"{one.document} {one.section}" if one else "in no catalogue",
        "sentence": one.sentence if one else "",
        "readings": one.readings if one else (),
        "excuse": excuse,
        "checks": [(at, outcome.verdict.value, bool(outcome.known)) for at, outcome in ruled.verdicts],
    }


def _check(ruled: RuledCheck) -> dict[str, Any]:
    check = ruled.check
    return {
        "id": check.id,
        "name": check.title,
        "feature": check.feature,
        "verdict": ruled.verdict.value,
        "known": ruled.known,
        "role": check.role,
        "requirements": [outcome.requirement for outcome in ruled.outcomes],
        "reason": _short(ruled.reason),
        "seconds": check.seconds,
    }


def _detail(ruled: RuledCheck) -> dict[str, Any]:
    check: Check = ruled.check
    return {
        "reason": ruled.reason,
        "outcomes": [
            (one.requirement, one.verdict.value, str(one.known) if one.known else "")
            for one in ruled.outcomes
        ],
        "steps": [_step(step) for step in check.steps],
        "breaches": [
            {
                "requirement": one.requirement,
                "subject": one.subject,
                "sentence": one.sentence,
                "moments": [_moment(moment) for moment in one.moments],
            }
            for one in check.breaches
        ],
        "timeline": [_moment(moment) for moment in check.timeline],
        "lost": check.lost,
        "reproduce": check.reproduce,
    }


def _step(step: StepTaken) -> dict[str, Any]:
    return {
        "text": step.text,
        "outcome": step.outcome,
        "seconds": step.seconds,
        "expected": step.expected,
        "seen": step.seen,
        "difference": difference(step.expected, step.seen),
    }


def _moment(moment: Moment) -> list[Any]:
    return [moment.at, moment.kind, moment.source, moment.target, moment.what, moment.facts]
