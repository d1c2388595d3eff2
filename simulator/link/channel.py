"""A byte stream to a broker, opened without ever blocking the event loop: TCP, TLS, WebSocket.

A `Channel` has the shape that an MQTT library takes for a socket: `recv`, `send`, `fileno`, `close`,
`setblocking`. It reads what has arrived in one call and hands it out in any portions, because such libraries
ask for a packet byte by byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidURI
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from simulator.device.link import Refusal
from simulator.errors import LinkError
from wire.address import BrokerAddress

READ_BYTES = 65_536
DEFAULT_PATH = "/mqtt"
"""Where a WebSocket is opened if the URI names no path."""

_WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Channel:
    """A TCP or TLS connection that is open."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock: socket.socket | None = sock
        self._received = b""
        self._position = 0
        self.ended = False
        """Whether the other side has ended the stream."""
        self.part_gently = False
        """Let `close` end only our side, so that the broker reads all of it before it hangs up."""
        self.on_close: Callable[[int], None] | None = None
        """Called once with the file descriptor, just before it is closed."""

    @property
    def unread(self) -> bool:
        """Whether `recv` would give something, or the end."""
        return self._position < len(self._received) or self.ended

    @property
    def unsent(self) -> bool:
        """Whether something that `send` took has still to be written, by `push`."""
        return False

    @property
    def open(self) -> bool:
        return self._sock is not None

    def fill(self) -> None:
        """Take over what has arrived. Call it when the descriptor is readable."""
        chunks = []
        while self._sock is not None:
            try:
                chunk = self._sock.recv(READ_BYTES)
            except _WOULD_BLOCK:
                break
            except OSError:
                chunk = b""
            chunks.append(chunk)
            self.ended = not chunk
            if self.ended or not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
                break
        self._take(b"".join(chunks))

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; nothing at the end of the stream, BlockingIOError while there are none."""
        if self._position < len(self._received):
            start, self._position = self._position, self._position + size
            return self._received[start : self._position]
        if self.ended:
            return b""
        raise BlockingIOError

    def send(self, data: bytes | bytearray) -> int:
        """Write what the stream takes now, and say how much that was."""
        if self._sock is None:
            raise ConnectionError("the channel is closed")
        return self._sock.send(data)

    def push(self) -> None:
        """Write on with what `send` took and could not write."""

    def fileno(self) -> int:
        return -1 if self._sock is None else self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        """A channel never blocks."""

    def close(self) -> None:
        """Close the connection, or our side of it if it is to `part_gently`; again is harmless."""
        if self.part_gently and self._sock is not None and not self.ended:
            self.part_gently = False
            with contextlib.suppress(OSError):  # a connection that broke meanwhile is at its end anyway
                self._sock.shutdown(socket.SHUT_WR)
                return
        self.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        sock, self._sock = self._sock, None
        if sock is not None:
            if self.on_close is not None:
                self.on_close(sock.fileno())
            sock.close()

    def _take(self, data: bytes) -> None:
        """Let `recv` give `data` next."""
        self._received = self._received[self._position :] + data
        self._position = 0


class WebSocketChannel(Channel):
    """MQTT in the binary frames of a WebSocket that is open."""

    def __init__(self, sock: socket.socket, protocol: ClientProtocol) -> None:
        super().__init__(sock)
        self._protocol = protocol
        self._leftover = bytearray()

    @property
    def unsent(self) -> bool:
        return bool(self._leftover)

    def send(self, data: bytes | bytearray) -> int:
        """As for a Channel; a frame is taken whole, and what can't be written yet is kept for `push`."""
        self.push()
        if self._leftover:
            raise BlockingIOError
        self._protocol.send_binary(bytes(data))
        self.push()
        return len(data)

    def push(self) -> None:
        self._leftover += b"".join(self._protocol.data_to_send())
        if self._leftover:
            with contextlib.suppress(*_WOULD_BLOCK):
                del self._leftover[: super().send(self._leftover)]

    def _take(self, data: bytes) -> None:
        if data:
            self._protocol.receive_data(data)
        frames = (event for event in self._protocol.events_received() if isinstance(event, Frame))
        messages = b"".join(frame.data for frame in frames if frame.opcode in (Opcode.BINARY, Opcode.CONT))
        self.ended = self.ended or self._protocol.close_expected()
        with contextlib.suppress(OSError):  # pongs are a courtesy; a broken stream shows at the next read
            self.push()
        super()._take(messages)


async def open_channel(address: BrokerAddress, tls: ssl.SSLContext | None) -> Channel:
    """A channel to `address`; LinkError with the device's word for it if there is none.

    `tls` is used where the address asks for TLS and must be given then.
    """
    sock = await _connected(address)
    try:
        if address.tls:
            assert tls is not None
            sock = await _secured(sock, tls, address.host)
        return await _upgraded(sock, address) if address.websocket else Channel(sock)
    except BaseException:
        sock.close()
        raise


async def _connected(address: BrokerAddress) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise LinkError(Refusal.UNREACHABLE, f"{address}: no such host ({exc})") from exc
    failure: OSError | None = None
    for family, kind, protocol, _, place in found:
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as exc:
            failure = exc
            continue
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, place)
        except OSError as exc:
            sock.close()
            failure = exc
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise LinkError(Refusal.UNREACHABLE, f"{address}: {failure}") from failure


async def _secured(sock: socket.socket, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    secure = tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(secure.fileno())
            except ssl.SSLWantWriteError:
                await _ready(secure.fileno(), to_write=True)
            else:
                return secure
    except OSError as exc:
        secure.close()
        raise LinkError(Refusal.TLS, f"{host}: {exc}") from exc
    except BaseException:
        secure.close()
        raise


async def _upgraded(sock: socket.socket, address: BrokerAddress) -> WebSocketChannel:
    scheme = "wss" if address.tls else "ws"
    host = f"[{address.host}]" if ":" in address.host else address.host
    try:
        uri = parse_uri(f"{scheme}://{host}:{address.port}{address.path or DEFAULT_PATH}")
        protocol = ClientProtocol(uri, subprotocols=[Subprotocol("mqtt")], max_size=None)
        protocol.send_request(protocol.connect())
        channel = WebSocketChannel(sock, protocol)
        channel.push()
        while protocol.state is State.CONNECTING and protocol.handshake_exc is None:
            await _ready(channel.fileno(), to_write=channel.unsent)
            channel.push()
            channel.fill()
            if channel.ended:
                break
    except (OSError, InvalidURI) as exc:
        raise LinkError(Refusal.UNREACHABLE, f"{address}: {exc}") from exc
    if protocol.state is not State.OPEN:
        reason = protocol.handshake_exc or "the connection was closed"
        raise LinkError(Refusal.UNREACHABLE, f"{address}: no WebSocket there ({reason})")
    return channel


async def _ready(descriptor: int, *, to_write: bool = False) -> None:
    """Return when `descriptor` can be read from or written to."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    (loop.add_writer if to_write else loop.add_reader)(descriptor, wake)
    try:
        await ready
    finally:
        (loop.remove_writer if to_write else loop.remove_reader)(descriptor)
