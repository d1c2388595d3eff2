"""Whoever looks back: history, audit trail, drift, and what the service says of itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from pytest_bdd import parsers, then, when

from features.harness.floor import Cabinet
from features.harness.played import TOPICS, PlayedSmib, has
from features.harness.waiting import eventually
from features.harness.web import Answer, Web
from features.steps.operator import CABINETS, entry_of, smib_config

IN_STEP = {"yes": True, "no": False, "not known": None}
IMPORT = f"{CABINETS}/import"
SPECIFIED = {
    "/api/cabinets/{cabinetId}/smib-config": {"get", "post"},
    "/api/mqtt/config": {"get"},
    "/api/mqtt/config/request": {"post"},
    "/api/mqtt/config/publish": {"post"},
    "/api/mqtt/config/subscribe": {"get"},
    "/api/mqtt/test": {"post"},
}


@when("the operator reads the cabinet's history", target_fixture="answer")
def _reads_history(web: Web, cabinet: Cabinet) -> Answer:
    return web.get(f"{CABINETS}/{cabinet.id}/history")


@then("its newest entry changed")
def _newest_changed(answer: Answer, datatable: Sequence[Sequence[str]]) -> None:
    assert changes(answer, 0) == rows(datatable)


@then("the entry before it changed")
def _before_changed(answer: Answer, datatable: Sequence[Sequence[str]]) -> None:
    assert changes(answer, 1) == rows(datatable)


@when(parsers.parse("the operator rolls back by {count:d}"), target_fixture="answer")
def _rolls_back(web: Web, cabinet: Cabinet, count: int) -> Answer:
    newest = web.get(f"{CABINETS}/{cabinet.id}/history").field("data")[0]["revision"]
    return web.post(f"{smib_config(cabinet.id)}/rollback", {"revision": newest - count})


@when(parsers.parse("the operator rolls back to revision {revision:d}"), target_fixture="answer")
def _rolls_back_to(web: Web, cabinet: Cabinet, revision: int) -> Answer:
    return web.post(f"{smib_config(cabinet.id)}/rollback", {"revision": revision})


@when("the operator reads the cabinet's audit trail", target_fixture="answer")
def _reads_audit(web: Web, cabinet: Cabinet) -> Answer:
    return web.get(f"/api/audit?cabinet={cabinet.id}")


@then("its newest entry holds")
def _newest_holds(answer: Answer, docstring: str) -> None:
    entries: list[dict[str, Any]] = answer.field("data")
    assert has(entries[0], json.loads(docstring)), str(answer)


@then(parsers.parse("the cabinet is in step: {word}"))
def _in_step(web: Web, cabinet: Cabinet, word: str) -> None:
    eventually(
        lambda: web.quietly(smib_config(cabinet.id)),
        lambda answer: answer.field("data.inStep") is IN_STEP[word],
        f"in step: {word}",
    )


@then(parsers.parse('it differs in "{field}", ordered {ordered:d} and reported {reported:d}'))
def _differs(web: Web, cabinet: Cabinet, field: str, ordered: int, reported: int) -> None:
    (difference,) = web.get(smib_config(cabinet.id)).field("data.differences")
    assert has(difference, {"field": field, "ordered": ordered, "reported": reported}), difference


@when("the operator orders again what was ordered", target_fixture="answer")
def _orders_again(web: Web, cabinet: Cabinet) -> Answer:
    return web.post(f"{smib_config(cabinet.id)}/resync", {})


@when('the SMIB answers its "mqtt" settings with its own topic spelled out')
def _spelled_out(smib: PlayedSmib) -> None:
    smib.answers("mqtt", {"mqttSubTopic": TOPICS.relay(smib.relay_id), "mqttQOS": 0})


@when(
    parsers.parse("the operator looks for the last {count:d} digits of its relay id, in upper case"),
    target_fixture="answer",
)
def _looks_for(web: Web, cabinet: Cabinet, count: int) -> Answer:
    return web.get(f"{CABINETS}?q={cabinet.relay_id[-count:].upper()}")


@then("the cabinet, and nothing that is not like it, is listed")
def _found(answer: Answer, cabinet: Cabinet) -> None:
    assert entry_of(answer, cabinet)["relayId"] == cabinet.relay_id
    part = cabinet.relay_id[-6:]
    assert all(part in json.dumps(entry) for entry in answer.field("data")), str(answer)


@then("it describes every endpoint of the specification")
def _describes(answer: Answer) -> None:
    paths: dict[str, dict[str, Any]] = answer.field("paths")
    for path, methods in SPECIFIED.items():
        assert methods <= set(paths[path]), path


@then("it is a page that loads nothing from another host")
def _page(answer: Answer) -> None:
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    links = Links()
    links.feed(answer.raw.decode())
    assert links.found
    assert not [link for link in links.found if urlsplit(link).netloc], links.found


@when(parsers.parse("somebody imports what is no list of cabinets, of {size:d} KiB"), target_fixture="answer")
def _imports(web: Web, size: int) -> Answer:
    return web.send("POST", IMPORT, json.dumps({"cabinets": "x" * size * 1024}).encode())


class Links(HTMLParser):
    """What a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loads = {"script": "src", "link": "href", "img": "src", "iframe": "src"}.get(tag)
        self.found += [value for name, value in attrs if name == loads and value]


def changes(answer: Answer, index: int) -> set[tuple[str, ...]]:
    """The changed fields of one entry, each with its values as JSON."""
    entry: dict[str, Any] = answer.field("data")[index]
    return {
        (one["component"], one["field"], json.dumps(one["before"]), json.dumps(one["after"]))
        for one in entry["changes"]
    }


def rows(table: Sequence[Sequence[str]]) -> set[tuple[str, ...]]:
    return {tuple(row) for row in table}
