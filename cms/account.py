"""Users, and what they show in place of their password: sessions of the page, tokens of programs (issue 4).

A session's or a token's secret is random and never stored: what is stored, and looked up, is its SHA-256. So
a copy of the database opens nothing. Nothing here does I/O.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cms.actor import ANONYMOUS, SYSTEM
from cms.role import RIGHTS, Right, Role, lower_of
from cms.scope import EVERYWHERE, Scope

Kind = Literal["session", "token"]

NAME_WANTED = "1 to 64 characters out of a-z 0-9 _ . @ -, a letter or digit first,"
RESERVED = (ANONYMOUS, SYSTEM.user)
PASSWORD_LENGTH = (12, 256)
MAX_LOCATIONS, LOCATION_LENGTH = 100, 200
TOKEN_MARK = "cms_"
"""How a token begins, so that one that was left lying about is known for what it is."""

DAY_MS = 86_400_000

_NAME = re.compile(r"[a-z0-9][a-z0-9_.@-]{0,63}")
_KEY_SHOWN = 12


@dataclass(frozen=True, slots=True)
class User:
    """``password_hash`` is Argon2's own text, with its parameters and salt in it.

    Without ``locations`` the user sees all of them; who is ``disabled`` is known, and does not get in.
    """

    name: str
    role: Role
    password_hash: str = field(repr=False)
    locations: tuple[str, ...] = ()
    disabled: bool = False

    @property
    def governs(self) -> bool:
        """Whether this user may do everything, everywhere, now."""
        return self.role is Role.ADMINISTRATOR and not self.locations and not self.disabled

    def to_document(self) -> dict[str, Any]:
        more = {**_limits(self.locations), **({"disabled": True} if self.disabled else {})}
        return {"name": self.name, "role": str(self.role), "passwordHash": self.password_hash, **more}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> User:
        return cls(
            document["name"],
            Role(document["role"]),
            document["passwordHash"],
            tuple(document.get("locations", ())),
            document.get("disabled", False),
        )


@dataclass(frozen=True, slots=True)
class Credential:
    """A session or a token. ``key`` is the hash of its secret; it counts until ``expires_ms``, if set.

    ``locations`` limit it further than its user; ``used_ms`` is when it was last used, now and then noted.
    """

    key: str
    kind: Kind
    user: str
    role: Role
    label: str
    created_ms: int
    expires_ms: int | None = None
    locations: tuple[str, ...] = ()
    used_ms: int | None = None

    @property
    def id(self) -> str:
        """The beginning of its key: what a person calls it by."""
        return self.key[:_KEY_SHOWN]

    def counts_at(self, now_ms: int) -> bool:
        return self.expires_ms is None or now_ms < self.expires_ms

    def to_document(self) -> dict[str, Any]:
        times = {"expiresMs": self.expires_ms, "usedMs": self.used_ms}
        return {
            "key": self.key,
            "kind": self.kind,
            "user": self.user,
            "role": str(self.role),
            "label": self.label,
            "createdMs": self.created_ms,
            **{name: ms for name, ms in times.items() if ms is not None},
            **_limits(self.locations),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Credential:
        return cls(
            document["key"],
            document["kind"],
            document["user"],
            Role(document["role"]),
            document["label"],
            document["createdMs"],
            document.get("expiresMs"),
            tuple(document.get("locations", ())),
            document.get("usedMs"),
        )


@dataclass(frozen=True, slots=True)
class TokenWish:
    """The token that is wanted: ``role`` None for the user's, at most that; ``days`` None for ever."""

    role: Role | None = None
    label: str = ""
    days: int | None = None
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, by what, and how far it sees. ``key`` is None where nobody has to sign in."""

    user: str
    role: Role
    key: str | None = None
    kind: Kind | None = None
    expires_ms: int | None = None
    scope: Scope = EVERYWHERE

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]


OPEN = Caller(ANONYMOUS, Role.ADMINISTRATOR)
"""Everybody, where there are no users: whoever reaches the service may do everything."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """All users by name, all credentials by key."""

    users: Mapping[str, User]
    credentials: Mapping[str, Credential]

    def caller(self, key: str, now_ms: int) -> Caller | None:
        """Who holds the credential with this key, None where it is unknown or does not count any more."""
        found = self.credentials.get(key)
        user = None if found is None else self.users.get(found.user)
        if found is None or user is None or user.disabled or not found.counts_at(now_ms):
            return None
        role, limits = lower_of(found.role, user.role), Scope.of(user.locations)
        limits = limits.within(Scope.of(found.locations))
        return Caller(user.name, role, key, found.kind, found.expires_ms, limits)

    def credentials_of(self, name: str) -> list[Credential]:
        """The sessions and tokens of a user, the oldest of each first."""
        mine = [one for one in self.credentials.values() if one.user == name]
        return sorted(mine, key=lambda one: (one.kind, one.created_ms))

    def governed_without(self, name: str) -> bool:
        """Whether somebody other than ``name`` may administer everything."""
        return any(one.governs for one in self.users.values() if one.name != name)


NOBODY = Accounts({}, {})


def new_secret(kind: Kind) -> str:
    """256 random bits as text that a header and a cookie can hold."""
    return f"{TOKEN_MARK if kind == 'token' else ''}{secrets.token_urlsafe(32)}"


def key_of(secret: str) -> str:
    """What is stored of a secret. It is random, so that a plain hash of it gives nothing away."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_token(user: User, wish: TokenWish, now_ms: int) -> tuple[Credential, str]:
    """A token for ``user``, and its secret, which is stored nowhere."""
    secret, role = new_secret("token"), lower_of(wish.role or user.role, user.role)
    ends_ms = None if wish.days is None else now_ms + wish.days * DAY_MS
    token = Credential(key_of(secret), "token", user.name, role, wish.label, now_ms, ends_ms, wish.locations)
    return token, secret


