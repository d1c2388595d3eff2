"""What a device wants done, as values. A session carries the effects of one call out in their order.

How a session has to treat them:

- ``Publish`` goes out on the current connection. If there is none any more, it is lost.
- ``Disconnect`` ends the current connection, or the attempt to make one. ``clean=True`` is a departure on
  purpose: everything published before goes out first (QoS 1 and 2 until acknowledged, for a few seconds at
  most), then MQTT's DISCONNECT, so that no will is sent. ``clean=False`` is a power loss: the socket is
  closed as it is, and the broker sends the will.
- ``Connect`` asks for a connection with these settings and no other; it is never sent while one is wanted
  already. The session answers once, with ``device.link_up`` (after the SUBACK of every subscription) or
  ``device.link_refused``, and after a ``link_up`` with ``device.link_down`` when the connection is lost. It
  makes no attempt of its own: when to try again is the device's decision. After a ``Disconnect`` it reports
  nothing more about the connection that was ended.
- Messages that arrive between the first SUBACK and ``link_up`` (retained ones do) are handed over after it.
- ``Save`` asks for the NVS to be written in place of what was written before: ``nvs`` is it as JSON can hold
  it, made when it is asked for. A session that keeps nothing does not ask.
- ``Download`` asks for a firmware image over HTTP(S), at most ``limit_bytes`` of it and within
  ``timeout_ms``. The session answers with any number of ``device.download_progress`` and one of
  ``device.downloaded`` and ``device.download_failed``. There is never more than one; it goes on while the
  broker is away.
- ``StopDownload`` ends it: the session reports nothing more about it.
- ``Note`` is for the log; its facts hold no secret.

Delays are data of the way in, not of effects: a slow board is ``simulator.faults.Slow``, whose ``inbound``
gives ``Arrival(payload, delay_ms)``; the session hands the message over that much later. So the answers of a
slow board, and the reconnect that follows them, keep their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.device.link import LinkSettings
from simulator.device.memory import Memory


@dataclass(frozen=True, slots=True)
class Publish:
    """A message for the broker. ``kind`` is its ``typ`` (``cfg``, ``rsp``, an event's name), to choose by."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int
    kind: str
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """Make this connection."""

    settings: LinkSettings


@dataclass(frozen=True, slots=True)
class Disconnect:
    """End the connection. ``reason`` is a word for the log."""

    clean: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Save:
    """The whole NVS of the board is to be written."""

    memory: Memory = field(repr=False)

    @property
    def nvs(self) -> dict[str, Any]:
        """As ``Memory.from_dict`` reads it. Holds secrets."""
        return self.memory.to_dict()


@dataclass(frozen=True, slots=True)
class Download:
    """Load the firmware image at ``url``."""

    url: str
    limit_bytes: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class StopDownload:
    """The image is wanted no more. ``reason`` is a word for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log: ``mark`` is ``=`` for a state and ``!`` for an error (design, rule 18)."""

    mark: str
    what: str
    facts: Mapping[str, str | int]


Effect = Publish | Connect | Disconnect | Save | Download | StopDownload | Note
