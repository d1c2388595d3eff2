"""An installed RabbitMQ with its MQTT plugin: what many a floor has anyway."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from simulator.broker.broker import Credentials, Engine
from simulator.broker.installed import InstalledBroker, claim, guarded, search_path
from simulator.errors import BrokerError, BrokerNotInstalled, PortTaken

DEBIAN = "/usr/lib/rabbitmq/bin"
"""Behind Debian's wrapper of the same name, which becomes the user rabbitmq and its one node."""
NODE = "smib@localhost"
LOOPBACK = "127.0.0.1"
SALT_BYTES = 4
"""As RabbitMQ salts."""


class RabbitBroker(InstalledBroker):
    """A RabbitMQ node of our own, apart from any other on this machine: it has its own port mapper (epmd),
    data folder and cookie.

    It ends by SIGKILL, as nothing is persisted. On empty data it waits for other nodes, some 5 s: so a node
    is started and ended properly once, and its data kept under the temporary folder for all that follow.
    """

    engine: Engine = "rabbitmq"
    name = "RabbitMQ"
    start_wait = 90.0
    end = signal.SIGKILL

    async def start(self) -> None:
        if self._credentials is None and not new_data().exists():
            first = RabbitBroker()
            await InstalledBroker.start(first)
            await first.leave(new_data())
        await super().start()

    async def leave(self, place: Path) -> None:
        """End properly, and leave the data at `place`, where no other has put any."""
        node = self._processes[0]
        node.terminate()
        await asyncio.wait_for(node.wait(), self.start_wait)
        assert self._folder is not None
        with contextlib.suppress(FileExistsError):
            (Path(self._folder.name) / "data").rename(place)
        await self.stop()

    def _program(self) -> list[str]:
        server = shutil.which("rabbitmq-server", path=os.pathsep.join((DEBIAN, search_path())))
        if server is None or shutil.which("epmd") is None:
            raise BrokerNotInstalled(
                "RabbitMQ is not installed: apt-get install rabbitmq-server, or leave out --engine rabbitmq "
                "to use the embedded broker."
            )
        return guarded(server, self.end)

    async def _launch(self, program: list[str], folder: Path, log: Path) -> None:
        users = self._write_users(folder)
        if users is None:
            with contextlib.suppress(FileNotFoundError):
                shutil.copytree(new_data(), folder / "data")
        (folder / "home").mkdir(exist_ok=True)
        lines = configuration(self._host, self._mqtt_port, self._ws_port, users)
        (folder / "rabbitmq.conf").write_text("\n".join([*lines, ""]), encoding="utf-8")
        plugins = "rabbitmq_mqtt" if self._ws_port is None else "rabbitmq_mqtt,rabbitmq_web_mqtt"
        (folder / "enabled_plugins").write_text(f"[{plugins}].\n", encoding="utf-8")
        mapper = claim("Erlang's port mapper", LOOPBACK, 0, "--mqtt-port")
        told = environment(folder, mapper, claim("Erlang", LOOPBACK, 0, "--mqtt-port"))
        await self._spawn(program, log, told)
        epmd = guarded("epmd", self.end)
        await self._spawn([*epmd, "-address", LOOPBACK, "-port", str(mapper)], log, told)

    def _runs(self, log: str) -> bool:
        return "Server startup complete" in log

    def _explained(self, log: str) -> BrokerError:
        if "eaddrinuse" in log:
            return PortTaken("MQTT", self._host, self._mqtt_port, "--mqtt-port", "the port is taken")
        errors = [line for line in log.splitlines() if "[error]" in line and line.rstrip()[-1:] != ">"]
        return BrokerError(f"RabbitMQ ended during its start: {(errors or ['it said nothing'])[0]}")

    def _write_users(self, folder: Path) -> Path | None:
        if self._credentials is None:
            return None
        file = folder / "users.json"
        file.touch(mode=0o600)
        file.write_text(definitions(self._credentials), encoding="utf-8")
        return file


def configuration(host: str, mqtt_port: int, ws_port: int | None, users: Path | None) -> Iterator[str]:
    """The lines of a `rabbitmq.conf`; `users` is the file of the one who is let in."""
    address = f"[{host}]" if ":" in host else host
    yield from ("listeners.tcp = none", f"mqtt.listeners.tcp.1 = {address}:{mqtt_port}")
    yield from ("mqtt.tcp_listen_options.backlog = 4096", "mqtt.tcp_listen_options.nodelay = true")
    yield "mqtt.retained_message_store = rabbit_mqtt_retained_msg_store_ets"
    yield from ("log.console = true", "log.console.level = info", "log.file = false")
    yield "disk_free_limit.absolute = 1MB"
    if users is not None:
        yield from ("mqtt.allow_anonymous = false", f"load_definitions = {users}")
    else:
        yield from ("mqtt.allow_anonymous = true", "loopback_users = none")
    if ws_port is not None:
        yield from (f"web_mqtt.tcp.ip = {host}", f"web_mqtt.tcp.port = {ws_port}", "web_mqtt.ws_path = /")


def environment(folder: Path, mapper: int, distribution: int) -> dict[str, str]:
    """What keeps a node apart from every other."""
    return {
        "HOME": str(folder / "home"),  # of the cookie
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(mapper),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_MNESIA_BASE": "/proc/self/cwd/data",  # it writes its paths into its data
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RUNNING_UNDER_SYSTEMD": "true",  # no shell between us and it
    }


def definitions(credentials: Credentials) -> str:
    """The users of a guarded node: one, with the salted hash of its password."""
    salt = os.urandom(SALT_BYTES)
    hashed = base64.b64encode(salt + hashlib.sha256(salt + credentials.password.encode()).digest()).decode()
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    user = {"name": credentials.user, "password_hash": hashed, "tags": ""}
    return json.dumps(
        {
            "users": [{**user, "hashing_algorithm": "rabbit_password_hashing_sha256"}],
            "vhosts": [{"name": "/"}],
            "permissions": [{"user": credentials.user, "vhost": "/", **everything}],
        }
    )


def new_data() -> Path:
    """Where the data folder of a node that has met nobody is kept, for this user alone."""
    place = Path(tempfile.gettempdir()) / f"smib-rabbitmq-{os.geteuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.lstat().st_uid != os.geteuid():
        raise BrokerError(f"RabbitMQ's data would be in {place}, which is another user's.")
    return place / "new"
