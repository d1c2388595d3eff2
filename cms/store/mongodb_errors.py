"""Errors of MongoDB and of its driver as sentences: what went wrong with which database, and what to do.

The driver's own texts can hold stored values and the whole topology, so that none of them is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import BSONError, InvalidDocument
from pymongo import errors

from cms.errors import StoreBusy, StoreError
from cms.store.mongodb_address import MongoAddress

UNSTORABLE = (BSONError, OverflowError, UnicodeEncodeError)
"""What the driver raises for a value that BSON can't hold, before anything is sent."""

DUPLICATE_KEY = 11000

_SENTENCES = {
    8: "refused the user or the password of CMS_DATABASE",
    11: "knows no such user as CMS_DATABASE names",
    13: "does not allow this user to read and write it: it takes the role readWrite",
    18: "refused the user or the password of CMS_DATABASE",
    14031: "can't be written: its disk is full",
}
_BUSY_CODES = frozenset({50, 64, 89, 91, 112, 189, 262, 10107, 11600, 11602, 13435, 13436})
"""Out of time, or a server that is going, or not the one that writes now: the same works in a while."""


@contextmanager
def converted(address: MongoAddress) -> Iterator[None]:
    """Let errors of the driver out as StoreError alone."""
    try:
        yield
    except (errors.PyMongoError, *UNSTORABLE) as exc:
        raise store_error(exc, address) from exc


def store_error(exc: Exception, address: MongoAddress) -> StoreError:
    """``exc`` as what a caller of the store may see; StoreBusy where the same may work in a while."""
    if isinstance(exc, InvalidDocument) and "too large" in str(exc):
        return StoreError(f"The database {address} can't hold that much in one document: 16 MB is the limit")
    if isinstance(exc, UNSTORABLE):
        return StoreError(f"The database {address} can't hold a value of this: nothing was stored")
    if isinstance(exc, errors.ServerSelectionTimeoutError | errors.WaitQueueTimeoutError):
        return StoreBusy(f"The database {address} is unreachable; nothing was stored, try again later")
    if is_busy(exc):
        return StoreBusy(f"The database {address} did not answer in time, try again later")
    if isinstance(exc, errors.ConfigurationError):
        return StoreError(f"The database {address} can't be used: CMS_DATABASE has an option that is wrong")
    if isinstance(exc, errors.OperationFailure):
        return StoreError(
            f"The database {address} {_SENTENCES.get(exc.code or 0, f'refused, code {exc.code}')}"
        )
    return StoreError(f"The database {address} can't be used: {type(exc).__name__}")


def is_busy(exc: BaseException) -> bool:
    """Whether the server may well have done what it was asked for, or does it next time."""
    if isinstance(exc, errors.ConnectionFailure | errors.ExecutionTimeout | errors.WTimeoutError):
        return True
    if isinstance(exc, errors.PyMongoError) and exc.timeout:
        return True
    return isinstance(exc, errors.OperationFailure) and exc.code in _BUSY_CODES


def only_duplicates(exc: errors.BulkWriteError) -> bool:
    """Whether nothing was wrong but that some of the documents are there already."""
    wrong = (exc.details or {}).get("writeErrors", [])
    return bool(wrong) and all(one.get("code") == DUPLICATE_KEY for one in wrong)
