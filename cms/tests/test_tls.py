"""TLS on both sides of the service: a certificate of its own for the broker, and https for its callers."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from cms.errors import SettingError
from cms.mqtt_config import MqttConfig
from cms.settings import read_settings
from cms.tests.broker import MOSQUITTO, running_broker
from cms.tests.certificates import Authority
from cms.tests.gate import gate_to, until
from cms.tests.test_cli import serving
from cms.tests.test_connection import Inbox, connection, run
from wire.address import parse_address


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def demanding(authority: Authority) -> ssl.SSLContext:
    """A broker's side that talks to nobody without a certificate of this authority."""
    pair = authority.pair("broker")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    context.load_verify_locations(authority.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class TestBroker:
    @pytest.mark.parametrize("scheme", ["mqtts", "wss"])
    def test_one_that_asks_for_a_certificate_is_shown_it(self, authority: Authority, scheme: str) -> None:
        pair = authority.pair("cms")

        async def work() -> None:
            async with running_broker() as broker:
                target = broker.port if scheme == "mqtts" else broker.ws_port
                async with gate_to(target, demanding(authority)) as gate:
                    uri = f"{scheme}://127.0.0.1:{gate.port}"
                    files: dict[str, Any] = {"ca_file": str(authority.ca)}
                    own: dict[str, Any] = {"cert_file": str(pair.cert), "key_file": str(pair.key)}
                    async with connection(uri, Inbox(), **files, **own) as made:
                        await made.wait_connected(10)
                    async with connection(uri, **files) as refused:
                        await until(lambda: refused.failure is not None)
                        assert not refused.is_connected()

        run(work)

    def test_one_of_another_authority_is_refused(self, authority: Authority, tmp_path: Path) -> None:
        pair = Authority(tmp_path, "other").pair("cms")

        async def work() -> None:
            async with gate_to(None, demanding(authority)) as gate:
                own: dict[str, Any] = {"cert_file": str(pair.cert), "key_file": str(pair.key)}
                uri = f"mqtts://127.0.0.1:{gate.port}"
                async with connection(uri, ca_file=str(authority.ca), **own) as made:
                    await until(lambda: made.failure is not None)
                    assert not made.is_connected()

        run(work)

    @pytest.mark.skipif(MOSQUITTO is None, reason="no Mosquitto is installed")
    def test_mosquitto_knows_the_service_by_its_certificate(
        self, authority: Authority, tmp_path: Path
    ) -> None:
        pair, own = authority.pair("broker"), authority.pair("cms")

        async def work(port: int) -> None:
            uri = f"mqtts://127.0.0.1:{port}"
            files: dict[str, Any] = {
                "ca_file": str(authority.ca),
                "cert_file": str(own.cert),
                "key_file": str(own.key),
            }
            async with connection(uri, **files) as made:
                await made.wait_connected(10)
            async with connection(uri, ca_file=str(authority.ca)) as refused:
                await until(lambda: refused.failure is not None)
                assert not refused.is_connected()

        with mosquitto(authority, pair.cert, pair.key, tmp_path) as port:
            run(lambda: work(port))


@contextmanager
def mosquitto(authority: Authority, cert: Path, key: Path, folder: Path) -> Iterator[int]:
    """One that takes the name in a client's certificate for its user."""
    assert MOSQUITTO is not None
    port = free_port()
    conf = folder / "mosquitto.conf"
    lines = (
        f"listener {port} 127.0.0.1",
        f"cafile {authority.ca}",
        f"certfile {cert}",
        f"keyfile {key}",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous true",
        "user root",
    )
    conf.write_text("\n".join(lines))
    with subprocess.Popen([MOSQUITTO, "-c", str(conf)], stderr=subprocess.DEVNULL) as process:
        try:
            yield port
        finally:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class TestSettings:
    def test_certificate_and_key_belong_together(self, authority: Authority) -> None:
        one, other = authority.pair("one"), authority.pair("other")
        read = read_settings(
            {"MQTT_URI": "mqtts://h", "MQTT_CERT_FILE": str(one.cert), "MQTT_KEY_FILE": str(one.key)}
        )
        assert (read.mqtt.cert_file, read.mqtt.key_file) == (str(one.cert), str(one.key))
        for cert, key in (("MQTT_CERT_FILE", "MQTT_KEY_FILE"), ("CMS_TLS_CERT", "CMS_TLS_KEY")):
            wrong = (
                {cert: str(one.cert), key: str(other.key)},
                {cert: str(one.cert)},
                {cert: str(one.key), key: str(one.cert)},
                {cert: str(one.cert.parent / "none")},
            )
            for environ in wrong:
                with pytest.raises(SettingError, match=cert):
                    read_settings({"MQTT_URI": "mqtts://h", **environ})
            with pytest.raises(SettingError, match=f"{key}.*{cert}"):
                read_settings({"MQTT_URI": "mqtts://h", key: str(one.key)})

    def test_a_certificate_without_tls_would_never_be_shown(self, authority: Authority) -> None:
        pair = authority.pair("one")
        environ = {"MQTT_CERT_FILE": str(pair.cert), "MQTT_KEY_FILE": str(pair.key)}
        with pytest.raises(SettingError, match=r"MQTT_CERT_FILE.*mqtts://"):
            read_settings({"MQTT_URI": "mqtt://h", **environ})


class TestHttps:
    def test_the_service_speaks_it_and_tells_browsers_to_stay(
        self, authority: Authority, tmp_path: Path
    ) -> None:
        pair = authority.pair("service")
        with serving(tmp_path, CMS_TLS_CERT=str(pair.cert), CMS_TLS_KEY=str(pair.key)) as (program, line):
            url = line.partition("url=")[2].strip()
            assert url.startswith("https://127.0.0.1:")
            trusting = ssl.create_default_context(cafile=str(authority.ca))
            with urlopen(Request(f"{url}/healthz"), context=trusting) as answer:
                assert answer.headers["strict-transport-security"] == "max-age=31536000"
            program.terminate()
            assert program.wait(10) == 0

    def test_over_http_nothing_is_said_of_it(self, tmp_path: Path) -> None:
        with serving(tmp_path) as (_, line):
            url = line.partition("url=")[2].strip()
            with urlopen(f"{url}/healthz") as answer:
                assert answer.headers["strict-transport-security"] is None


def test_a_certificate_that_was_renewed_counts_at_the_next_connect(authority: Authority) -> None:
    pair = authority.pair("renewed")
    config = MqttConfig(
        parse_address("mqtts://h"),
        ca_file=str(authority.ca),
        cert_file=str(pair.cert),
        key_file=str(pair.key),
    )
    assert config.tls_context() is not config.tls_context()
