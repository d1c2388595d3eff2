"""Firmware over HTTP: what comes, and in what words it is said that something did not."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simulator.device.effects import Download
from simulator.device.image import Image, Received, firmware_image, verified
from simulator.session.download import Downloads, Trust

IMAGE = firmware_image("smib", "2.0.0", 200_000)
LIMIT = 400_000
DEADLINE_S = 20.0


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(body: bytes, size: int = 30_000) -> bytes:
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    chunks = b"".join(b"%x;x=1\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n" + chunks


class Server:
    """Answers every request with what is written for its path, and remembers the requests."""

    def __init__(self, answers: dict[str, bytes], *, hangs: bool = False) -> None:
        self.answers = answers
        self.hangs = hangs
        self.requests: list[str] = []
        self.asked = asyncio.Event()
        self.ended = asyncio.Event()
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    def url(self, path: str = "/wifi.bin", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        start = await reader.readexactly(1)
        if start != b"G":
            writer.write(answer(b"", status="400 Bad Request"))
            writer.close()
            return
        head = (start + await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(head)
        writer.write(self.answers[head.split()[1]])
        self.asked.set()
        if self.hangs:
            await reader.read()
            self.ended.set()
        writer.close()


@asynccontextmanager
async def serving(
    answers: bytes | dict[str, bytes], *, hangs: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    given = answers if isinstance(answers, dict) else {"/wifi.bin": answers}
    server = Server(given, hangs=hangs)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for writer in server.writers:
            writer.transport.abort()
        await asyncio.gather(*(w.wait_closed() for w in server.writers), return_exceptions=True)


class Listening:
    """A download's listener that can be waited on."""

    def __init__(self) -> None:
        self.outcome: Received | str | None = None
        self.progress: list[tuple[int, int | None]] = []
        self._over = asyncio.Event()

    def download_progress(self, received: int, total: int | None) -> None:
        self.progress.append((received, total))

    def downloaded(self, received: Received) -> None:
        self.outcome = received
        self._over.set()

    def download_failed(self, why: str) -> None:
        self.outcome = why
        self._over.set()

    async def over(self) -> Received | str | None:
        async with asyncio.timeout(DEADLINE_S):
            await self._over.wait()
        return self.outcome


async def fetched(url: str, *, timeout_ms: int = 15_000, limit: int = LIMIT) -> Received | str | None:
    listening = Listening()
    Downloads().begin(Download(url, limit, timeout_ms), listening)
    return await listening.over()


def failure(answers: bytes | dict[str, bytes], *, limit: int = LIMIT) -> str:
    async def run() -> Received | str | None:
        async with serving(answers) as server:
            return await fetched(server.url(), limit=limit)

    outcome = asyncio.run(run())
    assert isinstance(outcome, str), "it did not fail"
    return outcome


@pytest.mark.parametrize(
    "sent",
    [answer(IMAGE), chunked(IMAGE), b"HTTP/1.0 200 OK\r\n\r\n" + IMAGE],
    ids=["with its length", "in chunks", "up to the end"],
)
def test_an_image_comes_whole_and_its_progress_is_told(sent: bytes) -> None:
    async def run() -> Listening:
        async with serving(sent) as server:
            listening = Listening()
            Downloads().begin(Download(server.url(), LIMIT, 15_000), listening)
            await listening.over()
            return listening

    listening = asyncio.run(run())
    assert isinstance(listening.outcome, Received)
    assert verified(listening.outcome) == Image("smib", "2.0.0", 200_000)
    received = [size for size, _ in listening.progress]
    assert received == sorted(received)
    assert received[-1] == len(IMAGE)
    assert len(received) > 2


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (answer(b"no", status="404 Not Found"), "not found (404)"),
        (answer(b"no", status="500 Oh"), "the server answered 500"),
        (answer(b"", status="204 No Content"), "the server answered 204"),
        (answer(IMAGE[:500], length=len(IMAGE)), "truncated"),
        (chunked(IMAGE)[:90_000], "truncated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "no HTTP"),
        (b"SSH-2.0-x\r\n", "no HTTP"),
        (b"", "no HTTP"),
        (b"HTTP/1.1 200 " + b"x" * 300_000, "no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200, "no HTTP"),
        (answer(b"", "Location: ftp://x/", status="302 Found"), "no HTTP address"),
        (answer(b"", "Location: http://[x/", status="302 Found"), "no HTTP address"),
        (answer(b"", "Location: /wifi.bin", status="302 Found"), "too many redirects"),
    ],
)
def test_what_does_not_come_is_told_in_short_words(sent: bytes, why: str) -> None:
    assert failure(sent) == why


