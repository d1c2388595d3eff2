"""``/api/analytics``: what happened on the floor, over time (contract, section 7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.analytics import KEPT, MINUTE_MS, PERCENTILES
from cms.errors import RequestError
from cms.handlers.analytics import Analytics, Asked
from cms.role import Right
from cms.routes.answer import answer
from cms.routes.endpoint import Endpoint, Operation, Parameter
from cms.routes.form import Query
from cms.schemas import TEXT, TIMESTAMP, Schema, listed, record, success
from cms.smib_state import STATES
from wire.timestamps import format_timestamp

HOUR_MS = 60 * MINUTE_MS
LONGEST_STEP_S = 86_400

_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number", "minimum": 0}
_MAYBE_NUMBER: Schema = {**_NUMBER, "nullable": True}
_ANSWERS: Schema = {
    **record({"count": _COUNT, **dict.fromkeys(PERCENTILES, _MAYBE_NUMBER)}),
    "nullable": True,
}
_POINT = record(
    {
        "at": TIMESTAMP,
        "seconds": _NUMBER,
        "messages": _COUNT,
        "perMinute": _NUMBER,
        "errors": _COUNT,
        "states": record(dict.fromkeys(STATES, _COUNT)),
        "answers": _ANSWERS,
    }
)
ANALYTICS = Operation(
    "readAnalytics",
    "floor",
    "What happened on the floor, minute by minute",
    f"Messages and errors in each step, how many cabinets were in each state at its end, and how long SMIBs "
    f"took to answer, for the last {KEPT // 60} hours; the last point is not over yet (`seconds`). Kept in "
    "memory: a restart of the service begins anew, and each process counts for itself. Percentiles are as "
    "exact as the buckets of `cms_answer_seconds`, and null for one location or a caller who is limited.",
    success({"from": TIMESTAMP, "to": TIMESTAMP, "step": _COUNT, "points": listed(_POINT), "count": _COUNT}),
    parameters=(
        Parameter("from", "query", TIMESTAMP, "From when on, by default the last hour"),
        Parameter("to", "query", TIMESTAMP, "Until when, by default now"),
        Parameter(
            "step",
            "query",
            {"type": "integer", "minimum": 60, "maximum": LONGEST_STEP_S, "multipleOf": 60},
            "Seconds of one point, whole minutes, 60 by default",
        ),
        Parameter("location", "query", TEXT, "Only cabinets of this location, whole, in any case"),
    ),
    failures=(400,),
)


class AnalyticsRoutes:
    """Tells what was."""

    def __init__(self, analytics: Analytics) -> None:
        self._analytics = analytics

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("GET", "/api/analytics", self.points, ANALYTICS, Right.READ)]

    async def points(self, request: Request) -> Response:
        query = Query(request, ("from", "to", "step", "location"))
        asked = _asked(query, self._analytics.now_ms())
        found = self._analytics.points(asked)
        return answer(
            **{"from": format_timestamp(asked.from_ms)},
            to=format_timestamp(asked.to_ms),
            step=asked.step_ms // 1000,
            points=found,
            count=len(found),
        )


def _asked(query: Query, now_ms: int) -> Asked:
    to_ms = query.moment("to")
    to_ms = now_ms + 1 if to_ms is None else to_ms
    from_ms = query.moment("from")
    from_ms = to_ms - HOUR_MS if from_ms is None else from_ms
    if from_ms >= to_ms:
        raise RequestError("from", "a moment before `to` was wanted")
    step_s = query.number("step", 60, LONGEST_STEP_S) or 60
    if step_s % 60:
        raise RequestError("step", f"whole minutes, in seconds, were wanted, not {step_s}")
    return Asked(from_ms, to_ms, step_s * 1000, query.optional_text("location"))
