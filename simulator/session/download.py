"""Firmware images over HTTP and HTTPS, for many devices at once: bounded in size, time and number.

A small client of our own, because a download has to be stopped in the middle, costs next to nothing per
device and must not look at a proxy's settings. It speaks HTTP/1.1, follows three redirects, and reads bodies
with a length, in chunks or up to the end of the stream.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from simulator.device.effects import Download
from simulator.device.image import Reader, Received
from simulator.errors import DownloadError

AT_ONCE = 50
"""Downloads under way at a time; the others wait for their turn."""
SILENCE_S = 15.0
"""A server that sends nothing for so long is given up."""
REDIRECTS = 3
CHUNK_BYTES = 64 * 1024
HEADER_LINES = 100

Progress = Callable[[int, int | None], None]
"""Told how many bytes came, and of how many; None where the server does not say."""

Trust = Callable[[], ssl.SSLContext]

_log = logging.getLogger("simulator.download")


class DownloadListener(Protocol):
    """Who asked for an image. Told once how it ended, unless it is stopped before."""

    def download_progress(self, received: int, total: int | None) -> None: ...

    def downloaded(self, received: Received) -> None: ...

    def download_failed(self, why: str) -> None: ...


class Downloads:
    """The downloads of a fleet, which share their limits and their TLS context."""

    def __init__(self, *, trust: Trust | None = None, at_once: int = AT_ONCE) -> None:
        """`trust` gives the TLS context, and is asked when the first device needs one (default: one that
        trusts the system's certificates).
        """
        self._trust = trust or ssl.create_default_context
        self._tls: ssl.SSLContext | None = None
        self._gate = asyncio.Semaphore(at_once)

    def begin(self, wanted: Download, listener: DownloadListener) -> asyncio.Task[None]:
        """Begin a download, in a task that ends with it; cancel it, and its listener hears nothing more."""
        return asyncio.get_running_loop().create_task(self._run(wanted, listener))

    async def _run(self, wanted: Download, listener: DownloadListener) -> None:
        await asyncio.sleep(0)  # never from within `begin`
        try:
            async with self._gate, asyncio.timeout(wanted.timeout_ms / 1000):
                received = await fetch(wanted.url, wanted.limit_bytes, self.tls, listener.download_progress)
        except TimeoutError:
            listener.download_failed("timed out")
        except DownloadError as exc:
            listener.download_failed(str(exc))
        except Exception:  # noqa: BLE001  a defect here must not leave its device waiting for ever
            _log.exception("! download=broken")
            listener.download_failed("no HTTP")
        else:
            listener.downloaded(received)

    def tls(self) -> ssl.SSLContext:
        """The context for servers over TLS."""
        if self._tls is None:
            self._tls = self._trust()
        return self._tls


async def fetch(url: str, limit_bytes: int, tls: Trust, told: Progress) -> Received:
    """What is at `url`, digested as an image; DownloadError with a short reason, TimeoutError."""
    for _ in range(REDIRECTS + 1):
        async with _answered(url, tls) as answer:
            if answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers:
                url = _redirected(url, answer.headers["location"])
                continue
            return await _digested(answer, limit_bytes, told)
    raise DownloadError("too many redirects")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    stream: asyncio.StreamReader

    @property
    def length(self) -> int | None:
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


async def _digested(answer: _Answer, limit_bytes: int, told: Progress) -> Received:
    if answer.status == 404:
        raise DownloadError("not found (404)")
    if answer.status != 200:
        raise DownloadError(f"the server answered {answer.status}")
    total, size, reader = answer.length, 0, Reader()
    if total is not None and total > limit_bytes:
        raise DownloadError("too large")
    async for part in _body(answer):
        size += len(part)
        if size > limit_bytes:
            raise DownloadError("too large")
        reader.feed(part)
        told(size, total)
    return reader.received()


@contextlib.asynccontextmanager
async def _answered(url: str, tls: Trust) -> AsyncIterator[_Answer]:
    """The head of the answer to a request for `url`; the connection ends with the context."""
    parts, host, port = _address(url)
    secure = tls() if parts.scheme == "https" else None
    writer: asyncio.StreamWriter | None = None
    try:
        reader, writer = await asyncio.open_connection(host, port, ssl=secure, limit=CHUNK_BYTES)
        writer.write(_request(parts))
        yield await _head(reader)
    except socket.gaierror as exc:
        raise DownloadError("no such host") from exc
    except ssl.SSLError as exc:
        raise DownloadError("no TLS") from exc
    except OSError as exc:
        if isinstance(exc, TimeoutError):
            raise
        raise DownloadError("connection lost" if writer else "unreachable") from exc
    finally:
        if writer is not None:
            writer.transport.abort()


def _address(url: str) -> tuple[SplitResult, str, int]:
    """The URL in parts, its host and its port; DownloadError for any other than HTTP's."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise DownloadError("no HTTP address") from exc
    if parts.scheme not in ("http", "https") or not host:
        raise DownloadError("no HTTP address")
    return parts, host, port or (443 if parts.scheme == "https" else 80)


def _request(parts: SplitResult) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Connection: close",
        "Accept: */*",
        "User-Agent: smib",
    ]
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append(f"Authorization: Basic {base64.b64encode(user.encode()).decode()}")
    try:
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
    except UnicodeEncodeError as exc:
        raise DownloadError("no HTTP address") from exc


