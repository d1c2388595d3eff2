"""A server that speaks MongoDB's protocol, for a session of tests: CMS_TEST_MONGODB_URI, else nx-27017.

nx-27017 keeps MongoDB's protocol over SQLite. What passes on it shows that the right commands are sent and
their answers are understood; it is no MongoDB, and the ids of the tests say so.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

GIVEN = os.environ.get("CMS_TEST_MONGODB_URI", "")
NAME = "MongoDB" if GIVEN else "nx-27017 (wire-level smoke test, not MongoDB)"
START_SECONDS = 20.0


@contextmanager
def mongodb_server() -> Iterator[str]:
    """The URI of a server; one that was started here is gone at the end."""
    if GIVEN:
        yield GIVEN
        return
    with tempfile.TemporaryDirectory(prefix="nx-27017-") as folder, nx_27017(Path(folder)) as uri:
        yield uri


@contextmanager
def nx_27017(folder: Path, port: int = 0) -> Iterator[str]:
    """One whose databases are files in ``folder``, so that it can be started again on them."""
    port = port or _free_port()
    program = [
        sys.executable,
        "-m",
        "nx_27017.nx_27017",
        "--port",
        str(port),
        "--data-dir",
        str(folder / "data"),
    ]
    files = ["--log-file", str(folder / "nx.log"), "--pid-file", str(folder / "nx.pid")]
    with open(folder / "nx.out", "ab") as output:
        server = subprocess.Popen([*program, *files], stdout=output, stderr=output, cwd=folder)
    try:
        _wait_for(port, server)
        yield f"mongodb://127.0.0.1:{port}/"
    finally:
        server.kill()
        server.wait()


def database_at(uri: str, folder: Path) -> str:
    """``uri`` with a database of its own for ``folder``."""
    name = f"cms_test_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    return urlunsplit(urlsplit(uri)._replace(path=f"/{name}"))


def port_of(uri: str) -> int:
    port = urlsplit(uri).port
    assert port is not None
    return port


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"nx-27017 ended with {server.wait(0.02)}")
    raise AssertionError(f"nx-27017 did not start within {START_SECONDS:g} s")
