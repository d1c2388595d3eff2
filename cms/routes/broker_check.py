"""``POST /api/mqtt/test`` (specification, endpoint 7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.actor import Actor
from cms.errors import NotPermitted, RequestError
from cms.handlers.broker_check import DEFAULT_RELAY, BrokerCheck, Check
from cms.role import Right
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint
from cms.routes.form import Form
from cms.routes.operations import TEST
from wire.timestamps import format_timestamp

ACTIONS = ("connect", "publish", "subscribe")


class BrokerCheckRoutes:
    """The test endpoint; ``allowed`` is a setting (contract, section 6)."""

    def __init__(self, check: BrokerCheck, *, allowed: bool) -> None:
        self._check = check
        self._allowed = allowed

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("POST", "/api/mqtt/test", self.test, TEST, Right.TEST, sends=True)]

    async def test(self, request: Request) -> Response:
        if not self._allowed:
            raise NotPermitted("POST /api/mqtt/test", "CMS_TEST_ENDPOINT")
        form = Form(await read_object(request), ("action", "relayId", "message"))
        action = form.one_of("action", ACTIONS)
        relay_id = form.relay_id(default=DEFAULT_RELAY)
        check = await self._try(action, relay_id, _message(form), actor_of(request))
        published = {} if check.published is None else {"publishedMessage": check.published}
        return answer(
            action=action,
            relayId=check.relay_id,
            topic=check.topic,
            timestamp=format_timestamp(check.at_ms),
            messages=list(check.messages),
            **published,
        )

    async def _try(self, action: str, relay_id: str, message: str | None, actor: Actor) -> Check:
        if action == "connect":
            return await self._check.connect(relay_id)
        if action == "subscribe":
            return await self._check.subscribe(relay_id)
        return await self._check.publish(relay_id, message, actor)


def _message(form: Form) -> str | None:
    if "message" not in form:
        return None
    message = form.text("message")
    if not message:
        raise RequestError("message", "at least one character was wanted")
    return message
