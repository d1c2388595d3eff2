"""What the tap does to the traffic. Plain state: the tap's own thread alone changes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from features.harness.tap.packet import Direction, Packet

Predicate = Callable[[Packet], bool]
Change = Callable[[bytes], bytes]
BOTH = tuple(Direction)


@dataclass(eq=False)
class Rule:
    """Something done to every packet that ``matches``, at most ``times`` times. ``hits`` counts them, so that
    a scenario can show that its fault really happened."""

    word: str
    matches: Predicate
    change: Change
    direction: Direction | None = None
    times: int | None = None
    hits: int = 0

    def takes(self, packet: Packet) -> bool:
        """Whether this packet is one of them; counted if so."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.direction not in (None, packet.direction) or not self.matches(packet):
            return False
        self.hits += 1
        return True


@dataclass
class Faults:
    """``delays`` in seconds by direction; what goes in a direction of ``held`` waits until it is let go."""

    refusing: bool = False
    delays: dict[Direction, float] = field(default_factory=dict)
    held: set[Direction] = field(default_factory=set)
    rules: list[Rule] = field(default_factory=list)

    def ruled(self, direction: Direction) -> bool:
        """Whether packets have to be looked at before they are passed on."""
        return any(rule.direction in (None, direction) for rule in self.rules)

    def rule_for(self, packet: Packet) -> Rule | None:
        return next((rule for rule in self.rules if rule.takes(packet)), None)

    def clear(self) -> None:
        self.refusing = False
        self.delays.clear()
        self.held.clear()
        self.rules.clear()

    def word(self, direction: Direction) -> str:
        """What happens to all traffic of a direction, for the record."""
        if direction in self.held:
            return "held"
        delay = self.delays.get(direction, 0.0)
        return f"delayed {delay:g} s" if delay else ""


def vanish(_raw: bytes) -> bytes:
    """The change of a packet that is dropped."""
    return b""


def flip(raw: bytes) -> bytes:
    """The usual corruption: the last byte with its highest bit inverted, so that the frame stays a frame and
    JSON is neither JSON nor UTF-8 any more."""
    return raw[:-1] + bytes((raw[-1] ^ 0x80,))
