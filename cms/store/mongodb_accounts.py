"""Users in MongoDB, each with sessions and tokens in one document, and with the notes that are to be sealed.

A user that was removed stays, without anything but notes, until they are in the audit trail.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from cms.account import Accounts, Credential, User
from cms.errors import StoreBusy
from cms.store.mongodb_chain import AuditChain
from cms.store.mongodb_link import OPERATION_MS, Fields, Link, write_step
from cms.store.mongodb_record import Note, note_document, note_from

USERS = "users"


@dataclass(frozen=True, slots=True)
class Person:
    """``user`` is None before it is added and once it is removed."""

    user: User | None = None
    credentials: tuple[Credential, ...] = ()
    notes: tuple[Note, ...] = ()

    def noted(self, note: Note) -> Person:
        return replace(self, notes=(*self.notes, note))


Change = Callable[[Person], Person | None]
"""What a user is then; None where nothing is to be changed."""


class Users:
    """Each change is one write of one document, taken only where nobody else was faster."""

    def __init__(self, link: Link, chain: AuditChain) -> None:
        self._link = link
        self._chain = chain

    async def accounts(self) -> Accounts:
        people = [_person(one) async for one in self._link[USERS].find({"removed": 0})]
        users = [person.user for person in people if person.user is not None]
        credentials = [one for person in people for one in person.credentials]
        return Accounts({one.name: one for one in users}, {one.key: one for one in credentials})

    async def put_user(self, user: User, note: Note) -> None:
        def put(person: Person) -> Person:
            tokens = tuple(one for one in person.credentials if one.kind == "token")
            return replace(person, user=user, credentials=tokens).noted(note)

        await self._change(user.name, put)

    async def remove_user(self, name: str, note: Note) -> bool:
        def remove(person: Person) -> Person | None:
            return None if person.user is None else Person(None, (), person.notes).noted(note)

        return await self._change(name, remove)

    async def put_credential(self, credential: Credential, note: Note) -> bool:
        def put(person: Person) -> Person | None:
            if person.user is None:
                return None
            counting = tuple(one for one in person.credentials if one.counts_at(note.at_ms))
            return replace(person, credentials=(*counting, credential)).noted(note)

        return await self._change(credential.user, put)

    async def use_credential(self, key: str, now_ms: int) -> None:
        def use(person: Person) -> Person | None:
            used = tuple(replace(c, used_ms=now_ms) if c.key == key else c for c in person.credentials)
            return None if used == person.credentials else replace(person, credentials=used)

        holder = await self._holder(key)
        if holder is not None:
            await self._change(holder, use)

    async def remove_credential(self, key: str, note: Note) -> bool:
        def remove(person: Person) -> Person | None:
            kept = tuple(one for one in person.credentials if one.key != key)
            return None if kept == person.credentials else replace(person, credentials=kept).noted(note)

        holder = await self._holder(key)
        return holder is not None and await self._change(holder, remove)

    async def _holder(self, key: str) -> str | None:
        found = await self._link[USERS].find_one({"keys": {"$in": [key]}}, {"_id": 1})
        return None if found is None else str(found["_id"])

    async def sweep(self) -> None:
        """Seal what a broken connection left to be sealed."""
        async for one in self._link[USERS].find({"unmoved": 1}):
            await self._move(one["_id"], one["step"], _person(one))

    async def _change(self, name: str, change: Change) -> bool:
        deadline = time.monotonic() + OPERATION_MS / 1000
        while time.monotonic() < deadline:
            found = await self._link[USERS].find_one({"_id": name})
            person = change(Person() if found is None else _person(found))
            if person is None:
                return False
            step = 0 if found is None else int(found["step"])
            if await self._write(name, step, person):
                await self._move(name, step + 1, person)
                return True
        raise StoreBusy(f"The database {self._link.address} is busy: the user was not changed")

    async def _write(self, name: str, step: int, person: Person) -> bool:
        return await write_step(self._link[USERS], name, step, _document(person))

    async def _move(self, name: str, step: int, person: Person) -> None:
        await self._chain.append(person.notes)
        if person.user is None:
            await self._link[USERS].delete_one({"_id": name, "step": step})
        elif person.notes:
            await self._write(name, step, replace(person, notes=()))


def _document(person: Person) -> Fields:
    return {
        **({} if person.user is None else {"user": person.user.to_document()}),
        "removed": int(person.user is None),
        "credentials": [one.to_document() for one in person.credentials],
        "keys": [one.key for one in person.credentials],
        "drafts": [note_document(note) for note in person.notes],
        **({"unmoved": 1} if person.notes else {}),
    }


def _person(document: Fields) -> Person:
    user = document.get("user")
    return Person(
        None if user is None else User.from_document(user),
        tuple(Credential.from_document(one) for one in document["credentials"]),
        tuple(note_from(one) for one in document["drafts"]),
    )
