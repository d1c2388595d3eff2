"""SAS frames that travel inside messages: long poll 6F, its answer, the NVS frames (contract, section 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wire.errors import FrameError

SELECTED_METERS = 0x6F
METER_BYTES = 5
MAX_METERS = 10

METERS: Mapping[str, str] = {
    "0000": "coin in",
    "0100": "coin out",
    "0200": "jackpot",
    "0300": "handpaid cancelled credits",
    "0400": "cancelled credits",
    "0500": "games played",
    "0600": "games won",
    "0700": "games lost",
    "0B00": "bills accepted",
    "0C00": "current credits",
    "2200": "total won",
    "2400": "total drop",
}
"""Meter codes, as long poll 6F spells them (low byte first), and their names."""

NVS_AREAS: Mapping[int, str] = {1: "all", 2: "meters", 3: "bill validator", 4: "door"}
"""What an NVS frame clears."""

EXCEPTIONS: Mapping[str, str] = {
    "11": "slot door opened",
    "12": "slot door closed",
    "13": "drop door opened",
    "14": "drop door closed",
    "15": "card cage opened",
    "16": "card cage closed",
    "17": "AC power applied",
    "18": "AC power lost",
    "19": "cashbox door opened",
    "1A": "cashbox door closed",
    "1C": "cashbox installed",
    "20": "general tilt",
    "27": "cashbox full",
    "28": "bill jam",
    "2B": "bill rejected",
    "3D": "cash out ticket printed",
    "47": "$1.00 bill accepted",
    "48": "$5.00 bill accepted",
    "49": "$10.00 bill accepted",
    "4A": "$20.00 bill accepted",
    "4B": "$50.00 bill accepted",
    "4C": "$100.00 bill accepted",
    "4D": "$2.00 bill accepted",
    "4E": "$500.00 bill accepted",
    "4F": "bill accepted",
    "51": "handpay pending",
    "52": "handpay reset",
    "66": "cash out button pressed",
    "7E": "game started",
    "7F": "game ended",
}
"""SAS real-time exception codes (two hexadecimal digits) and their names."""


def crc(data: bytes) -> int:
    """CRC-16/KERMIT of ``data``."""
    value = 0
    for byte in data:
        value = (value >> 8) ^ _CRC_TABLE[(value ^ byte) & 0xFF]
    return value


def to_bcd(number: int, size: int) -> bytes:
    """``number`` in packed BCD, ``size`` bytes; as a meter does, it rolls over at 10 ** (2 * size)."""
    if number < 0:
        raise FrameError(f"meter: a number from 0 was wanted, not {number}")
    return bytes.fromhex(f"{number % 100**size:0{2 * size}d}")


def from_bcd(data: bytes) -> int:
    """The number that packed BCD spells."""
    digits = data.hex()
    if not digits.isdecimal():
        raise FrameError(f"pyd: packed BCD was wanted, not {digits.upper()}")
    return int(digits)


@dataclass(frozen=True, slots=True)
class MeterPoll:
    """Long poll 6F: which meters are asked for. Codes are spelled as they are sent, ``"0C00"``."""

    codes: tuple[str, ...]
    address: int = 1
    game: int = 0

    def encode(self) -> str:
        body = _game(self.game) + b"".join(bytes.fromhex(code) for code in self.codes)
        return _sealed(bytes((self.address, SELECTED_METERS, len(body))) + body)


@dataclass(frozen=True, slots=True)
class MeterAnswer:
    """The machine's answer to long poll 6F: each asked meter's code and value."""

    meters: tuple[tuple[str, int], ...]
    address: int = 1
    game: int = 0

    def encode(self) -> str:
        blocks = (
            bytes.fromhex(code) + bytes((METER_BYTES,)) + to_bcd(v, METER_BYTES) for code, v in self.meters
        )
        body = _game(self.game) + b"".join(blocks)
        return _sealed(bytes((self.address, SELECTED_METERS, len(body))) + body)


def decode_poll(frame: str) -> MeterPoll:
    """The long poll 6F that ``frame`` (hexadecimal, either case) spells; FrameError for any other text."""
    address, game, body = _opened(frame)
    if len(body) % 2 or not 1 <= len(body) // 2 <= MAX_METERS:
        raise FrameError(f"pyd: 1 to {MAX_METERS} meter codes of 2 bytes were wanted, not {len(body)} bytes")
    codes = (body[i : i + 2].hex().upper() for i in range(0, len(body), 2))
    return MeterPoll(tuple(codes), address, game)


def decode_answer(frame: str) -> MeterAnswer:
    """The answer to long poll 6F that ``frame`` spells; meters of any size in bytes are read."""
    address, game, body = _opened(frame)
    meters: list[tuple[str, int]] = []
    while body:
        size = body[2] if len(body) > 2 else 0
        if size == 0 or len(body) < 3 + size:
            raise FrameError("pyd: a meter code, its size and as many bytes of BCD were wanted")
        meters.append((body[:2].hex().upper(), from_bcd(body[3 : 3 + size])))
        body = body[3 + size :]
    return MeterAnswer(tuple(meters), address, game)


def nvs_frame(area: int) -> str:
    """The frame that clears one area of the NVS; its CRC stands high byte first, unlike a poll's."""
    return _nvs_sealed(bytes((0xE1, 0x01, area)))


def nvs_result(done: bool) -> str:
    """What a device answers to an NVS frame: ``E10101`` done or ``E10100`` failed, and its CRC."""
    return _nvs_sealed(bytes((0xE1, 0x01, 0x01 if done else 0x00)))


def decode_nvs(frame: str) -> int:
    """The area (see NVS_AREAS) that an NVS frame clears; FrameError for any other text."""
    data = _hex(frame)
    if len(data) != 5 or data[:2] != b"\xe1\x01" or data[2] not in NVS_AREAS:
        raise FrameError("pyd: an NVS frame E1 01 nn, nn 01 to 04, with its CRC was wanted")
    if int.from_bytes(data[3:], "big") != crc(data[:3]):
        raise FrameError("pyd: the CRC of the NVS frame is wrong")
    return data[2]


def _opened(frame: str) -> tuple[int, int, bytes]:
    """Address, game number and what follows it, of a 6F frame whose length and CRC are right."""
    data = _hex(frame)
    if len(data) < 7 or data[1] != SELECTED_METERS:
        raise FrameError("pyd: a frame of long poll 6F was wanted")
    if data[2] != len(data) - 5 or data[2] < 2:
        raise FrameError(f"pyd: length {len(data) - 5:02X} was wanted, not {data[2]:02X}")
    if int.from_bytes(data[-2:], "little") != crc(data[:-2]):
        raise FrameError("pyd: the CRC of the frame is wrong")
    return data[0], from_bcd(data[3:5]), data[5:-2]


def _game(number: int) -> bytes:
    return to_bcd(number, 2)


def _sealed(data: bytes) -> str:
    return (data + crc(data).to_bytes(2, "little")).hex().upper()


def _nvs_sealed(data: bytes) -> str:
    return (data + crc(data).to_bytes(2, "big")).hex().upper()


def _hex(frame: str) -> bytes:
    if len(frame) % 2 or not _HEX.fullmatch(frame):
        raise FrameError("pyd: an even number of hexadecimal digits was wanted")
    return bytes.fromhex(frame)


def _crc_row(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ 0x8408 if byte & 1 else byte >> 1
    return byte


_HEX = re.compile(r"[0-9A-Fa-f]*")
_CRC_TABLE = tuple(map(_crc_row, range(256)))
