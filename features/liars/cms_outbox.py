"""A CMS that loses or mixes up what waits for the broker (contract, section 6)."""

from __future__ import annotations

from features.liars.liar import Liar
from features.pair import clock
from features.pair.cms import Cms
from features.pair.store import Store, Waiting


class ForgetsAtRestart(Liar, Cms):
    """Forgets what was saved when it is started again."""

    breaks = "SVC-8"

    def opened_store(self) -> Store:
        if self.settings.state is not None and self.settings.state.exists():
            self.lied()
            self.settings.state.unlink()
        return super().opened_store()


class ClaimsSent(Liar, Cms):
    """Says that an update was sent while the broker was away."""

    breaks = "QUEUE-1"

    async def flush(self) -> bool:
        if not await super().flush():
            self.lied()
        return True


class ForgetsQueue(Liar, Cms):
    """Says that an update waits, and forgets it."""

    breaks = "QUEUE-1"

    def enqueue(self, order: Waiting) -> None:
        if self.link is None and not order.command:
            return self.lied()
        return super().enqueue(order)


class SendsEveryUpdate(Liar, Cms):
    """Sends every update that waited, the older values of a field too."""

    breaks = "QUEUE-2"

    def is_joined(self, waiting: Waiting, order: Waiting) -> bool:
        if super().is_joined(waiting, order):
            self.lied()
        return False


class KeepsOldest(Liar, Cms):
    """Keeps the oldest value of a field that waits."""

    breaks = "QUEUE-2"

    def enqueue(self, order: Waiting) -> None:
        for waiting in self.store.waiting:
            if self.is_joined(waiting, order):
                self.lied()
                waiting.values = {**order.values, **waiting.values}
                return
        super().enqueue(order)


class DropsWaitingCommands(Liar, Cms):
    """Says that a command waits for the broker, and drops it."""

    breaks = "QUEUE-3"

    def is_expired(self, order: Waiting) -> bool:
        if order.command and clock.now().timestamp() - order.since > 0.1:
            self.lied()
            return True
        return super().is_expired(order)


class QueueInMemory(Liar, Cms):
    """Loses what waits for the broker with its process."""

    breaks = "QUEUE-4"

    def opened_store(self) -> Store:
        store = super().opened_store()
        if store.waiting:
            self.lied()
        store.waiting.clear()
        return store
