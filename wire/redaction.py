"""The one table of what is secret. Every log line, report and watch line passes through it first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wire.address import MASK, mask_credentials
from wire.components import COMPONENTS

SECRET_NAMES = frozenset(
    field.name.lower() for component in COMPONENTS.values() for field in component if field.secret
)
"""Wire fields whose value is never shown."""

FOREIGN_NAMES = frozenset(
    {"password", "passwd", "pwd", "networkpassword", "authorization", "cookie", "token", "secret"}
)
"""Names under which other systems carry secrets; masked too, whatever message they stand in."""


def redacted(value: Any) -> Any:
    """``value`` with every secret in it as ``***``, however deep; the original is left alone."""
    if isinstance(value, Mapping):
        return {key: MASK if _is_secret(key) else redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    if isinstance(value, str) and "@" in value:
        return mask_credentials(value)
    return value


def _is_secret(key: object) -> bool:
    return isinstance(key, str) and (key.lower() in SECRET_NAMES or key.lower() in FOREIGN_NAMES)
