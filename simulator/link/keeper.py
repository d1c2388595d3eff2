"""What a connection asks of those around it: who keeps what connections share, and whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from simulator.device.link import Refusal
from simulator.link.link import LinkListener
from simulator.link.poll import Poll

if TYPE_CHECKING:
    from simulator.link.connection import Connection


class Keeper(Protocol):
    """What connections share."""

    poll: Poll
    joining: int
    """How many are connected, and not yet subscribed."""

    def now_s(self) -> float:
        """As `time.monotonic`."""

    def soon(self, connection: Connection) -> None:
        """Call `ready` with no event at the end of the event loop's turn."""

    def look_after(self, connection: Connection, when_s: float) -> None:
        """Call `keep_alive` then, and not at the time that was asked for before."""

    def look_no_more(self, connection: Connection) -> None: ...


class Owner(Protocol):
    """Whose connection it is; told from the event loop of what becomes of it, and in any case of its end."""

    def opened(self) -> LinkListener:
        """It is up; gives who is to hear what comes."""

    def ended(self) -> None:
        """It is gone. May come from within `Connection.leave`."""

    def refused(self, reason: Refusal, why: str) -> None:
        """It did not come about; told after its end."""
