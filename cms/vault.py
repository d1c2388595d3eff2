"""Secrets at rest: what is sealed before it is stored, and opened when it is read (issue 4, "Security").

A document is sealed value by value: whatever stands under the name of a secret, and every text with a
password in it, becomes ``<mark><key id>:<AES-256-GCM>``. All else stays readable, and searchable. The first
key seals, all of them open, so that keys can be changed while the service runs.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cms.errors import StoreSealed
from cms.keys import ID_LENGTH, key_id
from wire.address import MASK, mask_credentials
from wire.redaction import FOREIGN_NAMES, SECRET_NAMES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
MARK = "\x1fsealed:"
"""No text that is stored begins so by itself."""

PLAIN_MARK = "\x1f"
_NAMES = SECRET_NAMES | FOREIGN_NAMES
_TOKEN = re.compile(rf"{MARK}([0-9a-f]{{{ID_LENGTH}}}):([A-Za-z0-9_-]+)")
_MARKED = re.compile(r"\\u001f", re.IGNORECASE)
_PERHAPS = re.compile("|".join(["@", _MARKED.pattern, *sorted(map(re.escape, _NAMES))]), re.IGNORECASE)
"""What a JSON text has in it that holds a secret."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a document a value stands: the last two names, and whether one above it is that of a secret.

    A sealed value opens under these names alone: moved to where it would be shown, it does not.
    """

    names: tuple[str, str] = ("", "")
    secret: bool = False

    @property
    def bound(self) -> bytes:
        return ".".join(self.names).encode()

    def below(self, name: str) -> Place:
        return Place((self.names[1], name), self.secret or name.lower() in _NAMES)


_ROOT = Place()


class Vault:
    """``keys`` of 32 bytes, each once; without any nothing is sealed."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._ciphers = _ciphers(keys) if keys else {}

    @property
    def ids(self) -> tuple[str, ...]:
        """What its keys are called, the one that seals first."""
        return tuple(self._ciphers)

    def sealed(self, value: Any, *, renew: bool = False) -> Any:
        """``value``, JSON as it is stored, with every secret in it sealed; what is sealed stays as it is.

        With ``renew``, what another key sealed is sealed with the first one.
        """
        return self._sealed(value, renew, _ROOT)

    def opened(self, value: Any) -> Any:
        """What was given to ``sealed``. StoreSealed where a key is not there, or does not fit."""
        return self._opened(value, _ROOT)

    def sealed_text(self, text: str, *, renew: bool = False) -> str:
        """The same for a JSON text."""
        if not (_PERHAPS if self._ciphers else _MARKED).search(text):
            return text
        return json.dumps(self.sealed(json.loads(text), renew=renew), separators=(",", ":"))

    def opened_text(self, text: str) -> str:
        if MARK[1:] not in text:
            return text
        return json.dumps(self.opened(json.loads(text)), separators=(",", ":"))

    def _sealed(self, value: Any, renew: bool, place: Place) -> Any:
        if isinstance(value, Mapping):
            return {key: self._sealed(item, renew, place.below(key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._sealed(item, renew, place) for item in value]
        if isinstance(value, str) and value.startswith(PLAIN_MARK):
            if self._is_ours(value):
                stale = renew and not value.startswith(f"{MARK}{self.ids[0]}:")
                return self._seal(self._opened(value, place), place) if stale else value
            value = value.lstrip(PLAIN_MARK)
        if value in (None, "", MASK):
            return value
        return self._seal(value, place) if place.secret or _has_password(value) else value

    def _opened(self, value: Any, place: Place) -> Any:
        if isinstance(value, Mapping):
            return {key: self._opened(item, place.below(key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._opened(item, place) for item in value]
        found = _TOKEN.fullmatch(value) if isinstance(value, str) else None
        return value if found is None else self._open(found, place)

    def _is_ours(self, text: str) -> bool:
        found = _TOKEN.fullmatch(text)
        return found is not None and found[1] in self._ciphers

    def _seal(self, value: Any, place: Place) -> Any:
        if not self._ciphers:
            return value
        name, cipher = next(iter(self._ciphers.items()))
        nonce = os.urandom(NONCE_BYTES)
        whole = nonce + cipher.encrypt(nonce, json.dumps(value).encode(), place.bound)
        return f"{MARK}{name}:{base64.urlsafe_b64encode(whole).decode().rstrip('=')}"

    def _open(self, found: re.Match[str], place: Place) -> Any:
        cipher = self._ciphers.get(found[1])
        if cipher is None:
            raise StoreSealed(f"a value is sealed with the key {found[1]}, which is not among the keys")
        from cryptography.exceptions import InvalidTag

        try:
            whole = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
            return json.loads(cipher.decrypt(whole[:NONCE_BYTES], whole[NONCE_BYTES:], place.bound))
        except (InvalidTag, ValueError) as exc:
            raise StoreSealed(f"a value that the key {found[1]} sealed was changed since") from exc


PLAIN = Vault()
"""Seals nothing."""


def _ciphers(keys: Sequence[bytes]) -> dict[str, AESGCM]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 40 ms: who has no keys does without

    return {key_id(key): AESGCM(key) for key in keys}


def _has_password(value: Any) -> bool:
    return isinstance(value, str) and "@" in value and mask_credentials(value) != value
