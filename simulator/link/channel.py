"""A byte stream to a broker that never blocks: TCP, TLS, WebSocket.

A `Channel` is opened in steps: `shake` goes as far as it can, and says for what it waits. An `OSError` of any
method means that the stream is at its end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from typing import Any

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidURI
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from simulator.device.link import Certificate, LinkSettings, Refusal
from simulator.errors import LinkError
from simulator.link.papers import load_certificate
from simulator.link.poll import READ, WRITE
from wire.address import BrokerAddress

READ_BYTES = 16_384
MAX_FRAME = 16 * 1024 * 1024 + 5
"""Bytes of a WebSocket's frame: the largest packet with its head; a length may claim far more."""
DEFAULT_PATH = "/mqtt"
"""Where a WebSocket is opened if the URI names no path."""

Place = tuple[Any, ...]
"""What `getaddrinfo` gives: family, type, protocol, name, address."""

_WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EINTR)


class Channel:
    """A TCP connection."""

    __slots__ = ("_sock",)

    def __init__(self, place: Place, source: str | None = None) -> None:
        """Begin to connect, from the address `source` if there is one."""
        family, kind, protocol, _, address = place
        sock = self._sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source is not None:
                sock.bind((source, 0))
            self._check(sock.connect_ex(address))
        except BaseException:
            sock.close()
            raise

    def fileno(self) -> int:
        return self._sock.fileno()

    def shake(self) -> int:
        """What has to be waited for until it is open, READ or WRITE; 0 when it is. LinkError where the other
        side speaks something else.
        """
        self._check(self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        try:
            self._sock.getpeername()
        except OSError as exc:
            if exc.errno != errno.ENOTCONN:
                raise
            return WRITE
        return 0

    def read(self) -> bytes:
        """What has arrived; nothing where nothing has."""
        try:
            data = self._sock.recv(READ_BYTES)
        except _WOULD_BLOCK:
            return b""
        if not data:
            raise ConnectionError("the other side ended the stream")
        return data

    def write(self, data: bytes) -> int:
        """Write what the stream takes now, and say how much that was."""
        try:
            return self._sock.send(data)
        except _WOULD_BLOCK:
            return 0

    @property
    def unsent(self) -> int:
        """How many bytes that `write` took are still to be written, by `write` of nothing."""
        return 0

    @property
    def unread(self) -> bool:
        """Whether something has arrived that the descriptor does not show."""
        return False

    def part(self) -> None:
        """End our side only: the other one reads all of it, and ends its own."""
        with contextlib.suppress(OSError):  # a connection that broke meanwhile is at its end anyway
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._sock.close()

    @staticmethod
    def _check(number: int) -> None:
        if number not in _UNDER_WAY:
            raise OSError(number, os.strerror(number))


class SecureChannel(Channel):
    """TLS over TCP. The record that arrives is read at once, so that OpenSSL keeps no buffer."""

    __slots__ = ("_certificate", "_host", "_tls")

    def __init__(
        self,
        place: Place,
        tls: ssl.SSLContext,
        host: str,
        source: str | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(place, source)
        self._tls = tls
        self._host = host
        self._certificate = certificate

    def shake(self) -> int:
        if not isinstance(self._sock, ssl.SSLSocket):
            if wanted := super().shake():
                return wanted
            self._sock = self._wrapped(self._sock)
        try:
            self._sock.do_handshake()
        except ssl.SSLWantReadError:
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        except OSError as exc:
            raise LinkError(Refusal.TLS, f"{self._host}: {exc}") from exc
        return 0

    @property
    def unread(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    def _wrapped(self, sock: socket.socket) -> ssl.SSLSocket:
        try:
            if self._certificate is not None:
                load_certificate(self._tls, self._certificate)
            return self._tls.wrap_socket(sock, server_hostname=self._host, do_handshake_on_connect=False)
        except (ValueError, OSError) as exc:  # an SSLError is an OSError
            raise LinkError(Refusal.TLS, f"{self._host}: {exc}") from exc


class WebSocketChannel(Channel):
    """MQTT in the binary frames of a WebSocket, over another channel."""

    __slots__ = ("_address", "_ended", "_inner", "_leftover", "_protocol")

    def __init__(self, inner: Channel, address: BrokerAddress) -> None:
        """LinkError where `address` can't be that of a WebSocket; the inner channel is closed then."""
        self._inner = inner
        self._address = address
        self._leftover = bytearray()
        self._ended = False
        try:
            uri = parse_uri(_uri(address))
        except InvalidURI as exc:
            inner.close()
            raise LinkError(Refusal.UNREACHABLE, f"{address}: {exc}") from exc
        self._protocol = ClientProtocol(uri, subprotocols=[Subprotocol("mqtt")], max_size=MAX_FRAME)
        self._protocol.send_request(self._protocol.connect())

    def fileno(self) -> int:
        return self._inner.fileno()

    def shake(self) -> int:
        if wanted := self._inner.shake():
            return wanted
        self._push()
        if data := self._inner.read():
            self._protocol.receive_data(data)
        refused = self._protocol.handshake_exc
        if refused is not None:
            raise LinkError(Refusal.UNREACHABLE, f"{self._address}: no WebSocket there ({refused})")
        if self._protocol.state is State.OPEN:
            return 0
        return READ | (WRITE if self._leftover else 0)

    def read(self) -> bytes:
        if self._ended:
            raise ConnectionError("the other side closed the WebSocket")
        if data := self._inner.read():
            self._protocol.receive_data(data)
            self._push()  # pongs
        frames = (event for event in self._protocol.events_received() if isinstance(event, Frame))
        messages = b"".join(frame.data for frame in frames if frame.opcode in (Opcode.BINARY, Opcode.CONT))
        self._ended = self._protocol.close_expected()
        if self._ended and not messages:
            raise ConnectionError("the other side closed the WebSocket")
        return messages

    def write(self, data: bytes) -> int:
        """As for a Channel; a frame is taken whole, and what can't be written yet is kept."""
        self._push()
        if self._leftover or not data:
            return 0
        if self._protocol.state is not State.OPEN:
            raise ConnectionError("the other side closed the WebSocket")
        self._protocol.send_binary(data)
        self._push()
        return len(data)

    @property
    def unsent(self) -> int:
        return len(self._leftover)

    @property
    def unread(self) -> bool:
        return self._ended or self._inner.unread

    def part(self) -> None:
        self._inner.part()

    def close(self) -> None:
        self._inner.close()

    def _push(self) -> None:
        self._leftover += b"".join(self._protocol.data_to_send())
        if self._leftover:
            del self._leftover[: self._inner.write(bytes(self._leftover))]


def open_channel(settings: LinkSettings, place: Place, tls: ssl.SSLContext | None) -> Channel:
    """A channel to the broker of `settings` that begins to connect to `place`; OSError or LinkError where it
    can't.

    `tls` is used where the address asks for TLS and must be given then.
    """
    address, source = settings.address, settings.source
    if address.tls:
        assert tls is not None
        channel: Channel = SecureChannel(place, tls, address.host, source, settings.certificate)
    else:
        channel = Channel(place, source)
    return WebSocketChannel(channel, address) if address.websocket else channel


def _uri(address: BrokerAddress) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{'wss' if address.tls else 'ws'}://{host}:{address.port}{address.path or DEFAULT_PATH}"
