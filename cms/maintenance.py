"""What an operator does at the database itself: check the audit trail, carry cabinets in and out (section 7).

The service may run meanwhile: both write through the same engine.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from cms import cabinets_text
from cms.actor import Act, Actor
from cms.audit import Chain, Draft
from cms.database import Database, file_of
from cms.errors import SettingError, StoreError
from cms.store.store import Store

CHUNK = 1_000
STDIO = "-"


@dataclass(frozen=True, slots=True)
class Cargo:
    """A file with cabinets, ``-`` for standard input or output; ``form`` where its name does not say."""

    file: str
    form: str | None = None

    def format(self) -> str:
        form = self.form or cabinets_text.form_of(self.file)
        if form is None:
            wanted = f"--format was wanted, or a file that ends in one of {', '.join(cabinets_text.MEDIA)}"
            raise SettingError("FILE", self.file, wanted)
        return form

    def read(self) -> str:
        try:
            return sys.stdin.read() if self.file == STDIO else Path(self.file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingError("FILE", self.file, f"a text in UTF-8 was wanted: {exc}") from exc

    def write(self, text: str) -> None:
        """Into a file for its owner alone: it may hold the passwords of the floor."""
        if self.file == STDIO:
            sys.stdout.write(text)
            return
        try:
            handle = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as exc:
            raise SettingError("FILE", self.file, f"it can't be written: {exc.strerror}") from exc


def verify(database: Database, head: str | None) -> bool:
    """Check the audit trail, and say what was found; False where it is broken, or does not hold ``head``."""
    return at_store(database, lambda store: _verify(store, head))


def export_cabinets(database: Database, cargo: Cargo, *, secrets: bool) -> bool:
    """Write all cabinets; passwords as ``***`` unless they are wanted."""
    return at_store(database, lambda store: _export(store, cargo, secrets))


def import_cabinets(database: Database, cargo: Cargo, *, update: bool, dry_run: bool) -> bool:
    """Add the cabinets of a file. CabinetsError with every fault at once, RelayTaken."""
    form, text = cargo.format(), cargo.read()
    cabinets = cabinets_text.read(text, form, cargo.file)

    async def take_in(store: Store) -> bool:
        act = Act(operator(), "import", {"format": form})
        done = await store.import_cabinets(cabinets, act, update=update, dry_run=dry_run)
        counts = f"added={len(done.added)} updated={len(done.updated)} skipped={len(done.skipped)}"
        say(f"{'would import' if dry_run else 'imported'} {counts}")
        return True

    return at_store(database, take_in, make=True)


async def _verify(store: Store, head: str | None) -> bool:
    chain, seen = Chain(), head is None
    while entries := await store.audit_chain(chain.count, CHUNK):
        broken = chain.follow(entries)
        if broken is not None:
            say(f"broken entry={broken.seq}: {broken.reason}")
            return False
        seen = seen or any(entry.hash == head for entry in entries)
    if not seen:
        say(f"broken: no entry has the hash {head}; entries={chain.count} head={chain.head}")
        return False
    say(f"intact entries={chain.count} head={chain.head}")
    return True


async def _export(store: Store, cargo: Cargo, secrets: bool) -> bool:
    form = cargo.format() if cargo.file != STDIO else cargo.form or "yaml"
    cabinets = await store.cabinets()
    facts = {"what": "cabinets", "format": form, "count": len(cabinets), "passwords": secrets}
    await store.record(Draft(Act(operator(), "export"), facts=facts))
    cargo.write(cabinets_text.written(cabinets, form, secrets=secrets))
    if cargo.file != STDIO:
        say(f"exported cabinets={len(cabinets)} file={cargo.file}")
    return True


def at_store(database: Database, work: Callable[[Store], Awaitable[bool]], *, make: bool = False) -> bool:
    """Do ``work`` on the open store; a database that is not there is not made, unless ``make``."""
    file = file_of(database.uri)
    if not make and file is not None and not file.exists():
        raise StoreError(f"There is no database {database.uri}: name it with --database or CMS_DATABASE")
    store = database.store(wall_clock_ms)

    async def whole() -> bool:
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(whole())


def wall_clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def operator() -> Actor:
    """Whoever runs the command, by the name of their account."""
    try:
        return Actor(f"cli:{getpass.getuser()}")
    except (KeyError, OSError):  # an account without a name, as containers have
        return Actor(f"cli:uid-{os.getuid()}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
