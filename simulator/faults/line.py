"""What is wrong with a board's connection, as data; `simulator.link.faulty_link` makes it happen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from simulator.device.link import LinkSettings

CLONED_CLIENT_ID = "smib-000000000000"
"""The client id of boards that were copied with everything, and so clash with one another."""

WRONG_USER = "smib-unknown"
"""What a board with bad credentials sends; the password is nobody's."""
WRONG_PASSWORD = "not-the-password"


@dataclass(frozen=True, slots=True)
class Line:
    """A connection's faults. ``up_ms``: it breaks after that long, and for ``down_ms`` there is no other one;
    ``frozen_ms``: after that long nothing passes any more; ``client_id``: what it connects with;
    ``rejected``: it never gets in.
    """

    up_ms: int | None = None
    down_ms: int = 0
    frozen_ms: int | None = None
    client_id: str | None = None
    rejected: bool = False

    def settings(self, wanted: LinkSettings) -> LinkSettings:
        """What is really asked of the broker where a board asks for ``wanted``."""
        settings = wanted if self.client_id is None else replace(wanted, client_id=self.client_id)
        if not self.rejected:
            return settings
        user = settings.address.username or WRONG_USER
        return replace(settings, address=replace(settings.address, username=user, password=WRONG_PASSWORD))

    def identifies_as(self, other: Line) -> bool:
        """Whether both lead to the same CONNECT."""
        return (self.client_id, self.rejected) == (other.client_id, other.rejected)


SOUND = Line()


def together(lines: Iterable[Line]) -> Line:
    """All of them on one connection: the worst of each."""
    lines = tuple(lines)
    ups = [line.up_ms for line in lines if line.up_ms is not None]
    freezes = [line.frozen_ms for line in lines if line.frozen_ms is not None]
    ids = [line.client_id for line in lines if line.client_id is not None]
    return Line(
        up_ms=min(ups, default=None),
        down_ms=max((line.down_ms for line in lines), default=0),
        frozen_ms=min(freezes, default=None),
        client_id=ids[-1] if ids else None,
        rejected=any(line.rejected for line in lines),
    )
