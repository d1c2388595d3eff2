"""Users, sessions and tokens in the storage, on every engine."""

from __future__ import annotations

from cms.account import NOBODY, Accounts, Credential, Kind, User
from cms.actor import Act, Actor
from cms.audit import AuditFilter, Draft
from cms.role import Role
from cms.store.store import Store
from cms.tests.engines import NOW, Play, mongodb_database, mongodb_uri, play

__all__ = ["mongodb_database", "mongodb_uri", "play"]

ANN = User("ann", Role.MANAGER, "$argon2id$one")
BOB = User("bob", Role.VIEWER, "$argon2id$two")


def draft(action: str) -> Draft:
    return Draft(Act(Actor("cli:op"), action))


def credential(key: str, user: str, kind: Kind, ends_ms: int | None = None) -> Credential:
    return Credential(key * 64, kind, user, Role.VIEWER, "for tests", NOW - 5, ends_ms)


TOKEN = credential("a", "ann", "token")
SESSION = credential("b", "ann", "session", NOW + 1)


async def fill(store: Store) -> None:
    for user in (ANN, BOB):
        await store.put_user(user, draft("user-added"))
    for one in (TOKEN, SESSION):
        assert await store.put_credential(one, draft("sign-in"))


async def actions(store: Store) -> list[str]:
    return [str(one.document["action"]) for one in await store.audit(AuditFilter(user="cli:op"))][::-1]


def test_there_is_nobody_at_first(play: Play) -> None:
    async def scenario(store: Store) -> None:
        assert await store.accounts() == NOBODY

    play(scenario)


def test_what_was_put_is_found_as_it_was(play: Play) -> None:
    async def scenario(store: Store) -> None:
        await fill(store)
        expected = Accounts({"ann": ANN, "bob": BOB}, {TOKEN.key: TOKEN, SESSION.key: SESSION})
        assert await store.accounts() == expected
        assert await actions(store) == ["user-added", "user-added", "sign-in", "sign-in"]

    play(scenario)


def test_changing_a_user_ends_the_sessions_and_keeps_the_tokens(play: Play) -> None:
    async def scenario(store: Store) -> None:
        await fill(store)
        changed = User("ann", Role.VIEWER, "$argon2id$three")
        await store.put_user(changed, draft("role-changed"))
        found = await store.accounts()
        assert (found.users["ann"], set(found.credentials)) == (changed, {TOKEN.key})

    play(scenario)


def test_removing_a_user_removes_every_credential(play: Play) -> None:
    async def scenario(store: Store) -> None:
        await fill(store)
        assert await store.remove_user("ann", draft("user-removed"))
        assert await store.accounts() == Accounts({"bob": BOB}, {})
        assert not await store.remove_user("ann", draft("again"))
        assert not await store.put_credential(TOKEN, draft("too-late"))
        assert (await actions(store))[-1] == "user-removed"

    play(scenario)


def test_a_credential_ends_once(play: Play) -> None:
    async def scenario(store: Store) -> None:
        await fill(store)
        assert await store.remove_credential(TOKEN.key, draft("token-revoked"))
        assert not await store.remove_credential(TOKEN.key, draft("again"))
        assert set((await store.accounts()).credentials) == {SESSION.key}
        assert (await actions(store))[-1] == "token-revoked"

    play(scenario)


def test_those_whose_time_is_over_are_forgotten(play: Play) -> None:
    async def scenario(store: Store) -> None:
        await fill(store)
        assert await store.put_credential(credential("c", "bob", "session", NOW), draft("sign-in"))
        assert await store.put_credential(credential("d", "bob", "token"), draft("token-added"))
        assert set((await store.accounts()).credentials) == {"a" * 64, "b" * 64, "d" * 64}

    play(scenario)
