"""Firmware images, sound and otherwise, and the technician's HTTP server that they are loaded from."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from features.harness.inbox import WITHIN, Inbox

LIMIT = 4 * 1024 * 1024
"""Bytes that no SMIB has room for, and more."""

Say = Callable[[http.server.BaseHTTPRequestHandler], None]


def image(version: str, size: int = 20_000, *, name: str = "smib", starts: bool = True) -> bytes:
    """``SMIB <name> <version> <size> <sha256>[ crash]``, a line feed and the payload (INT-49)."""
    payload = (version.encode() * size)[:size]
    crash = "" if starts else " crash"
    head = f"SMIB {name} {version} {size} {hashlib.sha256(payload).hexdigest()}{crash}"
    return head.encode() + b"\n" + payload


class FirmwareServer:
    """What it answers is set file by file; ``asked`` tells which file somebody asked for."""

    def __init__(self, port: int) -> None:
        self.asked: Inbox[str] = Inbox("the firmware server's requests")
        self.released = threading.Event()
        self._files: dict[str, Say] = {}
        self.url = f"http://127.0.0.1:{port}/firmwares/"

    def has(self, file: str, content: bytes) -> None:
        self._files[file] = lambda request: _sent(request, content)

    def cuts(self, file: str, content: bytes) -> None:
        """Half of it comes, then the line is cut."""
        self._files[file] = lambda request: _sent(request, content[: len(content) // 2], len(content))

    def promises(self, file: str, size: int) -> None:
        """It says that so many bytes follow."""
        self._files[file] = lambda request: _sent(request, b"SMIB", size)

    def fails(self, file: str, status: int) -> None:
        self._files[file] = lambda request: _failed(request, status)

    def sends_on(self, file: str, target: str) -> None:
        self._files[file] = lambda request: _redirected(request, target)

    def holds(self, file: str, content: bytes) -> None:
        """Half of it comes, the rest when the scenario releases it."""

        def hold(request: http.server.BaseHTTPRequestHandler) -> None:
            _sent(request, content[: len(content) // 2], len(content))
            if self.released.wait(2 * WITHIN):
                request.wfile.write(content[len(content) // 2 :])

        self._files[file] = hold

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        file = request.path.removeprefix("/firmwares/")
        self.asked.put(file)
        say = self._files.get(file)
        if say is None:
            _failed(request, 404)
        else:
            say(request)


@contextmanager
def firmware_server() -> Iterator[FirmwareServer]:
    """A server that runs until the block ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        server_version = "firmwares"

        def do_GET(self) -> None:
            files.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """The timeline tells it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        files = FirmwareServer(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield files
        finally:
            files.released.set()
            server.shutdown()
            thread.join(WITHIN)


def _sent(request: http.server.BaseHTTPRequestHandler, content: bytes, promised: int | None = None) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(content) if promised is None else promised))
    request.end_headers()
    request.wfile.write(content)


def _failed(request: http.server.BaseHTTPRequestHandler, status: int) -> None:
    request.send_response(status)
    request.send_header("Content-Length", "0")
    request.end_headers()


def _redirected(request: http.server.BaseHTTPRequestHandler, target: str) -> None:
    request.send_response(302)
    request.send_header("Location", target)
    request.send_header("Content-Length", "0")
    request.end_headers()
