"""Answers in JSON, as bytes: the success envelope, and nothing of the framework's own spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from cms.envelope import success
from wire.jsontext import to_bytes

JSON = "application/json"


def answer(headers: Mapping[str, str] | None = None, /, **facts: Any) -> Response:
    """200 with ``{"success":true, …facts}`` in the order in which the facts are given."""
    return json_answer(200, success(**facts), headers)


def json_answer(status: int, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """``fields`` under ``status``. What an API answers is a value of its moment: nobody keeps it."""
    return Response(
        to_bytes(fields), status, headers={"cache-control": "no-store", **(headers or {})}, media_type=JSON
    )
