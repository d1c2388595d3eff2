"""Answers GraphQL: the same reads and the same order as the REST interface, from the same handlers.

The library is loaded at the first query: the start does without (0.2 s).
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cms import log
from cms.account import Caller
from cms.actor import Actor
from cms.errors import CmsError, NotAllowed, RequestError, UnknownBatch, UnknownCabinet
from cms.graph_schema import SDL
from cms.handlers.batches import Batches
from cms.handlers.cabinets import Cabinets, CabinetState, Filter
from cms.handlers.monitoring import Monitoring
from cms.handlers.orders import OrderRequest, Orders
from cms.handlers.records import Records
from cms.handlers.templates import Templates
from cms.role import Right, roles_with
from wire.errors import Problem, WireError
from wire.timestamps import format_timestamp

if TYPE_CHECKING:
    from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema

    from cms.graph_cost import Cost

MAX_TOKENS = 1_000
MAX_SHOWN = 10
CACHED = 128
"""How many queries are kept parsed and validated."""

INSIDE = "Something went wrong inside the CMS; its log says what"

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, by whom; ``charge`` counts what it has sent, and may raise."""

    query: str
    variables: Mapping[str, Any]
    operation: str | None
    caller: Caller
    actor: Actor
    charge: Callable[[int], Awaitable[None]]


