"""The keys that secrets are sealed with, as text and as what they are called (issue 4, "Security")."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re

KEY_BYTES = 32
ID_LENGTH = 8
WANTED = (
    "different keys of 32 bytes in base64, with commas between them, were wanted; "
    "smib-cms secrets key makes one"
)


def new_key() -> str:
    """A key as text that an environment variable can hold."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def key_id(key: bytes) -> str:
    """What a key is called where it is not to be seen."""
    return hashlib.sha256(b"smib-cms key\0" + key).hexdigest()[:ID_LENGTH]


def read_keys(text: str) -> tuple[bytes, ...]:
    """Keys in base64, with commas or lines between them; ValueError, without them, where one is none."""
    words = [word for word in re.split(r"[,\s]+", text) if word]
    try:
        keys = [base64.b64decode(word.replace("-", "+").replace("_", "/"), validate=True) for word in words]
    except (binascii.Error, ValueError) as exc:
        raise ValueError(WANTED) from exc
    if not keys or any(len(key) != KEY_BYTES for key in keys) or len(set(keys)) != len(keys):
        raise ValueError(WANTED)
    return tuple(keys)