def test_what_is_too_large_is_not_loaded_whether_its_length_is_told_or_not() -> None:
    assert failure(answer(b"", length=LIMIT + 1)) == "too large"
    assert failure(chunked(IMAGE), limit=100_000) == "too large"


def test_a_redirect_is_followed_and_credentials_are_sent() -> None:
    async def run() -> tuple[Received | str | None, list[str]]:
        moved = answer(b"", "Location: new.bin?v=2", status="302 Found")
        async with serving({"/fw/wifi.bin": moved, "/fw/new.bin?v=2": answer(IMAGE)}) as server:
            url = server.url("/fw/wifi.bin").replace("//", "//ann:p%40ss@")
            return await fetched(url), server.requests

    outcome, (first, second) = asyncio.run(run())
    assert isinstance(outcome, Received)
    assert "Authorization: Basic YW5uOnBAc3M=\r\n" in first
    assert "@" not in first
    assert second.startswith("GET /fw/new.bin?v=2 HTTP/1.1\r\n")


def test_a_server_that_is_not_there_or_speaks_no_tls_is_named_so() -> None:
    async def run() -> list[Received | str | None]:
        async with serving(answer(IMAGE)) as server:
            over_tls = await fetched(server.url(scheme="https"))
        return [
            over_tls,
            await fetched(server.url()),
            await fetched("http://[::1"),
            await fetched("ftp://x/"),
        ]

    assert asyncio.run(run()) == ["no TLS", "unreachable", "no HTTP address", "no HTTP address"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_over_tls_only_a_server_that_is_trusted_is_believed(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate, key)

    async def run(trust: Trust | None) -> Received | str | None:
        async with serving(answer(IMAGE), tls=own) as server:
            listening = Listening()
            url = server.url(scheme="https")
            Downloads(trust=trust).begin(Download(url, LIMIT, 15_000), listening)
            return await listening.over()

    assert asyncio.run(run(None)) == "no TLS"
    received = asyncio.run(run(lambda: ssl.create_default_context(cafile=str(certificate))))
    assert isinstance(received, Received)


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    async def run() -> Received | str | None:
        async with serving(b"HTTP/1.1 200 OK\r\n", hangs=True) as server:
            return await fetched(server.url(), timeout_ms=50)

    assert asyncio.run(run()) == "timed out"


def test_a_download_that_is_stopped_leaves_the_server_and_tells_nothing() -> None:
    async def run() -> Listening:
        async with serving(answer(IMAGE[:1000], length=len(IMAGE)), hangs=True) as server:
            listening = Listening()
            task = Downloads().begin(Download(server.url(), LIMIT, 15_000), listening)
            async with asyncio.timeout(DEADLINE_S):
                await server.asked.wait()
                task.cancel()
                await asyncio.wait((task,))
                await server.ended.wait()
            return listening

    assert asyncio.run(run()).outcome is None


def test_no_more_than_so_many_are_under_way_at_once() -> None:
    async def run() -> int:
        async with serving(answer(IMAGE)) as server:
            downloads, listening = Downloads(at_once=2), [Listening() for _ in range(8)]
            for one in listening:
                downloads.begin(Download(server.url(), LIMIT, 15_000), one)
            outcomes = [await one.over() for one in listening]
            assert all(isinstance(outcome, Received) for outcome in outcomes)
            return len(server.requests)

    assert asyncio.run(run()) == 8
