"""The shift leader: one order to many cabinets, templates, and meters on demand (contract, section 7)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from pytest_bdd import given, parsers, then, when

from features.harness.errors import Unexpected
from features.harness.floor import Cabinet
from features.harness.marker import orders_before_marker
from features.harness.played import TOPICS, PlayedSmib
from features.harness.waiting import eventually
from features.harness.web import Answer, Web
from wire.sas import MeterAnswer, decode_poll

BATCHES = "/api/batches"
ACCEPTED = 202
WAIT_S = 8
IMAGES = "http://images.example/smib/"


def batch_of(answer: Answer) -> str:
    """The id of the batch that an answer tells of."""
    batch_id = answer.field("data.id")
    assert isinstance(batch_id, str), str(answer)
    return batch_id


def meters(cabinet: Cabinet, wait_s: int) -> str:
    return f"/api/cabinets/{cabinet.id}/meters?wait={wait_s}"


@when("the shift leader orders at both cabinets", target_fixture="answer")
def _orders_at_both(web: Web, cabinet: Cabinet, other_cabinet: Cabinet, docstring: str) -> Answer:
    return web.post(BATCHES, {"cabinets": [cabinet.id, other_cabinet.id], **json.loads(docstring)})


@when(parsers.parse('the shift leader orders at the cabinet and at "{stranger}"'), target_fixture="answer")
def _orders_at_stranger(web: Web, cabinet: Cabinet, stranger: str, docstring: str) -> Answer:
    return web.post(BATCHES, {"cabinets": [cabinet.id, stranger], **json.loads(docstring)})


@when("the shift leader orders at those with the cabinet's relay id", target_fixture="answer")
def _orders_by_relay(web: Web, cabinet: Cabinet, docstring: str) -> Answer:
    return web.post(BATCHES, {"selection": {"q": cabinet.relay_id}, **json.loads(docstring)})


@when("the shift leader twice orders at both cabinets, under one key", target_fixture="answers")
def _orders_twice(web: Web, cabinet: Cabinet, other_cabinet: Cabinet, docstring: str) -> list[Answer]:
    body = {"cabinets": [cabinet.id, other_cabinet.id], **json.loads(docstring)}
    key = {"Idempotency-Key": f"twice-{uuid4().hex}"}
    return [web.post(BATCHES, body, key) for _ in range(2)]


@then(parsers.parse("the order is accepted for {count:d} cabinets"))
def _accepted(answer: Answer, count: int) -> None:
    assert answer.status == ACCEPTED, str(answer)
    assert answer.field("data.total") == count


@then("it is one batch")
def _one_batch(answers: Sequence[Answer]) -> None:
    assert [answer.status for answer in answers] == [ACCEPTED, ACCEPTED]
    assert len({batch_of(answer) for answer in answers}) == 1


@then(parsers.parse('both SMIBs receive, and confirm, an update of "{component}" with'))
def _receive_and_confirm(smib: PlayedSmib, other_smib: PlayedSmib, component: str, docstring: str) -> None:
    values = json.loads(docstring)
    for one in (smib, other_smib):
        one.order(f"an update of {component}", {"typ": "cfg", "comp": component, **values})
        one.answers(component, values)


@then(parsers.parse('both SMIBs receive the command "{command}"'))
def _receive_command(smib: PlayedSmib, other_smib: PlayedSmib, command: str) -> None:
    for one in (smib, other_smib):
        one.order(f"the command {command}", {"command": command})


@when(parsers.parse('both SMIBs report the event "{name}"'))
def _both_report(smib: PlayedSmib, other_smib: PlayedSmib, name: str) -> None:
    for one in (smib, other_smib):
        one.event(name)


@when(parsers.parse('the SMIB confirms "{component}", and the other refuses it with "{reason}"'))
def _one_refuses(
    smib: PlayedSmib, other_smib: PlayedSmib, component: str, reason: str, docstring: str
) -> None:
    values = json.loads(docstring)
    for one in (smib, other_smib):
        one.order(f"an update of {component}", {"typ": "cfg", "comp": component, **values})
    smib.answers(component, values)
    refusal = {"rly": other_smib.relay_id, "typ": "cfg", "comp": component, "err": reason}
    other_smib.reports(TOPICS.config, refusal)


@then(parsers.parse('in the end {count:d} cabinets are "{state}"'))
def _in_the_end(web: Web, answer: Answer, count: int, state: str) -> None:
    batch = f"{BATCHES}/{batch_of(answer)}"
    eventually(
        lambda: web.quietly(batch),
        lambda told: told.field("data.counts")[state] == count,
        f"{count} cabinets {state}",
    )


@then(parsers.parse('"{reason}" is told of the other cabinet'))
def _told(web: Web, answer: Answer, other_cabinet: Cabinet, reason: str) -> None:
    assert reason in _part(web, answer, other_cabinet)["detail"]


@then("the other SMIB has received nothing at all")
def _other_nothing(other_smib: PlayedSmib, web: Web) -> None:
    if came := orders_before_marker(other_smib.peer.inbox, web, other_smib.relay_id):
        raise Unexpected("an order", [str(one) for one in came])


@then(parsers.parse('the SMIB has received "{command}" once'))
def _once(smib: PlayedSmib, web: Web, command: str) -> None:
    smib.order(f"the command {command}", {"command": command})
    came = orders_before_marker(smib.peer.inbox, web, smib.relay_id)
    assert [one.fields.get("command") for one in came] == [command], [str(one) for one in came]


@given("the shift leader has kept a template", target_fixture="template")
def _keeps_template(web: Web, docstring: str) -> str:
    path = f"/api/templates/conform-{uuid4().hex[:12]}"
    body = json.dumps({"smibConfig": json.loads(docstring)}).encode()
    answer = web.send("PUT", path, body)
    assert answer.status == 200, str(answer)
    return path


@when("the shift leader applies it at both cabinets", target_fixture="answer")
def _applies(web: Web, template: str, cabinet: Cabinet, other_cabinet: Cabinet) -> Answer:
    answer = web.post(f"{template}/apply", {"cabinets": [cabinet.id, other_cabinet.id]})
    web.send("DELETE", template)
    return answer


@then(
    parsers.parse(
        'both SMIBs receive an update of "{component}" in which "{field}" is "{prefix}" and their relay id'
    )
)
def _receive_their_own(
    smib: PlayedSmib, other_smib: PlayedSmib, component: str, field: str, prefix: str
) -> None:
    for one in (smib, other_smib):
        own = {"comp": component, field: f"{prefix}{one.relay_id}"}
        one.order(f"an update of {component} of its own", own)


@when("the operator asks for the meters, and the machine has counted", target_fixture="answer")
def _meters(web: Web, cabinet: Cabinet, smib: PlayedSmib, datatable: Sequence[Sequence[str]]) -> Answer:
    counted = {code: int(value) for code, value in datatable}
    with ThreadPoolExecutor(1) as operators:
        asked = operators.submit(web.post, meters(cabinet, WAIT_S), {})
        poll = smib.order("a long poll", {"typ": "cmd"})
        smib.reports(TOPICS.server(smib.relay_id), _machine_answer(smib.relay_id, poll.fields, counted))
        return asked.result()


@when(parsers.parse("the operator asks for the meters, and waits {seconds:d} s"), target_fixture="answer")
def _meters_in_vain(web: Web, cabinet: Cabinet, seconds: int) -> Answer:
    return web.post(meters(cabinet, seconds), {})


@then(parsers.parse('the meter "{name}" is {value:d}'))
def _meter_is(answer: Answer, name: str, value: int) -> None:
    found: list[dict[str, Any]] = answer.field("data.meters")
    assert {one["name"]: one["value"] for one in found}.get(name) == value, str(answer)


def _machine_answer(relay_id: str, poll: Mapping[str, Any], counted: Mapping[str, int]) -> dict[str, Any]:
    """What the machine answers to a long poll 6F (section 4)."""
    asked = decode_poll(poll["pyd"])
    told = MeterAnswer(tuple((code, counted.get(code, 0)) for code in asked.codes), asked.address, asked.game)
    return {"typ": "rsp", "rly": relay_id, "mac": relay_id, "sta": "", "pyd": told.encode()}


@given(
    parsers.parse('the shift leader has entered the firmware "{version}" in the directory'),
    target_fixture="firmware",
)
def _enters(web: Web, version: str) -> str:
    path = f"/api/firmware/{version}"
    answer = web.send("PUT", path, json.dumps({"otaURL": IMAGES, "bin": "wifi.bin"}).encode())
    assert answer.status == 200, str(answer)
    return path


@when("the shift leader installs it at the cabinet", target_fixture="answer")
def _installs(web: Web, firmware: str, cabinet: Cabinet) -> Answer:
    return web.post(f"{firmware}/install", {"cabinets": [cabinet.id]})


@then("the SMIB is told where its images are, and confirms that")
def _told_where(smib: PlayedSmib) -> None:
    smib.order("where its images are", {"comp": "ota", "otaURL": IMAGES})
    smib.answers("ota", {"otaURL": IMAGES})


@then(parsers.parse('the SMIB is told to install "{binary}"'))
def _told_to_install(smib: PlayedSmib, binary: str) -> None:
    order = smib.order("a firmware order", {"typ": "ota_ud"})
    assert order.fields == {"typ": "ota_ud", "bin": binary}


@when(parsers.parse('the SMIB tells "{event}" of "{what}"'))
def _tells(smib: PlayedSmib, event: str, what: str) -> None:
    fields = {"typ": event, "rly": smib.relay_id, "mac": smib.relay_id, "tkn": "", "pyd": what}
    smib.reports(TOPICS.server(smib.relay_id), fields)


@then(parsers.parse('"{reason}" is told of the cabinet'))
def _told_of_it(web: Web, answer: Answer, cabinet: Cabinet, reason: str) -> None:
    assert reason in _part(web, answer, cabinet)["detail"]


def _part(web: Web, answer: Answer, cabinet: Cabinet) -> dict[str, Any]:
    """What a batch tells of one cabinet."""
    parts: list[dict[str, Any]] = web.get(f"{BATCHES}/{batch_of(answer)}").field("data.cabinets")
    (part,) = (one for one in parts if one["cabinetId"] == cabinet.id)
    return part
