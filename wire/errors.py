"""What can be wrong with something that came over the wire.

WireError                  the sender's fault, always: what arrived is not what the contract says
├── PayloadError           the bytes are not one JSON object (contract, section 3)
├── MessageError           the object is no message of the contract, or a field of it is wrong (sections 3, 4)
├── RoutingError           a report that can't be attributed to one relay (section 2)
├── RelayIdError           an id that would address other topics, or none (section 1)
├── TopicError             a topic setting that can't be a topic (section 2)
├── AddressError           a broker address that can't be used (section 5)
├── ConfigError            configuration values that a component refuses (section 3)
└── FrameError             a SAS frame with a wrong length, digit or checksum (section 4)
"""

from __future__ import annotations

from dataclasses import dataclass


class WireError(ValueError):
    """Anything that a decode of this package raises. ``kind`` is a short word to count by."""

    kind = "malformed"


class PayloadError(WireError):
    """``kind`` is one of empty, too-large, not-utf8, not-json, not-object, too-deep."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class MessageError(WireError):
    """``field`` is the wire name of the field that is missing or wrong."""

    kind = "not-a-message"

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field}: {wanted}")
        self.field = field
        self.wanted = wanted


class RoutingError(WireError):
    """``kind`` is one of no-rly, bad-rly, other-rly, other-topic."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class RelayIdError(WireError):
    kind = "bad-relay-id"


class TopicError(WireError):
    kind = "bad-topic"


class AddressError(WireError):
    kind = "bad-address"


class FrameError(WireError):
    kind = "bad-frame"


@dataclass(frozen=True, slots=True)
class Problem:
    """One refused value: ``field`` as ``comp.name``, and what was wanted. Never holds a secret value."""

    field: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.field}: {self.wanted}"


class ConfigError(WireError):
    """Every field of one component that was refused; the whole update is refused with it."""

    kind = "refused"

    def __init__(self, component: str, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.component = component
        self.problems = problems
