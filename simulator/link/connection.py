"""One MQTT connection on a channel: what the dialogue says goes out, what comes is handed to a listener.

It has no task, and a timer of its own only while it parts: it is told when its channel is ready, and when its
keepalive is to be looked after.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from enum import Enum

from simulator.device.link import LinkSettings, Refusal
from simulator.errors import LinkError, MalformedPacket
from simulator.link.channel import Place, open_channel
from simulator.link.dialogue import Dialogue, Stage
from simulator.link.keeper import Keeper, Owner
from simulator.link.link import LinkListener
from simulator.link.poll import READ, WRITE

LINGER_S = 1.0
"""How long a clean end waits for acknowledgements: a fleet is gone within 2 s."""
FROZEN_KEEPALIVES = 1.5
"""How long a client waits for any sign of its broker (MQTT 3.1.1, 3.1.2.10, as seen from the client)."""
MAX_BACKLOG = 4 * 1024 * 1024
"""Bytes that may wait for a broker that does not read; more counts as a lost connection."""
MOST_EARLY = 1_000
"""Messages that may come before the subscription is acknowledged."""

_NOT_READ = "the broker does not take what is sent"
_log = logging.getLogger("simulator.connection")


class Phase(Enum):
    """From the first packet of TCP to the last."""

    OPENING = "no broker has been heard yet"
    GREETING = "CONNECT is said, not every subscription acknowledged"
    UP = "up"
    PARTING = "the last messages wait for their acknowledgement"
    PARTED = "DISCONNECT is said"
    SHUT = "our side is closed"
    CLOSED = "closed"


class Connection:
    """What is said over one channel, from CONNECT to its end. It has a dialogue of its own, so that no
    unacknowledged message of an earlier connection is ever sent again.
    """

    __slots__ = (
        "_backlog",
        "_busy",
        "_channel",
        "_dialogue",
        "_early",
        "_events",
        "_frozen",
        "_heard_s",
        "_joining",
        "_keeper",
        "_linger",
        "_listener",
        "_owner",
        "_phase",
        "_pinged",
        "_said_s",
        "_settings",
        "_unsent",
        "due_s",
    )

    def __init__(
        self, settings: LinkSettings, place: Place, tls: ssl.SSLContext | None, keeper: Keeper, owner: Owner
    ) -> None:
        """Begin to connect to `place`; OSError, ValueError or LinkError where that can't even begin."""
        self._settings = settings
        self._keeper = keeper
        self._owner = owner
        self._listener: LinkListener | None = None
        self._dialogue = Dialogue(settings)
        self._early: list[tuple[str, bytes]] | None = None
        self._unsent = b""
        self._backlog = 0
        self._busy = self._pinged = self._frozen = self._joining = False
        self._linger: asyncio.TimerHandle | None = None
        self._phase = Phase.OPENING
        self._heard_s = self._said_s = keeper.now_s()
        self.due_s: int | None = None
        """When `keep_alive` is due; the keeper's own."""
        self._channel = open_channel(settings, place, tls)
        self._events = WRITE
        keeper.poll.watch(self._channel.fileno(), WRITE, self)

    def fileno(self) -> int:
        """The descriptor of its channel."""
        return self._channel.fileno()

    def ready(self, events: int) -> None:
        """Read and write what can be. Whatever a broker makes us stumble over ends this connection only."""
        if self._phase is Phase.CLOSED or self._frozen:
            return
        self._busy = True
        try:
            if self._phase is Phase.OPENING:
                self._open()
            elif events & READ:
                self._read()
            if events or not self._events & WRITE:
                self._write()
        except MalformedPacket as exc:
            _log.warning("! %s mqtt=malformed why=%s", self._settings.client_id, exc)
            self.fail(Refusal.LOST, str(exc))
        except LinkError as exc:
            self.fail(Refusal(exc.reason), str(exc))
        except OSError as exc:
            self.fail(Refusal.UNREACHABLE if self._phase is Phase.OPENING else Refusal.LOST, str(exc))
        except Exception as exc:  # noqa: BLE001  a defect here must not leave its device waiting for ever
            _log.exception("! %s link=broken", self._settings.client_id)
            self.fail(Refusal.LOST, str(exc))
        self._busy = False

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> bool:
        """Send a message, if the connection is up and its reader keeps up."""
        if self._phase is not Phase.UP:
            return False
        if self._frozen:
            return True
        self._backlog += len(payload)
        if self._backlog > MAX_BACKLOG or not self._dialogue.publish(topic, payload, qos, retain):
            asyncio.get_running_loop().call_soon(self.fail, Refusal.LOST, _NOT_READ)
            return False
        if not self._busy:
            self._busy = True
            self._keeper.soon(self)
        return True

    def leave(self, *, clean: bool) -> None:
        """End it, without a word to its listener."""
        self._listener = self._early = None
        if not clean or self._frozen or self._phase is Phase.OPENING:
            self._close()
        elif self._phase is Phase.GREETING:
            self._break_off()
        elif self._phase is Phase.UP:
            self._phase = Phase.PARTING
            self._linger = asyncio.get_running_loop().call_later(LINGER_S, self._close)
            self._keeper.soon(self)

    def fail(self, reason: Refusal, why: str) -> None:
        """It is at its end, and whom that concerns is told."""
        if self._phase is Phase.CLOSED:
            return
        listener, self._listener = self._listener, None
        undecided = self._phase in (Phase.OPENING, Phase.GREETING)
        if self._phase is Phase.GREETING:
            self._break_off()
        self._close()
        if listener is not None:
            listener.link_down()
        elif undecided:
            self._owner.refused(reason, why)

    def freeze(self, frozen: bool) -> None:
        """Leave the socket open and touch it no more, or go on."""
        if frozen == self._frozen or self._phase is not Phase.UP:
            return
        self._frozen = frozen
        if frozen:
            self._keeper.poll.forget(self._channel.fileno())
            self._heard_s = self._keeper.now_s()
            self._look_after(self._lost_s())
        else:
            self._keeper.poll.watch(self._channel.fileno(), self._events, self)
            self._look_after(self._silent_s())
            self._keeper.soon(self)  # what was said just before

    def keep_alive(self) -> None:
        """Ping the broker where that is due; end what it does not answer any more."""
        now_s = self._keeper.now_s()
        if (self._frozen or self._pinged) and now_s >= self._lost_s():
            self.fail(Refusal.LOST, "the broker is silent")
            return
        if not self._frozen and not self._pinged and now_s >= self._silent_s():
            self._pinged = True
            self._dialogue.ping()
            self.ready(0)
        if self._phase is Phase.UP:
            waits = self._frozen or self._pinged
            self._look_after(self._lost_s() if waits else self._silent_s())

    def _look_after(self, when_s: float) -> None:
        if self._settings.keepalive_s:  # 0 means that nobody asks
            self._keeper.look_after(self, when_s)

    def _lost_s(self) -> float:
        """When the broker has been silent for too long."""
        return self._heard_s + FROZEN_KEEPALIVES * self._settings.keepalive_s

    def _silent_s(self) -> float:
        """When one side has been silent for so long that a ping is due."""
        return min(self._heard_s, self._said_s) + self._settings.keepalive_s

    def _open(self) -> None:
        wanted = self._channel.shake()
        if wanted:
            self._await(wanted)
        else:
            self._phase = Phase.GREETING

    def _read(self) -> None:
        while True:
            data = self._channel.read()
            self._heard_s = self._keeper.now_s()
            self._pinged = False
            if self._phase in (Phase.GREETING, Phase.UP, Phase.PARTING):
                for topic, payload in self._dialogue.receive(data):
                    self._hand_over(topic, payload)
                self._greet()
            if self._phase is Phase.CLOSED or not self._channel.unread:
                return

    def _greet(self) -> None:
        """Say that the connection is up, once it is."""
        if self._phase is not Phase.GREETING:
            return
        self._join(self._dialogue.stage is Stage.SUBSCRIBING)
        if self._dialogue.stage is not Stage.ESTABLISHED:
            return
        self._phase = Phase.UP
        self._look_after(self._silent_s())
        self._listener = self._owner.opened()
        self._listener.link_up()
        early, self._early = self._early, None
        for message in early or ():
            self._hand_over(*message)

    def _join(self, joining: bool) -> None:
        self._keeper.joining += joining - self._joining
        self._joining = joining

    def _hand_over(self, topic: str, payload: bytes) -> None:
        self._greet()
        if self._listener is not None:
            self._listener.link_message(topic, payload)
        elif self._phase is Phase.GREETING:
            if self._early is None:
                self._early = []
            self._early.append((topic, payload))
            if len(self._early) > MOST_EARLY:
                raise LinkError(Refusal.LOST, f"more than {MOST_EARLY} messages before the acknowledgement")

    def _write(self) -> None:
        if self._phase is Phase.PARTING and self._dialogue.acknowledged:
            self._phase = Phase.PARTED
            self._dialogue.part()
        if self._phase in (Phase.OPENING, Phase.CLOSED):
            return
        self._flush()
        self._backlog = len(self._unsent) + self._channel.unsent
        if self._backlog > MAX_BACKLOG:  # acknowledgements alone, where the broker sends and does not read
            raise LinkError(Refusal.LOST, _NOT_READ)
        self._await(READ | WRITE if self._backlog else READ)
        if self._phase is Phase.PARTED and not self._backlog:
            self._phase = Phase.SHUT
            self._channel.part()

    def _flush(self) -> None:
        said = self._dialogue.out
        if said:
            self._unsent = b"".join((self._unsent, *said)) if self._unsent or len(said) > 1 else said[0]
            said.clear()
            self._said_s = self._keeper.now_s()
        if self._unsent or self._channel.unsent:
            written = self._channel.write(self._unsent)
            self._unsent = self._unsent[written:]

    def _await(self, events: int) -> None:
        if events != self._events:
            self._events = events
            self._keeper.poll.change(self._channel.fileno(), events)

    def _break_off(self) -> None:
        """Part in the middle of the greeting: a connection of which nobody was told leaves no will."""
        self._dialogue.part()
        with contextlib.suppress(OSError):  # what can't be said any more is not waited for
            self._flush()
        self._close()

    def _close(self) -> None:
        if self._phase is Phase.CLOSED:
            return
        self._phase = Phase.CLOSED
        self._join(False)
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._keeper.look_no_more(self)
        if not self._frozen:
            self._keeper.poll.forget(self._channel.fileno())
        self._channel.close()
        self._owner.ended()