def token_note(token: Credential) -> dict[str, Any]:
    """What the audit trail says of a token that was made."""
    about = {"account": token.user, "tokenId": token.id, "role": str(token.role), "label": token.label}
    return {**about, **_limits(token.locations)}


def user_name(text: str) -> str:
    """``text`` as the name of a user, in lower case; ValueError where it can't be one."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise ValueError(f"{NAME_WANTED} were wanted")
    return name


def checked_locations(names: Iterable[object]) -> tuple[str, ...]:
    """``names`` of locations, each once and trimmed; ValueError where one can't be a location's."""
    found: dict[str, str] = {}
    for name in names:
        text = name.strip() if isinstance(name, str) else ""
        if not 1 <= len(text) <= LOCATION_LENGTH or not text.isprintable():
            raise ValueError(f"names of locations, 1 to {LOCATION_LENGTH} characters each, were wanted")
        found.setdefault(text.casefold(), text)
    if len(found) > MAX_LOCATIONS:
        raise ValueError(f"at most {MAX_LOCATIONS} locations were wanted")
    return tuple(found.values())


def account_note(user: User, before: User | None = None) -> dict[str, Any]:
    """What the audit trail says of a user who was changed, without the password."""

    def facts(one: User) -> dict[str, Any]:
        return {"role": str(one.role), "locations": list(one.locations), "disabled": one.disabled}

    now, then = facts(user), {} if before is None else facts(before)
    changed = {name: then[name] for name in then if then[name] != now[name]}
    return {"account": user.name, **now, **({"before": changed} if changed else {})}


def _limits(locations: Iterable[str]) -> dict[str, Any]:
    return {"locations": list(locations)} if locations else {}


def checked_password(text: str) -> str:
    """``text``, where it may be a password; ValueError, without it, where it may not."""
    least, most = PASSWORD_LENGTH
    if not least <= len(text) <= most:
        raise ValueError(f"{least} to {most} characters were wanted")
    return text
