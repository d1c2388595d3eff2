"""Schemathesis against the service's own description: no defect, and no answer that it does not describe.

Each operation is asked with what its schemas allow, and with what they do not. What only the service can
judge may be refused: that is 400, with a sentence.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from cms.account import Credential, User, key_of
from cms.actor import Act
from cms.api_docs import document
from cms.app import build
from cms.audit import Draft
from cms.hub import Hub
from cms.role import Role
from cms.server import Server, listen, url_of
from cms.settings import Settings, read_settings
from cms.tests.desk import SETTINGS, RecordingLink

EXAMPLES = 5
schemathesis.checks.load_all_checks()
CHECKS: Any = [
    schemathesis.checks.CHECKS.get_one(name)
    for name in (
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    )
]
TOKEN = "cms_administrator"
STREAMS = ("/api/events", "/api/mqtt/config/subscribe", "/api/ws")
"""They never end: what they send is tried in test_sse, test_floor_stream and where sockets are."""


def the_settings() -> Settings:
    return read_settings({**SETTINGS, "CMS_TEST_ENDPOINT": "1"})


SCHEMA = schemathesis.openapi.from_dict(document(build(the_settings()).endpoints, "0"))
OPERATIONS = [
    (method.upper(), path)
    for path, methods in SCHEMA.raw_schema["paths"].items()
    for method in methods
    if path not in STREAMS
]


@dataclass
class Running:
    """The service in a thread of its own, over a link whose devices answer whatever they are asked."""

    url: str = ""
    server: Server | None = None
    ready: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        def link_to(hub: Hub) -> RecordingLink:
            return RecordingLink(hub, device=lambda relay_id, fields: {"rly": relay_id, **fields})

        note = Draft(Act(), facts={"why": "test"})
        with listen("127.0.0.1", 0) as listener:
            async with build(the_settings(), link_to=link_to) as application:
                administrator = Role.ADMINISTRATOR
                await application.store.put_user(User("zz-admin", administrator, "x"), note)
                token = Credential(key_of(TOKEN), "token", "zz-admin", administrator, "", 0)
                assert await application.store.put_credential(token, note)
                self.url = url_of(listener)
                self.server = Server(application.asgi, self.ready.set, application.end_streams)
                await self.server.serve(sockets=[listener])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    running = Running()
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        assert running.ready.wait(20)
        yield running.url
    finally:
        if running.server is not None:
            running.server.should_exit = True
        thread.join(20)


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda word: word)
def test_every_answer_is_as_described(url: str, method: str, path: str, mode: GenerationMode) -> None:
    operation = SCHEMA[path][method]
    documented = {int(status) for status in operation.definition.raw["responses"]}
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
        pytest.skip("it takes nothing that could be wrong")

    @seed(20261123)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
        assert answer.status_code != 500, answer.text
        assert answer.status_code in documented, answer.text
        case.validate_response(
            answer,
            checks=CHECKS,
        )

    try:
        ask()
    except Unsatisfiable:  # every value of it is allowed
        assert mode is GenerationMode.NEGATIVE
