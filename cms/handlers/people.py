"""Users and what they sign in with, administered by one of them (issue 4, "Security")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cms.account import Accounts, Credential, TokenWish, User, account_note, new_token, token_note
from cms.actor import Act, Actor
from cms.audit import Draft
from cms.errors import NoGovernor, UnknownCredential, UnknownUser, UserTaken
from cms.handlers.access import Access
from cms.passwords import Passwords
from cms.role import Role
from cms.store.store import Store


@dataclass(frozen=True, slots=True)
class Person:
    """A user, and the sessions and tokens of it."""

    user: User
    credentials: tuple[Credential, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different of a user; None stays as it is."""

    role: Role | None = None
    locations: tuple[str, ...] | None = None
    disabled: bool | None = None
    password: str | None = None


class People:
    """Administers users. What it changes is in force at once: sessions and streams end with their rights."""

    def __init__(self, store: Store, access: Access, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._access = access
        self._clock_ms = clock_ms
        self._passwords = Passwords()

    async def all(self) -> list[Person]:
        """By name."""
        accounts = await self._store.accounts()
        users = sorted(accounts.users.values(), key=lambda user: user.name)
        return [Person(user, tuple(accounts.credentials_of(user.name))) for user in users]

    async def add(self, name: str, change: Change, actor: Actor) -> Person:
        """A new user, a viewer unless ``change`` says otherwise. UserTaken, NoGovernor."""
        hashed = await self._hashed(change)
        accounts = await self._store.accounts()
        if name in accounts.users:
            raise UserTaken(name)
        user = _changed(User(name, Role.VIEWER, ""), change, hashed)
        _require_governor(accounts, user)
        await self._put(user, Draft(Act(actor, "user-added", account_note(user))))
        return Person(user)

    async def change(self, name: str, change: Change, actor: Actor) -> Person:
        """Change a user, which ends its sessions. UnknownUser, NoGovernor."""
        hashed = await self._hashed(change)
        accounts = await self._store.accounts()
        before = _user(accounts, name)
        user = _changed(before, change, hashed)
        _require_governor(accounts, user)
        password = {"password": "changed"} if change.password is not None else {}
        note = {**account_note(user, before), **password}
        await self._put(user, Draft(Act(actor, "user-changed", note)))
        return await self.one(name)

    async def one(self, name: str) -> Person:
        """UnknownUser."""
        accounts = await self._store.accounts()
        return Person(_user(accounts, name), tuple(accounts.credentials_of(name)))

    async def remove(self, name: str, actor: Actor) -> None:
        """Remove a user with all sessions and tokens. UnknownUser, NoGovernor."""
        accounts = await self._store.accounts()
        user = _user(accounts, name)
        _require_governor(accounts, replace(user, disabled=True))
        if not await self._store.remove_user(name, Draft(Act(actor, "user-removed", {"account": name}))):
            raise UnknownUser(name)
        await self._access.refresh()

    async def give_token(self, name: str, wish: TokenWish, actor: Actor) -> tuple[Credential, str]:
        """A token, and its secret, which can't be read again. UnknownUser."""
        user = _user(await self._store.accounts(), name)
        token, secret = new_token(user, wish, self._clock_ms())
        draft = Draft(Act(actor, "token-added", token_note(token)))
        if not await self._store.put_credential(token, draft):
            raise UnknownUser(name)
        await self._access.refresh()
        return token, secret

    async def revoke(self, name: str, credential_id: str, actor: Actor) -> None:
        """End a session or a token. UnknownUser, UnknownCredential."""
        accounts = await self._store.accounts()
        mine = accounts.credentials_of(_user(accounts, name).name)
        for one in _called(mine, credential_id):
            note = {"account": name, "tokenId": one.id}
            if await self._store.remove_credential(one.key, Draft(Act(actor, f"{one.kind}-revoked", note))):
                await self._access.refresh()
                return
        raise UnknownCredential(name, credential_id)

    async def _put(self, user: User, draft: Draft) -> None:
        await self._store.put_user(user, draft)
        await self._access.refresh()

    async def _hashed(self, change: Change) -> str | None:
        """Takes its time: before anything is read that somebody else may change meanwhile."""
        return None if change.password is None else await self._passwords.hashed(change.password)


def _changed(user: User, change: Change, hashed: str | None) -> User:
    return replace(
        user,
        role=change.role or user.role,
        locations=user.locations if change.locations is None else change.locations,
        disabled=user.disabled if change.disabled is None else change.disabled,
        password_hash=hashed or user.password_hash,
    )


def _user(accounts: Accounts, name: str) -> User:
    found = accounts.users.get(name)
    if found is None:
        raise UnknownUser(name)
    return found


def _called(credentials: Sequence[Credential], credential_id: str) -> list[Credential]:
    return [one for one in credentials if one.id == credential_id]


def _require_governor(accounts: Accounts, user: User) -> None:
    """Somebody must be left who may administer everything, once ``user`` is as it is to be."""
    if not user.governs and not accounts.governed_without(user.name):
        raise NoGovernor(user.name)
