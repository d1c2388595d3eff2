"""The operator at the CMS: requests over HTTP and what comes back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pytest_bdd import given, parsers, then, when

from features.harness.errors import Unexpected
from features.harness.floor import Cabinet
from features.harness.played import has, same
from features.harness.web import Answer, Web
from wire.components import COMPONENTS
from wire.errors import MessageError
from wire.timestamps import parse_timestamp

REQUEST = "/api/mqtt/config/request"
PUBLISH = "/api/mqtt/config/publish"
TEST = "/api/mqtt/test"
CABINETS = "/api/cabinets"
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def smib_config(cabinet_id: str) -> str:
    return f"/api/cabinets/{quote(cabinet_id, safe='')}/smib-config"


def mqtt_config(cabinet_id: str) -> str:
    return f"/api/mqtt/config?cabinetId={quote(cabinet_id, safe='')}"


@when(parsers.parse('the operator asks for the "{component}" settings'), target_fixture="answer")
def _asks(web: Web, cabinet: Cabinet, component: str) -> Answer:
    return web.post(REQUEST, {"relayId": cabinet.relay_id, "component": component})


@when(
    parsers.parse('the operator asks for the "{component}" settings of relay "{relay_id}"'),
    target_fixture="answer",
)
def _asks_relay(web: Web, component: str, relay_id: str) -> Answer:
    return web.post(REQUEST, {"relayId": json.loads(f'"{relay_id}"'), "component": component})


@when(
    parsers.parse('the operator asks for the "{component}" settings and waits {seconds:d} s'),
    target_fixture="answer",
)
def _asks_and_waits(web: Web, cabinet: Cabinet, component: str, seconds: int) -> Answer:
    return web.post(f"{REQUEST}?wait={seconds}", {"relayId": cabinet.relay_id, "component": component})


@when("the operator publishes", target_fixture="answer")
def _publishes(web: Web, cabinet: Cabinet, docstring: str) -> Answer:
    return web.post(PUBLISH, {"relayId": cabinet.relay_id, "config": json.loads(docstring)})


@given("the operator has saved", target_fixture="saved")
@when("the operator saves", target_fixture="answer")
def _saves(web: Web, cabinet: Cabinet, docstring: str) -> Answer:
    return web.post(smib_config(cabinet.id), json.loads(docstring))


@when(parsers.parse('the operator orders "{command}"'), target_fixture="answer")
def _orders(web: Web, cabinet: Cabinet, command: str) -> Answer:
    return web.post(smib_config(cabinet.id), {"machineControl": command})


@when("the operator reads the stored settings", target_fixture="answer")
def _reads(web: Web, cabinet: Cabinet) -> Answer:
    return web.get(smib_config(cabinet.id))


@given("the stored settings are noted", target_fixture="noted")
def _noted(web: Web, cabinet: Cabinet) -> Any:
    return web.get(smib_config(cabinet.id)).field("data")


@when("the operator saves again what was read", target_fixture="answer")
def _saves_again(web: Web, cabinet: Cabinet, answer: Answer) -> Answer:
    return web.post(smib_config(cabinet.id), {"smibConfig": answer.field("data.smibConfig")})


@when("the operator reads the MQTT settings", target_fixture="answer")
def _reads_mqtt(web: Web, cabinet: Cabinet) -> Answer:
    return web.get(mqtt_config(cabinet.id))


@when("the operator tests the broker with", target_fixture="answer")
def _tests(web: Web, cabinet: Cabinet, docstring: str) -> Answer:
    return web.post(TEST, json.loads(docstring.replace("RELAY", cabinet.relay_id)))


@when(parsers.parse('the operator gets "{path}"'), target_fixture="answer")
def _gets(web: Web, path: str) -> Answer:
    return web.get(path)


@when(parsers.parse('the operator sends {method} to "{path}"'), target_fixture="answer")
def _sends(web: Web, method: str, path: str) -> Answer:
    return web.send(method, path)


@when(parsers.parse('the operator saves over revision "{tag}"'), target_fixture="answer")
def _saves_over(web: Web, cabinet: Cabinet, tag: str, docstring: str) -> Answer:
    return web.post(smib_config(cabinet.id), json.loads(docstring), {"If-Match": f'"{tag}"'})


@when("the operator saves over what was read", target_fixture="answer")
def _saves_over_read(web: Web, cabinet: Cabinet, answer: Answer, docstring: str) -> Answer:
    tag = answer.headers.get("etag", "")
    return web.post(smib_config(cabinet.id), json.loads(docstring), {"If-Match": tag})


@then("the operator is told that it succeeded")
def _succeeded(answer: Answer) -> None:
    assert answer.status == 200, str(answer)
    assert answer.field("success") is True


@then(parsers.parse("the request is refused with {status:d}"))
def _refused(answer: Answer, status: int) -> None:
    refuse(answer, status)


@then(parsers.parse('the error names "{word}"'))
def _names(answer: Answer, word: str) -> None:
    assert word in answer.field("error")


@then("the answer holds")
def _holds(answer: Answer, docstring: str, cabinet: Cabinet) -> None:
    wanted = json.loads(docstring.replace("RELAY", cabinet.relay_id))
    assert has(answer.body, wanted), str(answer)


@then(parsers.parse('"{path}" of the answer holds'))
def _path_holds(answer: Answer, path: str, docstring: str, cabinet: Cabinet) -> None:
    wanted = json.loads(docstring.replace("RELAY", cabinet.relay_id))
    assert has(answer.field(path), wanted), str(answer)


@then(parsers.parse("the answer is signed with the time in UTC"))
def _timestamp(answer: Answer) -> None:
    stamp(answer.field("timestamp"))


@then(parsers.parse('no "{text}" stands in the answer'))
def _nowhere(answer: Answer, text: str) -> None:
    if text.encode() in answer.raw:
        raise Unexpected(f"{text!r} in the answer", [str(answer)])


@then("the stored settings are as noted")
def _as_noted(web: Web, cabinet: Cabinet, noted: Any) -> None:
    assert same(web.get(smib_config(cabinet.id)).field("data"), noted)


@then(parsers.parse('"{path}" is stored as'))
def _stored(web: Web, cabinet: Cabinet, path: str, docstring: str) -> None:
    answer = web.get(smib_config(cabinet.id))
    assert has(answer.field(f"data.{path}"), json.loads(docstring)), str(answer)


@then("the answer's data has these fields, each of them text")
def _fields_of_text(answer: Answer, docstring: str) -> None:
    data = answer.field("data")
    assert set(docstring.split()) <= set(data), set(docstring.split()) - set(data)
    assert all(isinstance(value, str) for value in data.values())


@then(parsers.parse('the cabinet is listed, in "{location}" and with its relay id'))
def _listed(answer: Answer, cabinet: Cabinet, location: str) -> None:
    assert has(entry_of(answer, cabinet), {"relayId": cabinet.relay_id, "location": location})


@then("the cabinet is listed as online")
def _online(web: Web, cabinet: Cabinet) -> None:
    assert entry_of(web.get(CABINETS), cabinet)["online"] is True


@then("the other cabinet is not listed as online")
def _offline(web: Web, other_cabinet: Cabinet) -> None:
    assert entry_of(web.get(CABINETS), other_cabinet)["online"] is False


@when("the operator asks for all five components at once")
def _asks_all(web: Web, cabinet: Cabinet) -> None:
    for component in COMPONENTS:
        answer = web.post(REQUEST, {"relayId": cabinet.relay_id, "component": component})
        assert answer.status == 200, str(answer)


def entry_of(answer: Answer, cabinet: Cabinet) -> Mapping[str, Any]:
    """The entry of one cabinet in the list, wherever the answer carries it."""
    data = answer.field("data")
    entries = data if isinstance(data, list) else data["cabinets"]
    found = [entry for entry in entries if entry["id"] == cabinet.id]
    assert len(found) == 1, f"{cabinet.id} is listed {len(found)} times"
    entry: Mapping[str, Any] = found[0]
    return entry


def refuse(answer: Answer, status: int) -> None:
    """The contract's envelope of a failure, and nothing beside it that looks like a success."""
    assert answer.status == status, str(answer)
    assert answer.headers.get("content-type", "").startswith("application/json"), str(answer)
    assert answer.field("success") is False
    error = answer.field("error")
    assert isinstance(error, str)
    assert error.strip()
    stamp(answer.field("timestamp"))


def stamp(text: object) -> None:
    """ISO 8601 in UTC with milliseconds and ``Z`` (contract, section 4)."""
    assert isinstance(text, str), repr(text)
    assert _STAMP.fullmatch(text), f"2025-10-26T10:30:00.000Z was wanted: {text!r}"
    try:
        parse_timestamp(text)
    except MessageError as exc:
        raise Unexpected("a time that never was", [text]) from exc
