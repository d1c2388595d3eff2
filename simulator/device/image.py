"""The firmware image of a virtual SMIB: one line that says what it is, and as many bytes as it says.

    SMIB <name> <version> <size> <sha256>[ crash]\\n<payload of that size>

``sha256`` is the payload's, in hexadecimal. Name and version are 1 to 32 characters out of A-Z a-z 0-9
_ . + -. ``crash`` marks a build that does not start: the board returns to what it ran before (INT-49). A
download is fed to a `Reader` as it comes, so that nobody ever holds a whole image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from simulator.errors import ImageError

LONGEST_HEADER = 256

_WORD = r"[A-Za-z0-9_.+-]{1,32}"
_HEADER = re.compile(rf"SMIB ({_WORD}) ({_WORD}) ([0-9]{{1,10}}) ([0-9a-f]{{64}})( crash)?".encode())
_BLOCK = bytes(range(256)) * 16


@dataclass(frozen=True, slots=True)
class Image:
    """What a sound image says of itself."""

    name: str
    version: str
    size: int
    starts: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a download: its first line (None if there is no end to it), and size and checksum of all
    that follows."""

    header: bytes | None
    size: int
    sha256: str


class Reader:
    """Takes an image as it comes."""

    def __init__(self) -> None:
        self._head = b""
        self._header: bytes | None = None
        self._size = 0
        self._sum = sha256()

    def feed(self, data: bytes) -> None:
        if self._header is None:
            data = self._after_header(data)
        self._size += len(data)
        self._sum.update(data)

    def received(self) -> Received:
        return Received(self._header, self._size, self._sum.hexdigest())

    def _after_header(self, data: bytes) -> bytes:
        if len(self._head) > LONGEST_HEADER:
            return b""
        self._head += data[: LONGEST_HEADER + 1]
        header, newline, _ = self._head.partition(b"\n")
        if not newline:
            return b""
        self._header = header
        taken = len(header) + 1 - (len(self._head) - len(data[: LONGEST_HEADER + 1]))
        return data[taken:]


def verified(received: Received) -> Image:
    """The image that was received whole; ImageError, with a short reason, for any other."""
    match = None if received.header is None else _HEADER.fullmatch(received.header)
    if match is None:
        raise ImageError("not a firmware image")
    name, version, size, checksum, crash = match.groups()
    if received.size < int(size):
        raise ImageError("truncated")
    if received.size > int(size):
        raise ImageError("longer than it says")
    if received.sha256 != checksum.decode():
        raise ImageError("wrong checksum")
    return Image(name.decode(), version.decode(), int(size), crash is None)


def firmware_image(name: str, version: str, size: int, *, starts: bool = True) -> bytes:
    """A sound image with ``size`` bytes of payload; the same arguments give the same bytes. ImageError for
    words that no header can hold."""
    seed = f"{name} {version}\n".encode()
    payload = (seed + _BLOCK * (size // len(_BLOCK) + 1))[:size]
    crash = "" if starts else " crash"
    header = f"SMIB {name} {version} {size} {sha256(payload).hexdigest()}{crash}".encode()
    if not _HEADER.fullmatch(header):
        raise ImageError(
            "name and version of 1 to 32 characters out of A-Z a-z 0-9 _ . + - and a size from 0 were wanted,"
            f" not {name!a}, {version!a} and {size}"
        )
    return header + b"\n" + payload
