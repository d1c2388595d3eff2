"""What the CMS asks of its storage, whatever the engine (contract, section 6).

An engine without transactions over several documents keeps a cabinet, its outbox entries and the audit drafts
of what was done to it in one document, and moves the drafts into the chain afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cms.account import Accounts, Credential, User
from cms.actor import Act
from cms.audit import AuditEntry, AuditFilter, Draft
from cms.cabinet import Cabinet, ConfigChange
from cms.revision import Revision
from cms.sheet import Kind, Sheet
from cms.standing import FieldReport, Standing
from cms.store.entry import CommandOrder, OutboxEntry, OutboxFilter, Settlement, State

NO_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Ordered:
    """What an order left behind: the cabinet as it is stored now, and what waits to be sent for it.

    ``reduced`` are the entries that were sent before and not confirmed yet, as they are now that this order
    names some of their fields.
    """

    cabinet: Cabinet
    entries: tuple[OutboxEntry, ...]
    reduced: tuple[OutboxEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """The ids of the cabinets that were added, changed, and left as they were."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelayReport:
    """What one SMIB reported of one component: fields that it does not name keep what is stored of them."""

    relay_id: str
    component: str
    fields: Mapping[str, FieldReport] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order so far."""

    state: State
    at_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """How far sealing anew has come: ``place`` is where to go on, None at the end."""

    place: str | None
    seen: int
    changed: int


class Store(Protocol):
    """Cabinets, their history, the outbox, reports and the audit trail.

    Every verb raises StoreError, StoreBusy among them, and no error of its engine. What a verb changes, its
    revision and its audit entry is stored as a whole or not at all.
    """

    @property
    def shared(self) -> bool:
        """Whether other processes may work with it at the same time."""

    async def open(self) -> None:
        """Bring the schema up to date and get ready.

        StoreTooNew for a schema of a newer version, KeyWanted where secrets are sealed with another key.
        """

    async def close(self) -> None:
        """Finish what was asked for, then let go of everything. Closing twice does no harm."""

    # Cabinets

    async def cabinet(self, cabinet_id: str) -> Cabinet | None: ...

    async def cabinets(self) -> list[Cabinet]:
        """All of them, by id, ``cab-2`` before ``cab-10``."""

    async def cabinet_of_relay(self, relay_id: str) -> Cabinet | None:
        """The cabinet with this SMIB, in whatever spelling section 1 allows; RelayIdError for any other."""

    async def add_cabinets(self, cabinets: Sequence[Cabinet], act: Act = ...) -> int:
        """Add those whose id is new, all or none of them, and say how many; what is there stays untouched.

        RelayTaken where a new cabinet has the relay of another one.
        """

    async def import_cabinets(
        self, cabinets: Sequence[Cabinet], act: Act, *, update: bool, dry_run: bool
    ) -> Imported:
        """Add those whose id is new; with ``update`` take over the names, numbers, location and versions of
        the others. What was ordered of a SMIB is never changed. RelayTaken, for every such cabinet at once,
        where a cabinet has the relay of another one, or another relay than is stored of it.
        """

    # Orders and the outbox

    async def order(
        self,
        cabinet_id: str,
        change: ConfigChange,
        command: CommandOrder | None = None,
        expected_revision: int | None = None,
        act: Act = ...,
    ) -> Ordered:
        """Merge ``change`` into the cabinet and put it, and ``command``, into the outbox: all or nothing.

        ``***`` in it is resolved first. Values for a component that still waits are merged into the waiting
        entry, which keeps its place; fields that it names are taken out of entries that were sent and not
        confirmed; commands are never merged, and come last. UnknownCabinet; EditConflict where the cabinet is
        not at ``expected_revision``.
        """

    async def resend(self, cabinet_id: str, components: Sequence[str] | None, act: Act) -> Ordered:
        """Order again what is stored, of ``components`` or of all; the revision stays. UnknownCabinet."""

    async def pending(self, limit: int) -> list[OutboxEntry]:
        """The first ``limit`` entries that wait, in the order in which they are to be sent."""

    async def due(self, now_ms: int | None, limit: int) -> list[OutboxEntry]:
        """The entries that were sent and not answered by ``now_ms``, longest due first; None gives every one,
        those of absent devices too."""

    async def claim(self, limit: int) -> list[OutboxEntry]:
        """As ``pending``, but of relays that no other process sends to; none does now, for LEASE_MS.

        The last of these entries to be ``sent`` ends that.
        """

    async def claim_due(self, now_ms: int, limit: int) -> list[OutboxEntry]:
        """As ``due``, of relays that no other process sends to."""

    async def turn(self, what: str, for_ms: int) -> bool:
        """Whether this process is the one that is to do ``what`` now; no other one is, for ``for_ms``."""

    async def sent(self, entry_id: str, version: int, now_ms: int) -> bool:
        """The broker acknowledged this version of an entry; False, and no change, at another one."""

    async def settle(self, entry_id: str, version: int, settlement: Settlement, act: Act) -> bool:
        """End an open entry; False, and no change, where it is at another version or not open."""

    async def revive(self, returned: Mapping[str, int]) -> list[OutboxEntry]:
        """Have the updates of these relays that were sent before they came back, and not answered, sent
        again at once, and tell which; the time of its return is given for each relay."""

    async def expire(self, now_ms: int) -> list[OutboxEntry]:
        """End the commands that wait and must not be sent any more, and tell which."""

    async def outbox(self, wanted: OutboxFilter) -> list[OutboxEntry]:
        """Entries, newest first. Those that ended are kept for a while."""

    async def outcomes(self, entry_ids: Sequence[str]) -> dict[str, Outcome]:
        """What became of these entries, as far as it is known."""

    # Reports

    async def report(self, reports: Sequence[RelayReport]) -> list[Standing]:
        """Keep what SMIBs of cabinets reported, and tell how these cabinets stand; others are ignored.

        A report without fields only asks.
        """

    async def standing(self, cabinet_id: str) -> Standing | None: ...

    async def standings(self) -> list[Standing]:
        """All cabinets, by id."""

    # History and audit

    async def history(self, cabinet_id: str, before: int | None, limit: int) -> list[Revision]:
        """The newest ``limit`` revisions, newest first, of those below the number ``before``."""

    async def revision(self, cabinet_id: str, number: int) -> Revision | None: ...

    async def forget_revisions(self, kept: int) -> int:
        """Keep the newest ``kept`` revisions of each cabinet, and say how many others there were."""

    async def record(self, draft: Draft) -> AuditEntry:
        """Append to the audit trail."""

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        """Entries, newest first."""

    async def audit_chain(self, after: int, limit: int) -> list[AuditEntry]:
        """The chain in its order, behind the entry number ``after``: what a check of it reads."""

    # Sheets: batches, templates, firmware

    async def put_sheet(self, sheet: Sheet, draft: Draft | None = None) -> bool:
        """Keep ``sheet`` in the place of the one whose number is lower by one, or as a new one where its
        number is 1; False, and no change, where that is not what is there. Some kinds forget the oldest."""

    async def sheet(self, kind: Kind, sheet_id: str) -> Sheet | None: ...

    async def sheets(self, kind: Kind, *, limit: int = NO_LIMIT, lacking: str | None = None) -> list[Sheet]:
        """The newest ``limit`` of a kind, newest first; with ``lacking`` those whose document has no such
        field."""

    async def remove_sheet(self, sheet: Sheet, draft: Draft) -> bool:
        """False, and no change, where it is at another number."""

    # Users, and what they sign in with

    async def accounts(self) -> Accounts:
        """All of them."""

    async def put_user(self, user: User, draft: Draft) -> None:
        """Add or replace a user; ends the sessions of this user, not the tokens."""

    async def remove_user(self, name: str, draft: Draft) -> bool:
        """Remove a user with all sessions and tokens; False, and no change, where there is none."""

    async def put_credential(self, credential: Credential, draft: Draft) -> bool:
        """Add a session or a token, forget those whose time is over; False where there is no such user."""

    async def use_credential(self, key: str, now_ms: int) -> None:
        """Note when a session was last used; nothing where there is none."""

    async def remove_credential(self, key: str, draft: Draft) -> bool:
        """End a session or a token; False, and no change, where there is none."""

    # Secrets

    async def renew_secrets(self, place: str | None, limit: int) -> Renewed:
        """Seal the secrets of ``limit`` documents behind ``place`` (None: the first) with the first key."""

    async def forget_keys(self) -> None:
        """Once all are sealed with the first key, no other is wanted; nothing of them is left in a file."""
