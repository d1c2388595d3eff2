"""The two shapes of every JSON answer (contract, section 6). Key order is the specification's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wire.errors import Problem


def success(**facts: Any) -> dict[str, Any]:
    """``{"success":true, …facts}`` in the order in which the facts are given."""
    return {"success": True, **facts}


def failure(sentence: str, timestamp: str, problems: Iterable[Problem] = ()) -> dict[str, Any]:
    """``{"success":false,"error":sentence,"timestamp":T}``.

    ``problems``, an extension, names each refused field on its own, for a form that marks them.
    """
    named = [{"field": problem.field, "wanted": problem.wanted} for problem in problems]
    more = {"problems": named} if named else {}
    return {"success": False, "error": sentence, "timestamp": timestamp, **more}
