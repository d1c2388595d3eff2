"""What SMIBs reported, in MongoDB: a document for each relay id.

The fields are stored as JSON text: a device may name them, and fill them, with what no document can hold,
such as a null, a name with a dot, or a number of 30 digits.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence

from pymongo.errors import DuplicateKeyError

from cms.errors import StoreBusy
from cms.standing import FieldReport
from cms.store.document import reported_document, reported_from
from cms.store.mongodb_link import OPERATION_MS, Fields, Link
from cms.store.store import RelayReport

REPORTS = "reports"
_CHUNK = 1_000

SAME_MS = 2_000
"""What is stored is not stored again so soon: several processes hear each answer, one of them writes."""

Reported = dict[str, dict[str, FieldReport]]


class Reports:
    """Merged per field, with compare-and-set: two processes may hear the same device."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def of(self, relay_ids: Sequence[str]) -> dict[str, Reported]:
        """What these reported, where they did."""
        found: dict[str, Reported] = {}
        for start in range(0, len(relay_ids), _CHUNK):
            wanted = {"_id": {"$in": list(relay_ids[start : start + _CHUNK])}}
            found |= {one["_id"]: self._read(one) async for one in self._link[REPORTS].find(wanted)}
        return found

    async def merge(self, relay_id: str, parts: Sequence[RelayReport]) -> Reported:
        """Keep what these parts name, and tell all that is known of the relay then."""
        deadline = time.monotonic() + OPERATION_MS / 1000
        while time.monotonic() < deadline:
            stored = await self._link[REPORTS].find_one({"_id": relay_id})
            reported = {} if stored is None else self._read(stored)
            if all(_is_known(reported, part) for part in parts):
                return reported
            merged = _merged(reported, parts)
            if await self._put(relay_id, stored, merged):
                return merged
        raise StoreBusy(f"The database {self._link.address} is busy: a report of {relay_id} was not stored")

    def _read(self, document: Fields) -> Reported:
        return reported_from(json.loads(self._link.vault.opened_text(document["reported"])))

    async def _put(self, relay_id: str, stored: Fields | None, reported: Reported) -> bool:
        text = self._link.vault.sealed_text(json.dumps(reported_document(reported)))
        if stored is None:
            try:
                await self._link[REPORTS].insert_one({"_id": relay_id, "step": 1, "reported": text})
            except DuplicateKeyError:
                return False
            return True
        step = stored["step"]
        document = {"step": step + 1, "reported": text}
        done = await self._link[REPORTS].replace_one({"_id": relay_id, "step": step}, document)
        return done.matched_count == 1


def _is_known(reported: Reported, part: RelayReport) -> bool:
    """Whether another process has stored this answer, or one that says the same."""
    stored = reported.get(part.component, {})
    return all(
        (known := stored.get(name)) is not None
        and known.value == report.value
        and type(known.value) is type(report.value)
        and abs(report.at_ms - known.at_ms) < SAME_MS
        for name, report in part.fields.items()
    )


def _merged(reported: Reported, parts: Iterable[RelayReport]) -> Reported:
    """The later report of each field counts: another process may have heard, and stored, what came after."""
    for part in parts:
        stored = reported.setdefault(part.component, {}) if part.fields else {}
        for name, report in part.fields.items():
            known = stored.get(name)
            if known is None or known.at_ms <= report.at_ms:
                stored[name] = report
    return reported
