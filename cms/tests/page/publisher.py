"""Publishes one message over MQTT 3.1.1, byte for byte, for what no library of ours would send."""

from __future__ import annotations

import socket


def publish(port: int, topic: str, payload: bytes) -> None:
    """Publish at QoS 0 to the broker on this machine, and see the broker take it before returning."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(_packet(0x10, b"\x00\x04MQTT\x04\x02\x00\x3c" + _text("page-test")))
        assert line.recv(4) == b"\x20\x02\x00\x00"
        line.sendall(_packet(0x30, _text(topic) + payload))
        line.sendall(b"\xc0\x00")
        assert line.recv(2) == b"\xd0\x00"
        line.sendall(b"\xe0\x00")


def _packet(head: int, body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while True:
        size, low = divmod(size, 128)
        length.append(low | (0x80 if size else 0))
        if not size:
            return bytes([head]) + bytes(length) + body


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()
