"""Where the CMS keeps cabinets and what waits to be sent: a protocol of few verbs, and its engines."""

from cms.store.entry import CommandOrder, OutboxEntry
from cms.store.sqlite import SqliteStore
from cms.store.store import Ordered, Store

__all__ = ["CommandOrder", "Ordered", "OutboxEntry", "SqliteStore", "Store"]
