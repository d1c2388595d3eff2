"""``POST /graphql``: what is stored and what happens, in the shape that a caller asks for (section 7)."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from cms.errors import RequestError
from cms.graph_schema import SDL
from cms.handlers.graph import Asked, Graph
from cms.role import Right
from cms.routes.actor import actor_of, caller_of, charge_all
from cms.routes.answer import json_answer
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint, Operation
from cms.routes.form import Form
from cms.routes.operations import BODY_FAILURES
from cms.schemas import TEXT, listed, record

PATH = "/graphql"

QUERY = Operation(
    "graphql",
    "graphql",
    "Ask with GraphQL",
    "Cabinets with configuration, reports, drift and history, the floor's figures, templates and batches; "
    "one mutation, `order`, for those who may. A query is bounded: its depth, and how many values it may "
    "answer with. The answer is GraphQL's own, `data` and `errors`; what is not executed fails as any "
    "request. The schema is at GET /graphql, and by introspection.",
    record({"data": {"type": "object", "nullable": True}}, {"errors": listed({"type": "object"})}),
    body=record(
        {"query": TEXT},
        {"variables": {"type": "object", "nullable": True}, "operationName": {**TEXT, "nullable": True}},
    ),
    examples={
        "floor": {"query": "{ cabinets(first: 10) { id online inStep } floor }"},
        "history": {
            "query": "query H($id: ID!) { cabinet(id: $id) { id history(first: 3) { revision user at } } }",
            "variables": {"id": "cab-1"},
        },
    },
    failures=(*BODY_FAILURES, 503),
)
SCHEMA = Operation(
    "graphqlSchema",
    "graphql",
    "The GraphQL schema",
    "In GraphQL's own language.",
    TEXT,
    media="text/plain",
)


class GraphRoutes:
    """Hands queries to the graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", PATH, self.query, QUERY, Right.READ),
            Endpoint("GET", PATH, self.schema, SCHEMA, Right.READ),
        ]

    async def query(self, request: Request) -> Response:
        fields = await read_object(request)
        given = {name: value for name, value in fields.items() if value is not None}
        form = Form(given, ("query", "variables", "operationName"))
        variables = form.object("variables") if "variables" in form else {}
        asked = Asked(
            form.text("query"),
            variables,
            form.optional_text("operationName"),
            caller_of(request),
            actor_of(request),
            partial(charge_all, request),
        )
        if not asked.query.strip():
            raise RequestError("query", "a query was wanted")
        return json_answer(200, await self._graph.answer(asked))

    async def schema(self, _request: Request) -> Response:
        return Response(SDL.strip() + "\n", headers={"cache-control": "no-cache"}, media_type="text/plain")
