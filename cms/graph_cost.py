"""How deep a GraphQL query goes, and how many values it may ask for: what is bounded before it is executed.

Nothing here does I/O. A query that was validated has no cycles of fragments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

MAX_DEPTH = 8
MAX_COST = 2_000
MAX_ROOTS = 20
"""Fields of the query itself: however little each answers with, it may look at the whole floor for it."""

LISTS: Mapping[str, int] = {"cabinets": 50, "batches": 20, "history": 10, "differences": 10, "templates": 20}
"""Fields that are lists, and as how long each counts where the query does not say with ``first``."""

MAX_FIRST = 1_000


@dataclass(frozen=True, slots=True)
class Cost:
    """``values`` are the fields of all objects that it may answer with, ``roots`` those of the query."""

    depth: int
    values: int
    roots: int = 0


def cost_of(document: DocumentNode, variables: Mapping[str, Any]) -> Cost:
    """The most that any operation of ``document`` costs. Introspection costs a value: its depth is another's
    business (graphql-core's rule)."""
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    found = [
        _cost_of_operation(one, fragments, variables)
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
    ]
    return Cost(
        max((one.depth for one in found), default=0),
        max((one.values for one in found), default=0),
        max((one.roots for one in found), default=0),
    )


def _cost_of_operation(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> Cost:
    defaults = {
        one.variable.name.value: _whole(one.default_value)
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, IntValueNode)
    }
    cost = _cost(operation.selection_set, fragments, {**defaults, **variables})
    roots = sum(1 for _ in islice(_fields(operation.selection_set, fragments), MAX_ROOTS + 1))
    return Cost(cost.depth, cost.values, roots)


def _cost(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> Cost:
    depth = values = 0
    for field in _fields(selections, fragments):
        name = field.name.value
        inner = Cost(0, 0)
        if field.selection_set is not None and not name.startswith("__"):
            inner = _cost(field.selection_set, fragments, variables)
        depth = max(depth, inner.depth + 1)
        values += 1 + inner.values * _length(field, name, variables)
        if values > MAX_COST:  # however much more it is: fragments can multiply
            break
    return Cost(depth, values)


def _fields(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    for one in selections.selections:
        if isinstance(one, FieldNode):
            yield one
        elif isinstance(one, InlineFragmentNode):
            yield from _fields(one.selection_set, fragments)
        elif isinstance(one, FragmentSpreadNode):
            yield from _fields(fragments[one.name.value].selection_set, fragments)


def _length(field: FieldNode, name: str, variables: Mapping[str, Any]) -> int:
    if name not in LISTS:
        return 1
    for argument in field.arguments or ():
        if argument.name.value != "first":
            continue
        if isinstance(argument.value, IntValueNode):
            return _bounded(_whole(argument.value))
        if isinstance(argument.value, VariableNode):
            given = variables.get(argument.value.name.value)
            if isinstance(given, int | float):  # 1000.0 is an Int too
                return _bounded(int(given))
    return LISTS[name]


def _whole(node: IntValueNode) -> int:
    """What has too many digits to be read is more than any bound."""
    return int(node.value) if len(node.value) <= len(str(MAX_FIRST)) else MAX_FIRST


def _bounded(first: int) -> int:
    return min(max(first, 1), MAX_FIRST)
