"""What an operator does about users at the database itself: add, list, change, remove, give tokens (issue 4).

A password is asked for at a terminal, or is the first line of standard input; it never stands on a command
line, where every user of the machine would see it. The service notices each change within a second.
"""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cms.account import (
    NAME_WANTED,
    Accounts,
    TokenWish,
    User,
    account_note,
    checked_locations,
    checked_password,
    new_token,
    token_note,
    user_name,
)
from cms.actor import Act
from cms.audit import Draft
from cms.database import Database
from cms.errors import SettingError, UnknownUser, UserTaken
from cms.maintenance import at_store, operator, say, wall_clock_ms
from cms.passwords import Passwords
from cms.role import Role
from cms.store.store import Store
from wire.timestamps import format_timestamp


def add(database: Database, name: str, role: Role, locations: Sequence[str] = ()) -> bool:
    """Add a user, who is limited to ``locations`` if there are any. UserTaken; the database is made where
    there is none.
    """
    places = _locations(locations)
    wanted, password = _name(name), _password()

    async def work(store: Store) -> bool:
        if wanted in (await store.accounts()).users:
            raise UserTaken(wanted)
        user = User(wanted, role, Passwords().hash(password), places)
        await store.put_user(user, Draft(Act(operator(), "user-added", account_note(user))))
        say(f"added user={wanted} role={role}{_at(places)}")
        return True

    return at_store(database, work, make=True)


def list_all(database: Database) -> bool:
    """Write a line for each user, and one for each session and token."""

    async def work(store: Store) -> bool:
        accounts = await store.accounts()
        for user in sorted(accounts.users.values(), key=lambda one: one.name):
            say(f"user={user.name} role={user.role}{_at(user.locations)}{' disabled' * user.disabled}")
            for one in accounts.credentials_of(user.name):
                ends = "never" if one.expires_ms is None else format_timestamp(one.expires_ms)
                label = f" label={one.label}" if one.label else ""
                since = format_timestamp(one.created_ms)
                limits = _at(one.locations)
                say(f"  {one.kind}={one.id} role={one.role}{limits} since={since} ends={ends}{label}")
        return True

    return at_store(database, work)


def change_password(database: Database, name: str) -> bool:
    """Set another password, which ends the user's sessions. UnknownUser."""
    hashed = Passwords().hash(_password())
    return _change(database, name, "password-changed", lambda user: replace(user, password_hash=hashed))


def change_role(database: Database, name: str, role: Role) -> bool:
    """Set another role, which ends the user's sessions. UnknownUser."""
    return _change(database, name, "role-changed", lambda user: replace(user, role=role))


def change_locations(database: Database, name: str, locations: Sequence[str]) -> bool:
    """Limit a user to ``locations``, to none without any; ends the user's sessions. UnknownUser."""
    places = _locations(locations)
    return _change(database, name, "locations-changed", lambda user: replace(user, locations=places))


def disable(database: Database, name: str) -> bool:
    """Keep a user out, tokens included, without forgetting it. UnknownUser."""
    return _change(database, name, "user-disabled", lambda user: replace(user, disabled=True))


def enable(database: Database, name: str) -> bool:
    """Let a user in again. UnknownUser."""
    return _change(database, name, "user-enabled", lambda user: replace(user, disabled=False))


def remove(database: Database, name: str) -> bool:
    """Remove a user with all sessions and tokens. UnknownUser."""

    async def work(store: Store) -> bool:
        user = _user(await store.accounts(), name)
        if not await store.remove_user(user.name, _draft("user-removed", user.name)):
            raise UnknownUser(name)
        say(f"removed user={user.name}")
        return True

    return at_store(database, work)


def give_token(database: Database, name: str, wish: TokenWish) -> bool:
    """Make a token and write it, once: it can't be read again. UnknownUser."""
    wish = replace(wish, locations=_locations(wish.locations))

    async def work(store: Store) -> bool:
        user = _user(await store.accounts(), name)
        token, secret = new_token(user, wish, wall_clock_ms())
        if not await store.put_credential(token, Draft(Act(operator(), "token-added", token_note(token)))):
            raise UnknownUser(name)
        about = f"token={token.id} user={user.name} role={token.role}{_at(token.locations)}"
        sys.stderr.write(f"{about}; it is shown this once:\n")
        say(secret)
        return True

    return at_store(database, work)


def revoke(database: Database, token_id: str) -> bool:
    """End a token or a session by its id, as ``list_all`` shows it. UnknownUser."""

    async def work(store: Store) -> bool:
        found = [one for one in (await store.accounts()).credentials.values() if one.id == token_id]
        if len(found) != 1:
            raise SettingError("TOKEN", token_id, "the id of a token or session was wanted, as list shows it")
        draft = _draft(f"{found[0].kind}-revoked", found[0].user, tokenId=token_id)
        await store.remove_credential(found[0].key, draft)
        say(f"revoked {found[0].kind}={token_id} user={found[0].user}")
        return True

    return at_store(database, work)


def _change(database: Database, name: str, action: str, changed: Callable[[User], User]) -> bool:
    async def work(store: Store) -> bool:
        before = _user(await store.accounts(), name)
        after = changed(before)
        await store.put_user(after, Draft(Act(operator(), action, account_note(after, before))))
        told = f"{' disabled' * after.disabled}"
        say(f"changed user={after.name} role={after.role}{_at(after.locations)}{told}")
        return True

    return at_store(database, work)


def _locations(names: Sequence[str]) -> tuple[str, ...]:
    try:
        return checked_locations(names)
    except ValueError as exc:
        raise SettingError("--location", ", ".join(names)[:80], str(exc)) from exc


def _at(locations: Sequence[str]) -> str:
    return "".join(f" location={json.dumps(name, ensure_ascii=False)}" for name in locations)


def _user(accounts: Accounts, name: str) -> User:
    found = accounts.users.get(_name(name))
    if found is None:
        raise UnknownUser(name)
    return found


def _name(text: str) -> str:
    try:
        return user_name(text)
    except ValueError as exc:
        raise SettingError("NAME", text[:80], f"{NAME_WANTED} were wanted") from exc


def _password() -> str:
    try:
        if not sys.stdin.isatty():
            return checked_password(sys.stdin.readline().rstrip("\r\n"))
        password = checked_password(getpass.getpass("Password: "))
        if getpass.getpass("Once more: ") != password:
            raise SettingError("PASSWORD", "***", "the same was wanted twice")
    except (ValueError, EOFError) as exc:
        raise SettingError("PASSWORD", "***", str(exc) or "one was wanted") from exc
    return password


def _draft(action: str, name: str, **facts: Any) -> Draft:
    return Draft(Act(operator(), action, {"account": name}), facts=facts)
