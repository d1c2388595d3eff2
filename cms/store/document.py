"""Cabinets, entries, reports and revisions as documents: the shape that is stored, in every engine.

The machine has the specification's fields, ``smibConfig``, ``smibVersion`` and ``relayId``. What is not known
is absent, never null; a moment is text: so the shape survives engines that read either differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cms.actor import Act, Actor
from cms.cabinet import TEXTS, Cabinet
from cms.revision import Revision
from cms.standing import FieldReport, Reported
from cms.store.entry import OutboxEntry, State
from wire.orders import Command, ConfigUpdate, order_from
from wire.timestamps import format_timestamp, parse_timestamp

Document = Mapping[str, Any]

_MOMENTS = {"expiresAt": "expires_ms", "sentAt": "sent_ms", "nextAt": "next_ms", "endedAt": "ended_ms"}


def cabinet_document(cabinet: Cabinet) -> dict[str, Any]:
    """``cabinet`` as it is stored, passwords included: never for an answer or a log."""
    texts = {key: getattr(cabinet, attribute) for key, attribute in TEXTS.items()}
    return {
        "id": cabinet.id,
        "relayId": cabinet.relay_id,
        **{key: text for key, text in texts.items() if text},
        "smibConfig": {name: dict(values) for name, values in cabinet.smib_config.items()},
        "smibVersion": dict(cabinet.smib_version),
        "revision": cabinet.revision,
        "updatedAt": format_timestamp(cabinet.updated_ms),
    }


def cabinet_from(document: Document) -> Cabinet:
    """The cabinet that was stored as ``document``."""
    return Cabinet(
        id=document["id"],
        relay_id=document["relayId"],
        **{attribute: document.get(key, "") for key, attribute in TEXTS.items()},
        smib_config=document["smibConfig"],
        smib_version=document["smibVersion"],
        revision=document["revision"],
        updated_ms=parse_timestamp(document["updatedAt"]),
    )


def entry_document(entry: OutboxEntry) -> dict[str, Any]:
    """``entry`` as it is stored; its order is the message that will be sent."""
    moments = {key: getattr(entry, attribute) for key, attribute in _MOMENTS.items()}
    return {
        "id": entry.id,
        "version": entry.version,
        "cabinetId": entry.cabinet_id,
        "relayId": entry.relay_id,
        "order": entry.order.fields(),
        "createdAt": format_timestamp(entry.created_ms),
        **{key: format_timestamp(ms) for key, ms in moments.items() if ms is not None},
        "state": str(entry.state),
        "tries": entry.tries,
        **({"detail": entry.detail} if entry.detail else {}),
        **({"absent": True} if entry.absent else {}),
    }


def entry_from(document: Document) -> OutboxEntry:
    """The entry that was stored as ``document``, also before entries had a state."""
    order = order_from(document["order"])
    if not isinstance(order, ConfigUpdate | Command):
        raise TypeError(f"an outbox holds updates and commands, not a {type(order).__name__}")
    moments = {attribute: document.get(key) for key, attribute in _MOMENTS.items()}
    return OutboxEntry(
        id=document["id"],
        version=document["version"],
        cabinet_id=document["cabinetId"],
        relay_id=document["relayId"],
        order=order,
        created_ms=parse_timestamp(document["createdAt"]),
        **{name: None if text is None else parse_timestamp(text) for name, text in moments.items()},
        state=State(document.get("state", State.WAITING)),
        tries=document.get("tries", 0),
        detail=document.get("detail", ""),
        absent=document.get("absent", False),
    )


def reported_document(reported: Reported) -> dict[str, Any]:
    """What a SMIB reported, as it is stored, passwords included."""
    return {
        name: {
            key: {"value": report.value, "at": format_timestamp(report.at_ms)}
            for key, report in fields.items()
        }
        for name, fields in reported.items()
    }


def reported_from(document: Document) -> dict[str, dict[str, FieldReport]]:
    """What was stored as ``document``."""
    return {
        name: {key: FieldReport(one["value"], parse_timestamp(one["at"])) for key, one in fields.items()}
        for name, fields in document.items()
    }


def revision_document(revision: Revision) -> dict[str, Any]:
    """``revision`` as it is stored, passwords included."""
    actor = revision.act.actor
    return {
        "cabinetId": revision.cabinet_id,
        "revision": revision.number,
        "at": format_timestamp(revision.at_ms),
        "action": revision.act.action,
        "user": actor.user,
        "address": actor.address,
        "request": actor.request_id,
        "smibConfig": {name: dict(values) for name, values in revision.config.items()},
        "smibVersion": dict(revision.version),
        "orders": [{"id": entry_id, "what": what} for entry_id, what in revision.orders],
    }


def revision_from(document: Document) -> Revision:
    """The revision that was stored as ``document``."""
    actor = Actor(document["user"], document["address"], document["request"])
    return Revision(
        cabinet_id=document["cabinetId"],
        number=document["revision"],
        at_ms=parse_timestamp(document["at"]),
        act=Act(actor, document["action"]),
        config=document["smibConfig"],
        version=document["smibVersion"],
        orders=tuple((order["id"], order["what"]) for order in document["orders"]),
    )
