"""What can go wrong in the pair.

PairError
├── SettingError   the operator's fault: a variable of the environment can't be; the program does not start
├── Malformed      the sender's fault: bytes that are no JSON object of at most 64 KiB
├── Refused        the client's fault: a request that is answered with ``status`` and a sentence
└── Unreachable    the environment's fault: the broker is away, or acknowledged nothing in time
"""

from __future__ import annotations


class PairError(Exception):
    """Anything that the pair raises by itself."""


class SettingError(PairError):
    """``name`` is the variable; its value is shown by the caller who knows that it is no secret."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name = name


class Malformed(PairError):
    """What is no JSON object of at most 64 KiB in UTF-8 (contract, section 3)."""


class Refused(PairError):
    """A failure in the contract's envelope (section 6)."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Unreachable(PairError):
    """Nothing was acknowledged by the broker."""
