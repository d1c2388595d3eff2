"""The one table of what is secret. Every log line, report and watch line passes through it first."""

from __future__ import annotations

import re
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


def redacted_text(text: str) -> str:
    """``text`` that is no message, with whatever is shaped like a secret in it as ``***``.

    It errs on the side of hiding: a value without quotes is masked to the end of its line, and one that is
    a list, an object or quoted within a string to the end of the text. Escapes of JSON are resolved first,
    for a name may be spelled with them.
    """
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    masked = mask_credentials(_IN_TEXT.sub(rf"\1:{MASK}@", _NAMED.sub(rf"\1{MASK}", plain)))
    return text if masked == plain else masked


_ESCAPE = re.compile(r"\\u(00[2-7][0-9a-fA-F])")
_IN_TEXT = re.compile(r"(://[^/\s:@]{0,256}):\S{0,512}@")
_NAMED = re.compile(
    r"""((?:pwd|passw|passphrase|token|secret|authorization|cookie)[\w.-]{0,40}\\*["']?\s*[:=]\s*)"""
    r"""(?:"(?:\\[\s\S]|[^"\\])*"?|'(?:\\[\s\S]|[^'\\])*'?|[\[{\\][\s\S]*|[^\r\n]*)""",
    re.IGNORECASE,
)
"""A name that tells of a secret, and what follows it."""


def _is_secret(key: object) -> bool:
    return isinstance(key, str) and (key.lower() in SECRET_NAMES or key.lower() in FOREIGN_NAMES)
