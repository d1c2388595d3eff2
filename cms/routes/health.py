"""``/healthz`` and ``/readyz``: for whoever starts, watches and restarts the service."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from cms.envelope import failure
from cms.handlers.health import Health, State
from cms.routes.answer import answer, json_answer
from cms.routes.endpoint import Endpoint
from cms.routes.operations import ALIVE, READY
from wire.timestamps import format_timestamp


class HealthRoutes:
    """200 where all is well, 503 with every reason where it is not."""

    def __init__(self, health: Health, clock_ms: Callable[[], int]) -> None:
        self._health = health
        self._clock_ms = clock_ms

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/healthz", self.alive, ALIVE, right=None),
            Endpoint("GET", "/readyz", self.ready, READY, right=None),
        ]

    async def alive(self, _request: Request) -> Response:
        return self._answer(self._health.life(), "alive")

    async def ready(self, _request: Request) -> Response:
        return self._answer(await self._health.readiness(), "ready")

    def _answer(self, state: State, word: str) -> Response:
        timestamp = format_timestamp(self._clock_ms())
        if state.problems:
            sentence = "; ".join(map(str, state.problems))
            return json_answer(503, failure(sentence, timestamp, state.problems), {"retry-after": "1"})
        return answer(status=word, working=list(state.working), timestamp=timestamp)
