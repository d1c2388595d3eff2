"""Who may come in: users, sessions and tokens, and when they end (issue 4, "Security")."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from limits.aio.storage import Storage

from cms import log
from cms.account import NOBODY, OPEN, Accounts, Caller, Credential, User, key_of, new_secret
from cms.actor import Act, Actor
from cms.audit import Draft
from cms.errors import NotSignedIn, SignInFailed, StoreError, TooManyRequests
from cms.handlers.records import Records
from cms.limit import Limit
from cms.passwords import Passwords
from cms.scope import Scope
from cms.store.store import Store

LOOK_EVERY_S = 1.0
"""How soon a stream ends whose session or right was ended by another program."""

TRIES, TRIES_FROM_ONE_PLACE = 5, 30
"""Sign-ins in a minute: of one user from one address, and of all users from one address."""

TELL_USE_MS = 60_000
"""How often the storage is told that a session is used."""

Ender = Callable[[Callable[[object, str | None], bool]], object]
"""Ends the streams whose holder and relay fit."""

Sees = Callable[[Scope, str], bool]
"""Whether a relay is within a scope, as far as is known."""


@dataclass(frozen=True, slots=True)
class Terms:
    """``may_be_open``: without users everybody may do everything. A session lasts ``session_ms``, and ends
    earlier where nothing was asked by it for ``idle_ms``, 0 for however long.
    """

    may_be_open: bool
    session_ms: int
    idle_ms: int = 0


class Access:
    """Knows every user, session and token. What another program changes is noticed within a second; a
    credential that is not known is looked for at once.

    Open access ends, for as long as the service runs, with the first user.
    """

    def __init__(
        self,
        store: Store,
        records: Records,
        terms: Terms,
        clock_ms: Callable[[], int],
        counters: Storage,
    ) -> None:
        self._store = store
        self._records = records
        self._terms = terms
        self._clock_ms = clock_ms
        self._passwords = Passwords()
        self._tries = Limit("sign-ins of this user", TRIES, counters)
        self._tries_from_one_place = Limit("sign-ins from this address", TRIES_FROM_ONE_PLACE, counters)
        self._accounts: Accounts = NOBODY
        self._used: dict[str, int] = {}
        self._open = terms.may_be_open
        self._end_streams: Ender = lambda _fits: None
        self._sees: Sees = lambda _scope, _relay_id: True

    @property
    def open(self) -> bool:
        """Whether nobody has to sign in."""
        return self._open

    def on_end(self, end_streams: Ender, sees: Sees) -> None:
        self._end_streams, self._sees = end_streams, sees

    async def refresh(self) -> Accounts:
        """Look at the storage, and end the streams of those who may no longer what they might. StoreError."""
        self._accounts = await self._store.accounts()
        self._used = {key: ms for key, ms in self._used.items() if key in self._accounts.credentials}
        self._open = self._open and not self._accounts.users
        self._end_streams(self._may_not)
        return self._accounts

    async def run(self) -> None:
        """Look again and again, for ever: the task of the service."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.refresh()
                await self._records.tell_refusals()
            except StoreError as exc:
                log.event("!", "users not read", reason=str(exc))

    def _may_not(self, holder: object, relay_id: str | None) -> bool:
        """Whether ``holder`` may no longer read the stream of this relay."""
        if not isinstance(holder, Caller):
            return False
        return not self.stands(holder) or (relay_id is not None and not self._sees(holder.scope, relay_id))

    def stands(self, caller: Caller) -> bool:
        """Whether ``caller`` is still who it was, with the same role."""
        if caller.key is None:
            return self._open
        return self._known(caller.key) == caller

    async def caller(self, secret: str, *, attended: bool = True) -> Caller:
        """Who shows this secret; NotSignedIn, StoreError. What is not attended is no use of a session."""
        key = key_of(secret)
        found = self._known(key)
        if found is None:
            await self.refresh()
            found = self._known(key)
        if found is not None:
            if attended:
                await self._note_use(key)
            return found
        if self._open:
            return OPEN
        raise NotSignedIn(stale=True)

    async def sign_in(self, name: str, password: str, actor: Actor) -> tuple[Caller, str]:
        """Begin a session: its caller and its secret. SignInFailed, TooManyRequests, StoreError."""
        try:
            await self._tries_from_one_place.take(actor.address)
            await self._tries.take(actor.address, name)
        except TooManyRequests as exc:
            await self._records.refused(actor, "signIn", None, exc)
            raise
        user = (await self.refresh()).users.get(name)
        user = None if user is None or user.disabled else user
        fits = await self._passwords.fits(None if user is None else user.password_hash, password)
        if user is None or not fits:
            # A name that nobody has may be a password that was typed into the wrong field.
            who = replace(actor, user=actor.user if user is None else user.name)
            failed = SignInFailed()
            await self._records.refused(who, "signIn", None, failed)
            raise failed
        await self._tries.forgive(actor.address, name)
        return await self._begin(user, replace(actor, user=name))

    async def change_password(self, caller: Caller, old: str, new: str, actor: Actor) -> tuple[Caller, str]:
        """Change the caller's own, which ends all its sessions, and begin another one.

        SignInFailed where ``old`` is not the password, NotSignedIn where ``caller`` is nobody any more,
        TooManyRequests, StoreError.
        """
        await self._tries.take(actor.address, caller.user)
        user = self._user_of(caller)
        if not await self._passwords.fits(user.password_hash, old):
            failed = SignInFailed()
            await self._records.refused(actor, "changePassword", None, failed)
            raise failed
        await self._tries.forgive(actor.address, caller.user)
        hashed = await self._passwords.hashed(new)
        await self.refresh()
        changed = replace(self._user_of(caller), password_hash=hashed)
        note = {"account": user.name}
        await self._store.put_user(changed, Draft(Act(actor, "password-changed", note)))
        return await self._begin(changed, actor)

    async def sign_out(self, caller: Caller, actor: Actor, *, everywhere: bool = False) -> None:
        """End the session, or all of this user, and their streams with them."""
        if caller.key is None:
            return
        mine = self._accounts.credentials_of(caller.user) if everywhere else []
        keys = [one.key for one in mine if one.kind == "session"] or [caller.key]
        for key in keys:
            await self._store.remove_credential(key, Draft(Act(actor, "sign-out")))
        await self.refresh()

    def _known(self, key: str) -> Caller | None:
        """Who holds this credential, None where it does not count, or was not used for too long."""
        now_ms = self._clock_ms()
        found = self._accounts.caller(key, now_ms)
        if found is None or found.kind != "session" or not self._terms.idle_ms:
            return found
        return None if now_ms - self._last_use(key) >= self._terms.idle_ms else found

    def _last_use(self, key: str) -> int:
        stored = self._accounts.credentials[key]
        return max(stored.created_ms, stored.used_ms or 0, self._used.get(key, 0))

    async def _note_use(self, key: str) -> None:
        """Remember it, and tell other processes of it now and then."""
        credential = self._accounts.credentials[key]
        if credential.kind != "session" or not self._terms.idle_ms:
            return
        now_ms = self._clock_ms()
        told_ms = credential.used_ms or credential.created_ms
        self._used[key] = now_ms
        if now_ms - told_ms >= min(TELL_USE_MS, self._terms.idle_ms // 4):
            await self._store.use_credential(key, now_ms)
            self._accounts = await self._store.accounts()

    def _user_of(self, caller: Caller) -> User:
        """NotSignedIn where ``caller`` is nobody any more."""
        if not self.stands(caller):
            raise NotSignedIn(stale=True)
        return self._accounts.users[caller.user]

    async def _begin(self, user: User, actor: Actor) -> tuple[Caller, str]:
        """SignInFailed where somebody changed ``user`` since the password was looked at."""
        if (await self.refresh()).users.get(user.name) != user:
            raise SignInFailed
        secret, now_ms = new_secret("session"), self._clock_ms()
        ends_ms = now_ms + self._terms.session_ms
        session = Credential(key_of(secret), "session", user.name, user.role, "", now_ms, ends_ms)
        if not await self._store.put_credential(session, Draft(Act(actor, "sign-in"))):
            raise SignInFailed
        await self.refresh()
        caller = self._known(session.key)
        if caller is None:
            raise SignInFailed
        return caller, secret