class Graph:
    """One schema for everybody: what a caller sees is what the handlers give it."""

    def __init__(
        self,
        cabinets: Cabinets,
        orders: Orders,
        batches: Batches,
        templates: Templates,
        monitoring: Monitoring,
        records: Records,
    ) -> None:
        self._cabinets = cabinets
        self._orders = orders
        self._batches = batches
        self._templates = templates
        self._monitoring = monitoring
        self._records = records
        self._schema: GraphQLSchema | None = None
        self._known: OrderedDict[str, DocumentNode] = OrderedDict()

    async def answer(self, asked: Asked) -> Found:
        """``data``, and ``errors`` where there are any. RequestError for a query that is not executed."""
        from graphql import execute

        document = self._document(asked.query)
        self._bound(document, asked.variables)
        result = execute(
            self._loaded(),
            document,
            root_value=self._root(asked),
            variable_values=dict(asked.variables),
            operation_name=asked.operation,
        )
        if inspect.isawaitable(result):
            result = await result
        return _shown(result)

    def _loaded(self) -> GraphQLSchema:
        from graphql import build_schema

        if self._schema is None:
            self._schema = build_schema(SDL)
        return self._schema

    def _document(self, query: str) -> DocumentNode:
        """``query``, parsed and validated."""
        from graphql import GraphQLSyntaxError, MaxIntrospectionDepthRule, parse, specified_rules, validate

        if query in self._known:
            self._known.move_to_end(query)
            return self._known[query]
        try:
            document = parse(query, max_tokens=MAX_TOKENS, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as exc:
            raise RequestError("query", exc.message) from exc
        rules = (*specified_rules, MaxIntrospectionDepthRule)
        if found := validate(self._loaded(), document, rules, max_errors=MAX_SHOWN):
            raise RequestError.of([Problem("query", error.message) for error in found])
        self._known[query] = document
        if len(self._known) > CACHED:
            self._known.popitem(last=False)
        return document

    def _bound(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        from cms.graph_cost import MAX_COST, MAX_DEPTH, MAX_ROOTS, cost_of

        cost: Cost = cost_of(document, variables)
        if cost.depth > MAX_DEPTH:
            raise RequestError("query", f"a depth of at most {MAX_DEPTH} was wanted, not {cost.depth}")
        if cost.values > MAX_COST:
            wanted = f"at most {MAX_COST} values were wanted, lists counted by their `first`"
            raise RequestError("query", wanted)
        if cost.roots > MAX_ROOTS:
            raise RequestError("query", f"at most {MAX_ROOTS} fields of the query itself were wanted")

    def _root(self, asked: Asked) -> Found:
        async def order(_info: Any, **given: Any) -> Found:
            return await self._order(asked, given)

        return {
            "cabinets": self._found,
            "cabinet": self._one,
            "floor": lambda _info: self._monitoring.floor(),
            "service": lambda _info: self._monitoring.service(),
            "templates": self._all_templates,
            "batches": self._last_batches,
            "batch": self._batch,
            "order": order,
        }

    async def _found(self, _info: Any, first: int, after: str | None = None, **wanted: Any) -> list[Found]:
        named = Filter(wanted.get("q"), wanted.get("location"), wanted.get("online"), wanted.get("drift"))
        states = await self._cabinets.states(named)
        ids = [state.cabinet.id for state in states]
        begin = ids.index(after) + 1 if after in ids else 0
        return [self._cabinet(state) for state in states[begin : begin + max(first, 0)]]

    async def _one(self, _info: Any, id: str) -> Found | None:
        try:
            return self._cabinet(await self._cabinets.state(id))
        except UnknownCabinet:
            return None

    def _cabinet(self, state: CabinetState) -> Found:
        cabinet = state.cabinet
        seen = None if state.last_seen_ms is None else format_timestamp(state.last_seen_ms)

        async def standing() -> Any:
            return state.standing or await self._cabinets.standing(cabinet.id)

        async def reported(_info: Any) -> Found:
            found: Found = (await standing()).reported_document()
            return found

        async def in_step(_info: Any) -> bool | None:
            found: bool | None = (await standing()).in_step
            return found

        async def differences(_info: Any) -> list[Found]:
            return [one.to_document() for one in (await standing()).differences()]

        async def history(_info: Any, first: int) -> list[Found]:
            steps = await self._records.history(cabinet.id, None, max(min(first, 1000), 1))
            return [step.to_document() for step in steps]

        presence = {"online": state.online, "lastSeen": seen, "firmware": state.firmware}
        later = {"reported": reported, "inStep": in_step, "differences": differences, "history": history}
        return {**cabinet.to_document(), **presence, **later}

    async def _all_templates(self, _info: Any) -> list[Found]:
        return [one.to_document() for one in await self._templates.all()]

    async def _last_batches(self, _info: Any, first: int) -> list[Found]:
        return [one.summary() for one in await self._batches.last(max(min(first, 200), 1))]

    async def _batch(self, _info: Any, id: str) -> Found | None:
        try:
            return (await self._batches.one(id)).shown()
        except UnknownBatch:
            return None

    async def _order(self, asked: Asked, given: Mapping[str, Any]) -> Found:
        cabinet_id = str(given["cabinetId"])
        try:
            if not asked.caller.may(Right.ORDER):
                raise NotAllowed(asked.caller.role, Right.ORDER, roles_with(Right.ORDER))
            await asked.charge(1)
            request = OrderRequest(
                _object(given, "smibConfig"),
                _object(given, "smibVersion"),
                given.get("machineControl"),
                given.get("ifRevision"),
            )
            outcome = await self._orders.give(cabinet_id, request, asked.actor)
        except (CmsError, WireError) as exc:
            await self._records.refused(asked.actor, "graphqlOrder", None, exc)
            raise
        state = await self._cabinets.state(outcome.cabinet.id)
        return {"cabinet": self._cabinet(state), "mqttSent": outcome.sent, "queued": outcome.queued}


def _object(given: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = given.get(name)
    if value is not None and not isinstance(value, dict):
        raise RequestError(name, "an object was wanted")
    return value


def _shown(result: ExecutionResult) -> Found:
    errors = [_error(one) for one in result.errors or ()]
    return {"data": result.data, **({"errors": errors} if errors else {})}


def _error(error: GraphQLError) -> Found:
    """As a caller sees it: what was raised on purpose, and of anything else nothing."""
    from graphql import GraphQLError

    cause = error.original_error
    if isinstance(cause, GraphQLError):  # an argument that is none
        cause = cause.original_error
    if cause is not None and not isinstance(cause, CmsError | WireError):
        log.event("!", "unexpected", error=type(cause).__name__, at="graphql")
        return {"message": INSIDE, **_where(error)}
    named: Sequence[Problem] = cause.problems if isinstance(cause, RequestError) else ()
    problems = [{"field": one.field, "wanted": one.wanted} for one in named]
    kind = {} if cause is None else {"extensions": {"kind": type(cause).__name__, "problems": problems}}
    return {"message": error.message, **_where(error), **kind}


def _where(error: GraphQLError) -> Found:
    return {} if error.path is None else {"path": list(error.path)}
