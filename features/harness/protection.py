"""What is not done to SMIBs that run already, and so may be real, unless the operator permits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.harness.errors import Untestable
from wire.errors import WireError
from wire.jsontext import parse_object

CONNECTION = ("mqtt", "net")
ORDERS = ("command", "machineControl")
TYPES = {"rst": "restart", "sun": "clear the memory of", "ota_ud": "install firmware on"}


@dataclass(frozen=True, slots=True)
class Protection:
    """``names`` are relay ids, and the ids of their cabinets."""

    names: frozenset[str] = frozenset()
    permitted: bool = False

    def check(self, target: str, payload: bytes | None) -> None:
        """Before ``payload`` goes to ``target``, a topic or a path: Untestable where it would disrupt one."""
        if self.permitted or payload is None:
            return
        where = target.encode() + payload
        if any(name.encode() in where for name in self.names) and (harm := _harm(payload)):
            raise Untestable(f"it would {harm} a SMIB that runs already: --allow-disruptive permits it")


def _harm(payload: bytes) -> str:
    try:
        return disruption(parse_object(payload))
    except WireError:
        return ""


def disruption(order: Any) -> str:
    """What the order in ``order``, however deep in it, would do to a machine; empty for what harms none."""
    if isinstance(order, list):
        return next(filter(None, map(disruption, order)), "")
    if not isinstance(order, Mapping):
        return ""
    if harm := TYPES.get(str(order.get("typ"))):
        return harm
    if any(order.get(name) for name in ORDERS):
        return "lock, unlock or restart"
    if order.get("cmd") == "met_reset":
        return "clear the meters of"
    if order.get("typ") == "cfg" and order.get("comp") in CONNECTION and len(order) > len(("typ", "comp")):
        return "re-network"
    if any(isinstance(order.get(name), Mapping) and order[name] for name in CONNECTION):
        return "re-network"
    return next(filter(None, map(disruption, order.values())), "")
