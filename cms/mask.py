"""What ``***`` means in an order: unchanged, so that what was read can be edited and sent back (INT-42)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cms.cabinet import Config
from cms.errors import RequestError
from wire.address import MASK, mask_credentials
from wire.components import COMPONENTS

_MASKED_PASSWORD = f":{MASK}@"


def resolve_mask(config: Config, stored: Config) -> dict[str, dict[str, Any]]:
    """``config`` without its masks: a secret that is ``***`` is left out, ``:***@`` gets the stored password.

    Components that it leaves empty are left out too. RequestError where a URI asks for a password that is
    not stored. Doing it twice does no harm: a handler does it before it validates, the store again inside
    the transaction.
    """
    resolved = {name: _resolved(name, values, stored.get(name, {})) for name, values in config.items()}
    return {name: values for name, values in resolved.items() if values or not config[name]}


def _resolved(name: str, values: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    component = COMPONENTS.get(name)
    if component is None:
        return dict(values)
    secrets = {field.name for field in component if field.secret}
    kept = {field: value for field, value in values.items() if not (field in secrets and value == MASK)}
    return {field: _with_password(name, field, value, stored.get(field)) for field, value in kept.items()}


def _with_password(component: str, field: str, value: Any, stored: Any) -> Any:
    if not isinstance(value, str) or _MASKED_PASSWORD not in value or mask_credentials(value) != value:
        return value
    if value == (mask_credentials(stored) if isinstance(stored, str) else None):
        return stored
    password = _password_in(stored)
    if password is None:
        raise RequestError(
            f"{component}.{field}",
            f"a password was wanted: {MASK} stands for the stored one, and there is none",
        )
    return value.replace(_MASKED_PASSWORD, f":{password}@", 1)


def _password_in(uri: Any) -> str | None:
    """The password in a URI as it was written, escapes included."""
    if not isinstance(uri, str):
        return None
    head, found, tail = mask_credentials(uri).partition(_MASKED_PASSWORD)
    return uri[len(head) + 1 : len(uri) - len(tail) - 1] if found else None
