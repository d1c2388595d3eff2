"""One device on one link: carries out what the device wants done, and tells it what happened.

A session decides nothing: when to connect again, what to answer and what to keep are effects of the device.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.deadlines import Deadline
from simulator.device.device import Device
from simulator.device.effects import (
    Connect,
    Disconnect,
    Download,
    Effect,
    Note,
    Publish,
    Save,
    StopDownload,
)
from simulator.device.image import Received
from simulator.device.link import LinkSettings, Refusal
from simulator.device.transitions import State
from simulator.errors import StateDirError
from simulator.faults import SOUND, AnyFault, Arrival, FaultSpec
from simulator.link.faulty_link import FaultyLink, Phase
from simulator.link.link import Link
from simulator.session.affliction import Affliction
from simulator.session.surroundings import Surroundings

FAILED = "failed"
"""The state of a session whose device raised, beside the values of `simulator.device.transitions.State`."""

MOST_HELD = 1_000
"""What waits for a paused device to go on; beyond that the oldest is lost."""

_PHASES = {State.CONNECTING: Phase.CONNECTING, State.ONLINE: Phase.UP}

_log = logging.getLogger("simulator.session")


class Session:
    """A `LinkListener` that never raises: a device that does is switched off, and no other notices."""

    __slots__ = (
        "_affliction",
        "_around",
        "_deadline",
        "_download",
        "_epoch",
        "_held",
        "_joining",
        "_link",
        "_shown",
        "device",
    )

    def __init__(self, device: Device, link: Link, around: Surroundings) -> None:
        self.device = device
        self._link = link
        self._around = around
        self._affliction: Affliction | None = None
        self._held: deque[Callable[[int], Sequence[Effect]]] | None = None
        self._shown: State | None = device.state
        self._deadline: Deadline | None = None
        self._joining: Deadline | None = None
        self._download: asyncio.Task[None] | None = None
        self._epoch = 0

    @property
    def state(self) -> str:
        """The device's state as a word, or `FAILED`."""
        return FAILED if self._shown is None else self._shown.value

    @property
    def faults(self) -> Mapping[str, FaultSpec]:
        """What is the matter with it now, by name."""
        return {} if self._affliction is None else self._affliction.specs

    @property
    def paused(self) -> bool:
        return self._held is not None

    def power_on(self) -> None:
        self._do(self.device.power_on)

    def power_off(self) -> None:
        """As a power loss: the broker sends the will."""
        self._do(self.device.power_off)

    def act(self, what: Callable[[int], Sequence[Effect]]) -> None:
        """Let somebody do something with the device: `what` is given the time, and what it wants is done."""
        self._do(what)

    def pause(self) -> None:
        """Let nothing happen to the device until `resume`: what comes waits. Its connection stays."""
        if self._held is None:
            self._held = deque(maxlen=MOST_HELD)

    def resume(self) -> None:
        """Go on, with what has waited first."""
        held, self._held = self._held, None
        for what in held or ():
            self._do(what)

    def afflict(self, name: str, spec: FaultSpec, fault: AnyFault) -> None:
        """Have a fault from now on, in the place of another of that name."""
        if self._affliction is None:
            around = self._around
            self._affliction = Affliction(self.device, around.clock, around.deadlines, self._do)
        self._affliction.set(name, spec, fault)
        self._string_line()
        self._tell("faults", {"names": tuple(self.faults)})

    def relieve(self, name: str | None = None) -> bool:
        """Be rid of the fault of that name, of all for None; whether there was one."""
        if self._affliction is None or not self._affliction.clear(name):
            return False
        self._string_line()
        self._tell("faults", {"names": tuple(self.faults)})
        return True

    def leave(self) -> None:
        """The end of the process: disconnect cleanly, whatever the device is at."""
        self._forget()
        self._link.close(clean=True)

    async def left(self) -> None:
        """Return when the connection that `leave` ended is gone."""
        await self._link.closed()

    def link_up(self) -> None:
        self._do(self.device.link_up)

    def link_refused(self, reason: Refusal) -> None:
        self._tell("refused", {"why": str(reason)})
        self._do(lambda now_ms: self.device.link_refused(reason, now_ms))

    def link_down(self) -> None:
        self._tell("lost", {})
        self._do(self.device.link_down)

    def link_message(self, topic: str, payload: bytes) -> None:
        self._tell("received", {"topic": topic, "payload": payload})
        if self._affliction is None:
            self._do(lambda now_ms: self.device.receive(topic, payload, now_ms))
            return
        for arrival in self._affliction.messages.inbound((Arrival(topic, payload),)):
            self._arrive(arrival, self._epoch)

    def download_progress(self, received: int, total: int | None) -> None:
        self._do(lambda now_ms: self.device.download_progress(received, total, now_ms))

    def downloaded(self, received: Received) -> None:
        self._download = None
        self._do(lambda now_ms: self.device.downloaded(received, now_ms))

    def download_failed(self, why: str) -> None:
        self._download = None
        self._do(lambda now_ms: self.device.download_failed(why, now_ms))

    def _arrive(self, arrival: Arrival, epoch: int) -> None:
        """Hand a message over, later where it is delayed; what waits when the connection ends is lost."""

        def hand_over() -> None:
            if epoch == self._epoch:
                self._do(lambda now_ms: self.device.receive(arrival.topic, arrival.payload, now_ms))

        if arrival.delay_ms:
            self._around.deadlines.at(self._around.clock() + arrival.delay_ms, hand_over)
        else:
            hand_over()

    def _do(self, what: Callable[[int], Sequence[Effect]]) -> None:
        """Let the device do something, carry out what it wants of it, and look when it is due next."""
        if self._held is not None:
            self._held.append(what)
            return
        if self._shown is None:
            return
        try:
            effects = what(self._around.clock())
            if self._affliction is not None:
                effects = self._affliction.messages.outbound(effects)
            for effect in effects:
                self._carry_out(effect)
            self._arm()
            self._show(self.device.state)
        except Exception as exc:  # noqa: BLE001  whatever it is, it must stay this device's
            self._fail(exc)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Publish():
                if self._link.publish(effect.topic, effect.payload, effect.qos, effect.retain):
                    facts = {"topic": effect.topic, "kind": effect.kind, "payload": effect.payload}
                    self._tell("sent", facts)
            case Connect():
                self._connect(effect.settings)
            case Disconnect():
                self._part(effect)
            case Save():
                self._save(effect)
            case Download():
                self._download = self._around.downloads.begin(effect, self)
            case StopDownload():
                self._stop_download()
            case Note():
                self._tell("note", {"mark": effect.mark, "what": effect.what, **effect.facts})

    def _connect(self, settings: LinkSettings) -> None:
        self._tell("connecting", {"broker": str(settings.address), "ssid": settings.wifi.ssid})
        refusal = self._around.networks.refusal(settings.wifi)
        if refusal is None:
            self._link.open(settings, self)
            return
        now_ms = self._around.clock()
        self._joining = self._around.deadlines.at(now_ms, lambda: self.link_refused(refusal))

    def _part(self, effect: Disconnect) -> None:
        self._epoch += 1
        if self._joining is not None:
            self._joining.cancel()
        self._link.close(clean=effect.clean)
        self._tell("disconnected", {"clean": effect.clean, "why": effect.reason})

    def _string_line(self) -> None:
        """Let the faults of the connection work on the link, which is wrapped at the first of them."""
        line = SOUND if self._affliction is None else self._affliction.line
        if not isinstance(self._link, FaultyLink):
            if line == SOUND:
                return
            phase = _PHASES.get(self.device.state, Phase.IDLE)
            self._link = FaultyLink(self._link, self, phase, self._around.clock, self._around.deadlines)
        self._link.line = line

    def _stop_download(self) -> None:
        download, self._download = self._download, None
        if download is not None:
            download.cancel()

    def _save(self, wanted: Save) -> None:
        if self._around.save is None:
            return
        try:
            self._around.save(self.device.relay_id, wanted.nvs)
        except StateDirError as exc:
            _log.error("! %s nvs=not-saved why=%s", self.device.relay_id, exc)
            self._tell("note", {"mark": "!", "what": "not-saved", "why": str(exc)})

    def _arm(self) -> None:
        due_ms = self.device.next_deadline()
        if self._deadline is not None:
            if self._deadline.due_ms == due_ms:
                return
            self._deadline.cancel()
        self._deadline = None if due_ms is None else self._around.deadlines.at(due_ms, self._elapsed)

    def _elapsed(self) -> None:
        self._deadline = None
        self._do(self.device.elapsed)

    def _show(self, state: State | None) -> None:
        if state is not self._shown:
            before, self._shown = self.state, state
            self._tell("state", {"state": self.state, "before": before})

    def _fail(self, exc: Exception) -> None:
        """A defect of this device or its session: the board goes dark, as one that burnt through."""
        _log.exception("! %s state=%s", self.device.relay_id, FAILED)
        self._forget()
        self._link.close(clean=False)
        self._show(None)
        self._tell("failed", {"why": f"{type(exc).__name__}: {exc}"})

    def _forget(self) -> None:
        self._epoch += 1
        self._stop_download()
        for deadline in (self._deadline, self._joining):
            if deadline is not None:
                deadline.cancel()
        self._deadline = self._joining = None
        if self._affliction is not None:
            self._affliction.forget()

    def _tell(self, kind: str, facts: Mapping[str, Any]) -> None:
        self._around.tell(self.device.relay_id, kind, facts)
