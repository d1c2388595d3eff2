"""A Mosquitto that speaks TLS, with a certificate of its own making."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

START_S = 10.0


def is_possible() -> bool:
    return bool(shutil.which("mosquitto") and shutil.which("openssl"))


@contextlib.contextmanager
def secure_broker() -> Iterator[tuple[str, str]]:
    """Yields its URI and the file of the certificate to trust."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as free:
        folder, port = Path(name), free.getsockname()[1]
        folder.chmod(0o755)
        free.close()
        _certify(folder)
        (folder / "mosquitto.conf").write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\n"
            f"certfile {folder}/cert.pem\nkeyfile {folder}/key.pem\n"
        )
        process = subprocess.Popen(
            ["mosquitto", "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port)
            yield f"mqtts://127.0.0.1:{port}", str(folder / "cert.pem")
        finally:
            process.terminate()
            process.wait()


def _certify(folder: Path) -> None:
    what = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    subprocess.run(["openssl", *what.split(), *names, *files], check=True, capture_output=True)
    (folder / "key.pem").chmod(0o644)  # Mosquitto reads it as a user of its own


def _wait_for(port: int) -> None:
    end = monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if monotonic() > end:
                raise
            sleep(0.01)
        else:
            return
