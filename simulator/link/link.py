"""What a session asks of an MQTT client, whichever library is behind it."""

from __future__ import annotations

from typing import Protocol

from simulator.device.link import LinkSettings, Refusal


class LinkListener(Protocol):
    """Who is told what becomes of a link. Never called from within a call to the link itself."""

    def link_up(self) -> None:
        """Connected, and every subscription acknowledged."""

    def link_refused(self, reason: Refusal) -> None:
        """The connection did not come about."""

    def link_down(self) -> None:
        """A connection that was up is lost."""

    def link_message(self, topic: str, payload: bytes) -> None:
        """A message came; never before `link_up`."""


class Link(Protocol):
    """One device's way to a broker: at most one connection at a time, each a clean session of its own."""

    def open(self, settings: LinkSettings, listener: LinkListener) -> None:
        """Connect, say so to `listener`, and make no second attempt. What `close` ended is gone first."""

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool:
        """Send a message; False, and nothing is kept for later, while the link is not up."""

    def close(self, *, clean: bool) -> None:
        """End the connection or the attempt; its listener hears nothing more.

        `clean`: what was published goes out first, at QoS 1 and 2 until it is acknowledged (for 1 s at
        most), then DISCONNECT. Otherwise the socket is closed, and the broker sends the will.
        """

    def freeze(self, frozen: bool) -> None:
        """Stop to read and write on the connection that is up, or go on: the socket stays open, what is
        published is lost, and what the broker sends is not read. Nothing comes of it where none is up.

        A connection that is frozen for longer than its keepalive allows is lost, as its client would find.
        """

    async def closed(self) -> None:
        """Return when what `close` ended is gone."""


class Links(Protocol):
    """Makes links, which share what can be shared between the devices of a fleet."""

    def link(self) -> Link: ...