async def _head(stream: asyncio.StreamReader) -> _Answer:
    version, _, rest = (await _line(stream)).partition(" ")
    status = rest[:3]
    if not version.startswith("HTTP/1.") or not (
        status.isascii() and status.isdecimal() and len(status) == 3
    ):
        raise DownloadError("no HTTP")
    headers: dict[str, str] = {}
    for _ in range(HEADER_LINES):
        name, _, value = (await _line(stream)).partition(":")
        if not name:
            return _Answer(int(status), headers, stream)
        headers[name.strip().lower()] = value.strip()
    raise DownloadError("no HTTP")


async def _body(answer: _Answer) -> AsyncIterator[bytes]:
    """The body in parts; DownloadError if it ends too soon."""
    if answer.headers.get("transfer-encoding", "").lower() == "chunked":
        while size := await _chunk_size(answer.stream):
            async for part in _exactly(answer.stream, size):
                yield part
            await _line(answer.stream)
    elif (length := answer.length) is not None:
        async for part in _exactly(answer.stream, length):
            yield part
    else:
        while part := await _read(answer.stream, CHUNK_BYTES):
            yield part


async def _exactly(stream: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        part = await _read(stream, min(size, CHUNK_BYTES))
        if not part:
            raise DownloadError("truncated")
        size -= len(part)
        yield part


async def _chunk_size(stream: asyncio.StreamReader) -> int:
    text = (await _line(stream)).partition(";")[0].strip()
    try:
        size = int(text, 16)
    except ValueError as exc:
        raise DownloadError("truncated" if stream.at_eof() else "no HTTP") from exc
    if size < 0:
        raise DownloadError("no HTTP")
    return size


async def _line(stream: asyncio.StreamReader) -> str:
    try:
        async with asyncio.timeout(SILENCE_S):
            line = await stream.readline()
    except ValueError as exc:  # a line longer than the stream's limit
        raise DownloadError("no HTTP") from exc
    return line.decode("latin-1").rstrip("\r\n")


async def _read(stream: asyncio.StreamReader, size: int) -> bytes:
    async with asyncio.timeout(SILENCE_S):
        return await stream.read(size)


def _redirected(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
    except ValueError as exc:
        raise DownloadError("no HTTP address") from exc
    if url.startswith("https:") and not target.startswith("https:"):
        raise DownloadError("redirected away from TLS")
    return target
