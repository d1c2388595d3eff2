"""A test bench: one device, a clock that is moved by hand, and a session that only keeps the rules.

It carries effects out as `simulator.device.effects` asks of every session, and fails a test whose device
breaks the other side of that bargain: it publishes only while connected and never asks for a second
connection or a second download.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.device.device import Device
from simulator.device.dice import SmallDice
from simulator.device.effects import Connect, Disconnect, Download, Effect, Note, Publish, Save, StopDownload
from simulator.device.image import Reader
from simulator.device.link import LinkSettings, Refusal
from simulator.device.memory import Factory, Memory
from simulator.device.play import Play
from simulator.device.transitions import State
from wire import orders
from wire.jsontext import parse_object, to_bytes
from wire.orders import Order

RELAY = "e831cdfa8384"
TOPIC = f"sas/relay/{RELAY}"
ALL_BOARDS = "sas/gli/server"
START_MS = 1_736_935_800_000
BOOT_MS = 400

Said = dict[str, Any]


class Bench:
    """``said`` is every message that the device published, decoded, ``published`` the same as effects."""

    def __init__(
        self,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        memory: Memory | None = None,
        has_clock: bool = True,
        relay_id: str = RELAY,
        play: Play | None = None,
        seed: int = 1,
    ) -> None:
        self.factory = Factory(config)
        nvs = Memory(self.factory) if memory is None else memory
        dice = None if play is None else SmallDice(seed)
        self.device = Device(relay_id, nvs, boot_ms=BOOT_MS, has_clock=has_clock, play=play, dice=dice)
        self.now_ms = START_MS
        self.wanted: LinkSettings | None = None
        self.up = False
        self.published: list[Publish] = []
        self.said: list[Said] = []
        self.saved: Mapping[str, Any] | None = None
        self.notes: list[Note] = []
        self.download: Download | None = None

    def started(self) -> Bench:
        """Powered, booted, and connected; what it said on the way is forgotten."""
        self.power_on()
        self.wait(BOOT_MS)
        self.accept()
        return self.forget()

    def forget(self) -> Bench:
        self.published, self.said = [], []
        return self

    def power_on(self) -> list[Effect]:
        return self.carry_out(self.device.power_on(self.now_ms))

    def power_off(self) -> list[Effect]:
        return self.carry_out(self.device.power_off(self.now_ms))

    def accept(self) -> list[Effect]:
        assert self.wanted is not None, "no connection was asked for"
        assert not self.up
        self.up = True
        return self.carry_out(self.device.link_up(self.now_ms))

    def refuse(self, reason: Refusal = Refusal.UNREACHABLE) -> list[Effect]:
        assert self.wanted is not None
        assert not self.up
        self.wanted = None
        return self.carry_out(self.device.link_refused(reason, self.now_ms))

    def lose(self) -> list[Effect]:
        assert self.wanted is not None
        self.wanted, self.up = None, False
        return self.carry_out(self.device.link_down(self.now_ms))

    def does(self, name: str, *details: Any) -> list[Said]:
        """Call a method of the device; what it said."""
        before = len(self.said)
        self.carry_out(getattr(self.device, name)(*details, self.now_ms))
        return self.said[before:]

    def does_play(self, win: int | None) -> list[Said]:
        """One game with this win; what was said of it."""
        before = len(self.said)
        self.carry_out(self.device.play(self.now_ms, win))
        return self.said[before:]

    def receives(self, data: bytes) -> list[Said]:
        """The whole of a download."""
        assert self.download is not None, "no download was asked for"
        self.download = None
        reader = Reader()
        reader.feed(data)
        return self.does("downloaded", reader.received())

    def tell(self, what: Order | Mapping[str, Any] | bytes, topic: str = TOPIC) -> list[Said]:
        """Send an order; what the device said to it."""
        if isinstance(what, bytes):
            payload = what
        else:
            payload = to_bytes(what) if isinstance(what, Mapping) else orders.encode(what)
        before = len(self.said)
        self.carry_out(self.device.receive(topic, payload, self.now_ms))
        return self.said[before:]

    def wait(self, ms: int) -> list[Effect]:
        """Let time go by, and call the device at each of its deadlines."""
        end, effects = self.now_ms + ms, list[Effect]()
        while (due := self.device.next_deadline()) is not None and due <= end:
            self.now_ms = max(due, self.now_ms)
            effects += self.carry_out(self.device.elapsed(self.now_ms))
        self.now_ms = end
        return effects

    def values(self, component: str) -> dict[str, Any]:
        return self.device.memory.values(component)

    def carry_out(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            self._carry_out(effect)
        return effects

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Publish():
                assert self.up, f"{effect.kind} was published without a connection"
                self.published.append(effect)
                self.said.append(parse_object(effect.payload))
            case Connect():
                assert self.wanted is None, "a second connection was asked for"
                self.wanted = effect.settings
            case Disconnect():
                assert self.wanted is not None, "there was nothing to disconnect"
                self.wanted, self.up = None, False
            case Save():
                self.saved = effect.nvs
            case Download():
                assert self.download is None, "a second download was asked for"
                self.download = effect
            case StopDownload():
                assert self.download is not None, "there was no download to stop"
                self.download = None
            case Note():
                self.notes.append(effect)


def in_state(state: State) -> Bench:
    """A bench whose device is in ``state``."""
    bench = Bench()
    if state is State.OFF:
        return bench
    bench.power_on()
    if state is not State.BOOTING:
        bench.wait(BOOT_MS)
    if state is State.WAITING:
        bench.refuse()
    if state is State.ONLINE:
        bench.accept()
    assert bench.device.state is state
    return bench


def on_trial(state: State) -> Bench:
    """A bench whose device tries new connection values, ``CONNECTING`` or ``WAITING``."""
    bench = Bench().started()
    bench.tell({"typ": "cfg", "comp": "net", "netStaSSID": "Nowhere"})
    if state is State.WAITING:
        bench.refuse(Refusal.NO_NETWORK)
    assert bench.device.state is state
    return bench


def kinds(said: Sequence[Said]) -> list[str]:
    """The ``typ`` of each message, with the component of an answer."""
    return [f"cfg {m['comp']}" if m["typ"] == "cfg" else m["typ"] for m in said]
