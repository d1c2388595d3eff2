"""Cabinets and outbox entries as documents: the shape that is stored, in every engine.

The machine has the specification's fields, ``smibConfig``, ``smibVersion`` and ``relayId``. What is not known
is absent, never null; a moment is text: so the shape survives engines that read either differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cms.cabinet import Cabinet
from cms.store.entry import OutboxEntry
from wire.orders import Command, ConfigUpdate, order_from
from wire.timestamps import format_timestamp, parse_timestamp

Document = Mapping[str, Any]

_TEXTS = {
    "name": "name",
    "location": "location",
    "assetNumber": "asset_number",
    "serialNumber": "serial_number",
    "game": "game",
}


def cabinet_document(cabinet: Cabinet) -> dict[str, Any]:
    """``cabinet`` as it is stored, passwords included: never for an answer or a log."""
    texts = {key: getattr(cabinet, attribute) for key, attribute in _TEXTS.items()}
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
        **{attribute: document.get(key, "") for key, attribute in _TEXTS.items()},
        smib_config=document["smibConfig"],
        smib_version=document["smibVersion"],
        revision=document["revision"],
        updated_ms=parse_timestamp(document["updatedAt"]),
    )


def entry_document(entry: OutboxEntry) -> dict[str, Any]:
    """``entry`` as it is stored; its order is the message that will be sent."""
    expiry = {} if entry.expires_ms is None else {"expiresAt": format_timestamp(entry.expires_ms)}
    return {
        "id": entry.id,
        "version": entry.version,
        "cabinetId": entry.cabinet_id,
        "relayId": entry.relay_id,
        "order": entry.order.fields(),
        "createdAt": format_timestamp(entry.created_ms),
        **expiry,
    }


def entry_from(document: Document) -> OutboxEntry:
    """The entry that was stored as ``document``."""
    order = order_from(document["order"])
    if not isinstance(order, ConfigUpdate | Command):
        raise TypeError(f"an outbox holds updates and commands, not a {type(order).__name__}")
    expires = document.get("expiresAt")
    return OutboxEntry(
        id=document["id"],
        version=document["version"],
        cabinet_id=document["cabinetId"],
        relay_id=document["relayId"],
        order=order,
        created_ms=parse_timestamp(document["createdAt"]),
        expires_ms=None if expires is None else parse_timestamp(expires),
    )
