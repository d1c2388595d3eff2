"""A thread that owns one SQLite connection and does on it what the event loop asks, in order.

The writer commits everything that waits at that moment at once (group commit): each job has its own
savepoint, so that one that fails takes nothing else with it, and nobody is answered before the commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from cms.errors import StoreBusy, StoreError
from cms.log import event
from cms.store.sqlite_errors import store_error

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

MAX_WAITING = 10_000
"""How many jobs may wait; the next one is refused with StoreBusy."""

ANSWER_S = 30.0
"""How long a job may take, the wait for its turn included: a disk may hang for ever."""

MAX_GROUP = 256
"""How many jobs share a commit at most."""


@dataclass(slots=True)
class _Task:
    job: Job[Any]
    future: asyncio.Future[Any]
    result: Any = None
    failure: Exception | None = None

    def attempt(self, db: sqlite3.Connection) -> None:
        try:
            self.result = self.job(db)
        except Exception as exc:  # noqa: BLE001 - it belongs to whoever awaits the job, and is raised there
            self.failure = exc

    def settle(self) -> None:
        if self.future.done():  # its caller was cancelled
            return
        if self.failure is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.failure)


class Worker:
    """``connect`` is called in the thread; ``path`` is for the sentences of errors."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], path: str, *, writes: bool) -> None:
        self._connect = connect
        self._path = path
        self._writes = writes
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Connect; StoreError where that fails."""
        ready = _Task(lambda _: None, asyncio.get_running_loop().create_future())
        name = f"store-{'write' if self._writes else 'read'}"
        thread = threading.Thread(target=self._work, args=(ready,), name=name, daemon=True)
        thread.start()
        try:
            await ready.future
        except asyncio.CancelledError:
            self._queue.put(None)
            raise
        self._thread = thread

    async def run(self, job: Job[T]) -> T:
        """What ``job`` returns, once it is committed; StoreError for every error of SQLite."""
        self._require_thread()
        if self._queue.qsize() >= MAX_WAITING:
            raise StoreBusy(f"The database {self._path} is busy: {MAX_WAITING} orders wait for it")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Task(job, future))
        self._require_thread()  # it looks into the queue for the last time after it has gone
        try:
            async with asyncio.timeout(ANSWER_S):
                return await future
        except TimeoutError as exc:
            raise StoreBusy(
                f"The database {self._path} did not answer within {ANSWER_S:g} s: what was ordered may be "
                f"stored all the same, look before you order it again"
            ) from exc

    def _require_thread(self) -> None:
        if self._thread is None:
            raise StoreError(f"The database {self._path} is closed")

    async def stop(self) -> None:
        """Finish what waits, close the connection, end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(thread.join)

    def _work(self, ready: _Task) -> None:
        try:
            db = self._connect()
        except Exception as exc:  # noqa: BLE001 - it belongs to whoever awaits the start
            ready.failure = exc
            self._settle([ready])
            return
        self._settle([ready])
        try:
            self._serve(db)
        finally:
            db.close()

    def _serve(self, db: sqlite3.Connection) -> None:
        group: list[_Task] = []
        going_on = True
        try:
            while going_on:
                group, going_on = self._next_group()
                self._do(db, group)
                self._settle(group)
        except Exception as exc:  # noqa: BLE001 - a defect: nobody must wait for a thread that is dead
            event("!", "storage thread died", path=self._path, reason=repr(exc))
            self._thread = None
            self._queue.put(None)
            while (task := self._queue.get()) is not None:
                group.append(task)
            for task in group:
                task.failure = task.failure or exc
            self._settle(group)

    def _next_group(self) -> tuple[list[_Task], bool]:
        """What waits now, at least one task, and whether there is more to come."""
        group: list[_Task] = []
        try:
            task = self._queue.get()
            while task is not None:
                group.append(task)
                if len(group) == MAX_GROUP:
                    return group, True
                task = self._queue.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _do(self, db: sqlite3.Connection, group: Sequence[_Task]) -> None:
        if not self._writes:
            for task in group:
                task.attempt(db)
            return
        try:
            _in_one_transaction(db, group)
        except sqlite3.Error as exc:
            if db.in_transaction:
                db.execute("ROLLBACK")
            for task in group:
                task.failure = task.failure or exc

    def _settle(self, group: Sequence[_Task]) -> None:
        """Answer those who wait. Where their loop is gone, nobody waits any more."""
        for task in group:
            if isinstance(task.failure, sqlite3.Error):
                error = store_error(task.failure, self._path)
                error.__cause__ = task.failure
                task.failure = error
        by_loop: dict[asyncio.AbstractEventLoop, list[_Task]] = {}
        for task in group:
            by_loop.setdefault(task.future.get_loop(), []).append(task)
        for loop, tasks in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle_all, tasks)


def _in_one_transaction(db: sqlite3.Connection, group: Sequence[_Task]) -> None:
    if not group:
        return
    db.execute("BEGIN IMMEDIATE")
    for task in group:
        db.execute("SAVEPOINT job")
        task.attempt(db)
        if isinstance(task.failure, sqlite3.Error) and not db.in_transaction:
            raise task.failure  # a full disk, say: SQLite has taken the whole transaction back
        if task.failure is not None:
            db.execute("ROLLBACK TO job")
        db.execute("RELEASE job")
    db.execute("COMMIT")


def _settle_all(tasks: Sequence[_Task]) -> None:
    for task in tasks:
        task.settle()
