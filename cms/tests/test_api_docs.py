"""The documentation is of the code: every endpoint, every status, every field of every component."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cms.api_docs import document
from cms.routes.failures import STATUS
from cms.schemas import PATTERNS, field_schema, schemas
from cms.tests.desk import RELAY, Desk, at_desk
from cms.tests.test_access import with_ids
from wire.components import COMPONENTS
from wire.fields import Field

CABINETS = Path(__file__).parents[2] / "fixtures" / "cabinets" / "default.yaml"
FIELDS = [field for component in COMPONENTS.values() for field in component if not field.read_only]
EDGES: dict[str, tuple[list[str], list[str]]] = {
    "mqttURI": (
        ["mqtt.casino.com", "mqtt://h", "mqtts://u:p@h:8883", "wss://h:443/", "tcp://10.0.0.7:1883"],
        ["", "ftp://h", "mqtt://", "mqtt://h:0", "mqtt://h:1883?x=1", "a b"],
    ),
    "netStaPwd": (["", "x" * 8, "x" * 63, "päßwörter"], ["x" * 7, "x" * 64, "a\nbcdefgh"]),
    "otaURL": (["http://h/", "https://h:8443/a/b", "http://h"], ["", "ftp://h/", "http://", "http://h:0/"]),
    **dict.fromkeys(
        ("mqttSubTopic", "mqttPubTopic", "mqttCfgTopic"),
        (["sas/relay/", "a", "x" * 256], ["", "a/+", "#", "x" * 257, "a\x00"]),
    ),
}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_schema_of_a_field_says_what_the_table_accepts(field: Field) -> None:
    schema = field_schema(field)
    good, bad = _edges(field)
    for value in good:
        assert field.problem(value) is None, value
        assert _fits(schema, value), value
    for value in bad:
        assert field.problem(value) is not None, value
        assert not _fits(schema, value), value


def test_every_text_without_bounds_has_a_pattern() -> None:
    assert set(PATTERNS) == set(EDGES) == {field.name for field in FIELDS if field.bounds is None}


def test_every_endpoint_of_the_api_is_documented() -> None:
    async def act(desk: Desk) -> None:
        paths = (await desk.ask("GET", "/openapi.json")).json()["paths"]
        documented = {(method.upper(), path) for path, methods in paths.items() for method in methods}
        served = {(e.method, e.path) for e in desk.application.endpoints}
        own = {("GET", path) for path in ("/openapi.json", "/docs", "/docs/{asset}", "/", "/page/{asset}")}
        assert documented == served - own
        names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
        assert len(names) == len(set(names))

    at_desk(act)


def test_every_status_that_an_error_has_is_documented_somewhere() -> None:
    async def act(desk: Desk) -> None:
        operations = [e.operation for e in desk.application.endpoints if e.operation is not None]
        documented = {status for operation in operations for status in operation.failures}
        assert documented == set(STATUS.values())

    at_desk(act)


def test_the_examples_are_accepted() -> None:
    async def act(desk: Desk) -> None:
        for endpoint in desk.application.endpoints:
            operation = endpoint.operation
            if operation is not None and operation.tag == "users":
                continue  # the first user ends open access: see test_people
            for example in operation.examples.values() if operation else ():
                path = with_ids(endpoint.path, "cab-1")
                answer = await desk.ask(endpoint.method, path, example)
                assert operation is not None
                assert answer.status_code == operation.status, answer.text

    at_desk(act, CMS_CABINETS=str(CABINETS))


def test_every_answer_has_the_fields_that_its_schema_names() -> None:
    paths = {
        "/api/cabinets": "/api/cabinets",
        "/api/cabinets/{cabinetId}": "/api/cabinets/cab-1",
        "/api/cabinets/{cabinetId}/smib-config": "/api/cabinets/cab-1/smib-config",
        "/api/mqtt/config": "/api/mqtt/config?cabinetId=cab-1",
        "/api/monitoring": "/api/monitoring",
        "/api/analytics": "/api/analytics",
        "/api/cabinets/{cabinetId}/meters": "/api/cabinets/cab-1/meters",
        "/healthz": "/healthz",
        "/readyz": "/readyz",
    }

    async def act(desk: Desk) -> None:
        whole = document(desk.application.endpoints, "0")
        for template, path in paths.items():
            content = whole["paths"][template]["get"]["responses"]["200"]["content"]
            _check(content["application/json"]["schema"], (await desk.ask("GET", path)).json(), path)
        failure = (await desk.ask("POST", "/api/mqtt/test", {})).json()
        _check(schemas()["Failure"], failure, "failure")

    at_desk(act)


def test_every_reference_leads_somewhere() -> None:
    async def act(desk: Desk) -> None:
        text = (await desk.ask("GET", "/openapi.json")).text
        for name in re.findall(r"#/components/schemas/(\w+)", text):
            assert name in schemas()

    at_desk(act)


def test_the_page_needs_no_other_host() -> None:
    async def act(desk: Desk) -> None:
        page = await desk.ask("GET", "/docs")
        assert page.headers["content-type"].startswith("text/html")
        links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(links) >= 4
        for link in links:
            assert link.startswith("/")
            assert (await desk.ask("GET", link)).status_code == 200
        assert "http" not in page.text.replace("http-equiv", "")
        assert "script-src 'self'" in page.headers["content-security-policy"]

    at_desk(act)


def _edges(field: Field) -> tuple[list[Any], list[Any]]:
    if field.bounds is None:
        return EDGES[field.name][0], EDGES[field.name][1]
    low, high = field.bounds
    if field.type is int:
        return [low, high], [low - 1, high + 1, str(low), low + 0.5]
    return ["x" * low, "x" * high], [*(["x" * (low - 1)] if low else []), "x" * (high + 1), "a\nb", 7]


def _fits(schema: dict[str, Any], value: Any) -> bool:
    if schema["type"] == "integer":
        return type(value) is int and bool(schema["minimum"] <= value <= schema["maximum"])
    if not isinstance(value, str) or not re.search(schema["pattern"], value):
        return False
    return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))


def _check(schema: dict[str, Any], value: Any, where: str) -> None:
    """Whether ``value`` is what ``schema`` says, as far as our schemas go."""
    if "$ref" in schema:
        schema = schemas()[schema["$ref"].rpartition("/")[2]]
    if value is None:
        assert schema.get("nullable"), where
        return
    kinds: dict[str, type[Any] | tuple[type[Any], ...]] = {
        "number": (int, float),
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
    }
    assert isinstance(value, kinds[schema["type"]]), where
    if schema["type"] == "array":
        for item in value:
            _check(schema["items"], item, f"{where}[]")
    if "enum" in schema:
        assert value in schema["enum"], where
    if "properties" in schema:
        assert set(schema["required"]) <= set(value) <= set(schema["properties"]), where
        for name, item in value.items():
            _check(schema["properties"][name], item, f"{where}.{name}")


def test_the_relay_id_of_the_examples_is_the_specifications() -> None:
    assert RELAY in str(schemas())
