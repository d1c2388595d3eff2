"""What all liars share: a name, a requirement, and a line in which they own up."""

from __future__ import annotations

import os
import re
import sys
from typing import ClassVar

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Liar:
    """``lied`` is called at the very moment when the answer is wrong: a fault that was never exercised proves
    nothing about the harness."""

    breaks: ClassVar[str]

    @classmethod
    def name(cls) -> str:
        """The class's name, ``RetainsCommands``, as ``retains-commands``."""
        return _WORD.sub("-", cls.__name__).lower()

    def lied(self) -> None:
        own_up(self.name())


def own_up(name: str) -> None:
    """Appends ``lied NAME`` to the file that LIED_FILE names, or writes it to stderr."""
    line = f"lied {name}\n"
    if path := os.environ.get("LIED_FILE"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(line)
    else:
        sys.stderr.write(line)
        sys.stderr.flush()
