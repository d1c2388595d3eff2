"""Which database of which MongoDB server CMS_DATABASE names. No I/O, and no library."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from cms.errors import SettingError
from wire.address import mask_credentials

_FORM = re.compile(
    r"(?P<scheme>mongodb(?:\+srv)?)://(?:[^@/]*@)?(?P<hosts>[^/?@]+)(?:/(?P<name>[^?]*))?(?:\?(?P<query>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
_WANTED = "mongodb://[user:password@]host[:port]/name, the name of 1 to 63 characters out of A-Z a-z 0-9 _ -,"


@dataclass(frozen=True, slots=True)
class MongoAddress:
    """``uri`` as it was given, credentials included: it is in no ``repr``; ``shown`` may be told anybody.

    ``options`` are the names of the options in it, in lower case.
    """

    uri: str = field(repr=False)
    name: str
    shown: str
    options: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.shown


def is_mongodb(database: str) -> bool:
    """Whether ``database`` means a MongoDB server, well written or not."""
    return database.lower().startswith(("mongodb:", "mongodb+srv:"))


def mongo_address(database: str) -> MongoAddress:
    """SettingError where ``database`` names no server or no database."""
    found = _FORM.fullmatch(database)
    name = unquote(found["name"] or "") if found else ""
    if found is None or not _NAME.fullmatch(name):
        raise SettingError("CMS_DATABASE", _masked(database), f"{_WANTED} was wanted")
    shown = f"{found['scheme'].lower()}://{found['hosts']}/{name}"
    options = frozenset(key.lower() for key, _ in parse_qsl(found["query"] or "", keep_blank_values=True))
    return MongoAddress(database, name, shown, options)


def _masked(database: str) -> str:
    """A text that is no URI may have its password anywhere: what stands before an ``@`` is left out."""
    scheme, mark, rest = database.partition("://")
    if not mark or "@" not in rest:
        return mask_credentials(database)
    return f"{scheme}://***@{rest.rpartition('@')[2]}"
