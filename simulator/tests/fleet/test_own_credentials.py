"""Devices with credentials of their own at a broker that asks for them, in several processes too."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.broker.broker import Credentials
from simulator.broker.installed import search_path
from simulator.broker.mosquitto import password_line
from simulator.fleet.identities import identities
from simulator.fleet.plan import default_plan
from simulator.lab.claim import PortClaim
from simulator.tests.program import DEADLINE_S, Program, run

RELAYS = [identity.relay_id for _, identity in identities(default_plan().with_count(4))]
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the broker and for each device, all of one authority."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates")
    made = tmp_path_factory.mktemp("own")
    files = ("-keyout", "ca.key", "-out", "ca.pem")
    _openssl("req", "-x509", *CURVE, "-days", "2", "-subj", "/CN=authority", *files, at=made)
    (made / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("localhost", *RELAYS):
        _openssl(
            "req", *CURVE, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr", at=made
        )
        signed = (
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
        )
        _openssl(*signed, "-days", "2", "-extfile", "names", "-out", f"{name}.pem", at=made)
        (made / f"{name}.secret").write_text(f"of-{name}\n")
    lines = (password_line(Credentials(relay, f"of-{relay}")) for relay in RELAYS)
    (made / "passwords").write_text("".join(lines))
    (made / "passwords").chmod(0o600)
    return made


class Mosquitto:
    """One that says who connects, as whom and from where."""

    def __init__(self, program: str, folder: Path, *settings: str) -> None:
        self._log = folder / "mosquitto.log"
        with PortClaim(0, "") as claim:
            self.port = claim.port
        lines = (f"listener {self.port} 127.0.0.1", "log_dest stderr", "log_type all", "user root", *settings)
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(folder / "mosquitto.conf")], cwd=folder, stdout=log, stderr=log
            )
        while " running\n" not in self._log.read_text():
            assert self._process.poll() is None, self._log.read_text()

    def connects(self) -> list[str]:
        return [line for line in self._log.read_text().splitlines() if "New client connected from" in line]

    def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(DEADLINE_S)


@pytest.fixture
def broker(folder: Path, request: pytest.FixtureRequest) -> Iterator[Mosquitto]:
    program = shutil.which("mosquitto", path=search_path())
    if program is None:
        pytest.skip("Mosquitto is not installed on this machine")
    made = Mosquitto(program, folder, *request.param)
    yield made
    made.end()


TLS = (
    "cafile ca.pem",
    "certfile localhost.pem",
    "keyfile localhost.key",
    "require_certificate true",
    "use_identity_as_username true",
)
PASSWORDS = ("password_file passwords", "allow_anonymous false")


@pytest.mark.parametrize("broker", [TLS], indirect=True)
def test_each_shows_its_own_certificate(broker: Mosquitto, folder: Path) -> None:
    given = ("--count", "4", "--processes", "2", "--ca-file", str(folder / "ca.pem"))
    own = ("--cert", str(folder / "{relay}.pem"), "--key", str(folder / "{relay}.key"))
    with Program("fleet", "--broker", f"mqtts://localhost:{broker.port}", *given, *own) as program:
        assert program.ready()["subscribed"] == "4"
        assert program.end()[0] == 0
    for relay in RELAYS:
        assert any(f"as smib-{relay} " in line and f"u'{relay}'" in line for line in broker.connects())


@pytest.mark.parametrize("broker", [PASSWORDS], indirect=True)
def test_each_has_its_own_password_and_address(broker: Mosquitto, folder: Path) -> None:
    own = ("--username", "{relay}", "--password-file", str(folder / "{relay}.secret"))
    sources = ("--bind-address", "127.0.0.2", "--bind-address", "127.0.0.3")
    uri = f"mqtt://127.0.0.1:{broker.port}"
    with Program("fleet", "--broker", uri, "--count", "4", *own, *sources) as program:
        assert program.ready()["subscribed"] == "4"
        assert program.end()[0] == 0
    lines = broker.connects()
    assert sorted(relay for relay in RELAYS for line in lines if f"u'{relay}'" in line) == sorted(RELAYS)
    assert (
        sorted(line.split("from ")[1].split(":")[0] for line in lines)
        == ["127.0.0.2"] * 2 + ["127.0.0.3"] * 2
    )


@pytest.mark.parametrize("broker", [PASSWORDS], indirect=True)
def test_those_of_a_file_are_used_and_a_wrong_one_is_counted(broker: Mosquitto, folder: Path) -> None:
    rows = [f"{relay},{relay},of-{relay}" for relay in RELAYS[:3]] + [f"{RELAYS[3]},{RELAYS[3]},hunter2"]
    (folder / "own.csv").write_text("relay,username,password\n" + "\n".join(rows) + "\n")
    given = ("--count", "4", "--duration", "4s", "--credentials", str(folder / "own.csv"))
    done = run("fleet", "--broker", f"mqtt://127.0.0.1:{broker.port}", *given)
    assert done.returncode == 1
    assert "the fleet is short: 3 of 4 devices" in done.stderr
    assert "kind='refused: broker refused'" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def _openssl(*args: str, at: Path) -> None:
    subprocess.run(["openssl", *args], cwd=at, check=True, capture_output=True)
