"""The settings of the CMS: one frozen table, read once from the environment (design, rule 7).

Whatever the table says is what `smib-cms --help` shows and what `read_settings` reads; nothing else in this
package looks at the environment. An empty variable counts as one that is not set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cms import setting_values as value
from cms.errors import SettingError
from cms.filters import covers
from cms.log import FORMATS, LEVELS
from cms.mqtt_config import MqttConfig
from cms.setting_values import is_loopback
from wire.address import BrokerAddress, mask_credentials
from wire.topics import CONFIG, RELAY_PREFIX, SERVER_PREFIX, SHARED_SERVER, Topics


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. ``read`` raises ValueError, with what was wanted as its text.

    ``default`` is text as it would stand in the environment, None where a setting has none. ``alias`` is
    another variable that is read where ``name`` is not set.
    """

    name: str
    default: str | None
    help: str
    read: Callable[[str], Any]
    alias: str | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. ``test_endpoint`` is judged together with the host.

    The first of ``keys`` seals secrets, all open them; ``plain``: the operator wants none sealed.
    """

    mqtt: MqttConfig
    database: str = field(repr=False)
    cabinets: str | None
    host: str
    port: int
    tls_cert: str | None
    tls_key: str | None
    allow_open: bool
    proxies: str | None
    session_hours: int
    idle_minutes: int
    orders_per_minute: int
    test_endpoint: bool
    resync_on_connect: bool
    history_kept: int
    max_streams: int
    outbox_stuck_s: int
    min_free_mb: int
    log: str
    log_format: str
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    plain: bool = False

    @property
    def local(self) -> bool:
        """Whether only this machine reaches the service: no other host, and no proxy in front of it."""
        return _is_local(self.host, self.proxies)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings that ``environ`` holds; SettingError, naming the variable, for the first bad one."""
    values = {setting.name: _read(setting, environ) for setting in SETTINGS}
    host, proxies = values["CMS_HOST"], values["CMS_PROXIES"]
    tls_cert, tls_key = _pair(values, "CMS_TLS_CERT", "CMS_TLS_KEY")
    test_endpoint = values["CMS_TEST_ENDPOINT"]
    return Settings(
        mqtt=_mqtt(values),
        database=values["CMS_DATABASE"],
        cabinets=values["CMS_CABINETS"],
        host=host,
        port=values["CMS_PORT"],
        tls_cert=tls_cert,
        tls_key=tls_key,
        allow_open=values["CMS_ALLOW_OPEN"],
        proxies=proxies,
        session_hours=values["CMS_SESSION_HOURS"],
        idle_minutes=values["CMS_IDLE_MINUTES"],
        orders_per_minute=values["CMS_ORDERS_PER_MINUTE"],
        test_endpoint=_is_local(host, proxies) if test_endpoint is None else test_endpoint,
        resync_on_connect=values["CMS_RESYNC"] == "on-connect",
        history_kept=values["CMS_HISTORY_KEPT"],
        max_streams=values["CMS_MAX_STREAMS"],
        outbox_stuck_s=values["CMS_OUTBOX_STUCK_S"],
        min_free_mb=values["CMS_MIN_FREE_MB"],
        log=values["CMS_LOG"],
        log_format=values["CMS_LOG_FORMAT"],
        keys=_keys(values),
        plain=values["CMS_SECRETS_KEY"] == (),
    )


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """The variables that are called as settings are and are none: most likely one of them is misspelled."""
    known = {setting.name for setting in SETTINGS}
    return sorted(name for name in environ if name.startswith(("CMS_", "MQTT_")) and name not in known)


def settings_help() -> str:
    """The table as text for a terminal, at most 100 characters wide."""
    return "\n".join(line for setting in SETTINGS for line in _help_lines(setting))


def _given(name: str | None, environ: Mapping[str, str]) -> str | None:
    text = environ.get(name, "") if name else ""
    return text if text.strip() else None


def _read(setting: Setting, environ: Mapping[str, str]) -> Any:
    name, text = setting.name, _given(setting.name, environ)
    if text is None and (text := _given(setting.alias, environ)) is not None:
        name = setting.alias or name
    if text is None:
        text = setting.default
    if text is None:
        return None
    if not setting.secret:
        text = text.strip()
    try:
        return setting.read(text)
    except ValueError as exc:
        raise SettingError(name, _shown(setting, text), str(exc)) from exc


def _shown(setting: Setting, text: str) -> str:
    return "***" if setting.secret else mask_credentials(text)


def _help_lines(setting: Setting) -> list[str]:
    default = "" if setting.default is None else f" (default: {setting.default})"
    alias = "" if setting.alias is None else f" Or {setting.alias}."
    return [f"  {setting.name}{default}", f"      {setting.help}{alias}"]


def _mqtt(values: Mapping[str, Any]) -> MqttConfig:
    address = _as_user(values["MQTT_URI"], values["MQTT_USERNAME"], values["MQTT_PASSWORD"])
    for name in ("MQTT_CA_FILE", "MQTT_CERT_FILE"):
        if values[name] is not None and not address.tls:
            wanted = f"an MQTT_URI with mqtts:// or wss:// was wanted, not {address}"
            raise SettingError(name, values[name], wanted)
    topics = Topics(
        relay_prefix=values["MQTT_PUB_TOPIC"],
        config=values["MQTT_CFG_TOPIC"],
        server_prefix=values["MQTT_SUB_TOPIC"],
        shared_server=values["MQTT_SERVER_TOPIC"],
    )
    _refuse_overlap(topics)
    cert_file, key_file = _pair(values, "MQTT_CERT_FILE", "MQTT_KEY_FILE")
    return MqttConfig(
        address=address,
        topics=topics,
        ca_file=values["MQTT_CA_FILE"],
        cert_file=cert_file,
        key_file=key_file,
        retain_config=values["MQTT_RETAIN_CONFIG"],
    )


def _pair(values: Mapping[str, Any], cert: str, key: str) -> tuple[str | None, str | None]:
    """A certificate and its key, which may be in one file."""
    cert_file, key_file = values[cert], values[key]
    if cert_file is None and key_file is not None:
        raise SettingError(key, key_file, f"the certificate to it was wanted as well, in {cert}")
    if cert_file is not None:
        try:
            value.check_pair(cert_file, key_file)
        except ValueError as exc:
            raise SettingError(cert, cert_file, f"{exc} ({key} names the key)") from exc
    return cert_file, key_file


def _refuse_overlap(topics: Topics) -> None:
    """A broker may deliver a message once for each of two filters that match it."""
    filter_ = topics.server("+")
    for name, topic in (("MQTT_CFG_TOPIC", topics.config), ("MQTT_SERVER_TOPIC", topics.shared_server)):
        if covers(filter_, topic):
            raise SettingError(name, topic, f"a topic that {filter_} does not cover was wanted")
    if covers(filter_, topics.legacy_server):
        wanted = f"a prefix was wanted with which {filter_} does not cover {topics.legacy_server}"
        raise SettingError("MQTT_SUB_TOPIC", topics.server_prefix, wanted)


def _as_user(address: BrokerAddress, username: str | None, password: str | None) -> BrokerAddress:
    """MQTT_USERNAME and MQTT_PASSWORD go before what the URI says (INT-50)."""
    if username is not None and username != address.username:
        address = replace(address, username=username, password=None)
    if password is not None:
        address = replace(address, password=password)
    if address.password is not None and not address.username:
        raise SettingError(
            "MQTT_PASSWORD", "***", "a user name was wanted with it, in MQTT_USERNAME or MQTT_URI"
        )
    return address


def _keys(values: Mapping[str, Any]) -> tuple[bytes, ...]:
    named, filed = values["CMS_SECRETS_KEY"], values["CMS_SECRETS_KEY_FILE"]
    if named is not None and filed is not None:
        raise SettingError("CMS_SECRETS_KEY_FILE", "set", "either it or CMS_SECRETS_KEY was wanted, not both")
    return tuple(named or filed or ())


def _is_local(host: str, proxies: str | None) -> bool:
    return is_loopback(host) and proxies is None


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "MQTT_URI",
        "mqtt://localhost:1883",
        "The broker: [mqtt|mqtts|ws|wss://][user[:password]@]host[:port][/path].",
        value.uri,
    ),
    Setting("MQTT_USERNAME", None, "User at the broker; goes before the one in MQTT_URI.", value.text),
    Setting(
        "MQTT_PASSWORD",
        None,
        "Password at the broker; goes before the one in MQTT_URI.",
        value.text,
        secret=True,
    ),
    Setting(
        "MQTT_CA_FILE", None, "PEM file of the authorities to trust with mqtts:// and wss://.", value.ca_file
    ),
    Setting(
        "MQTT_CERT_FILE",
        None,
        "PEM file with the service's own certificate, for a broker that asks.",
        value.file,
    ),
    Setting("MQTT_KEY_FILE", None, "PEM file with the key to it, where it is in another file.", value.file),
    Setting("MQTT_PUB_TOPIC", RELAY_PREFIX, "Where SMIBs listen: prefix before the relayId.", value.prefix),
    Setting("MQTT_CFG_TOPIC", CONFIG, "Where SMIBs answer configuration.", value.topic),
    Setting(
        "MQTT_SUB_TOPIC",
        SERVER_PREFIX,
        "Where a SMIB sends events and meters: prefix before the relayId.",
        value.prefix,
    ),
    Setting("MQTT_SERVER_TOPIC", SHARED_SERVER, "The same for SMIBs that share one topic.", value.topic),
    Setting("MQTT_RETAIN_CONFIG", "0", "1 has the broker retain configuration updates.", value.switch),
    Setting(
        "CMS_DATABASE",
        "cms.sqlite3",
        "SQLite file that holds everything, or mongodb://[user:password@]host[:port]/name.",
        value.database,
    ),
    Setting(
        "CMS_SECRETS_KEY",
        None,
        "Key that seals passwords in the database, NEW,OLD to change it; plain leaves them as they are.",
        value.keys,
        secret=True,
    ),
    Setting(
        "CMS_SECRETS_KEY_FILE", None, "File with that key, or with several, a line each.", value.keys_file
    ),
    Setting(
        "CMS_CABINETS",
        None,
        "Cabinets to start with: a YAML file, or cab-1=e831cdfa8384,cab-2=e831cdfa8464.",
        value.text,
    ),
    Setting("CMS_HOST", "127.0.0.1", "Address to listen on.", value.host),
    Setting("CMS_PORT", "3000", "Port to listen on, 0 for any free one.", value.port, alias="PORT"),
    Setting(
        "CMS_TLS_CERT",
        None,
        "PEM file with a certificate: the service speaks https, and only that.",
        value.file,
    ),
    Setting("CMS_TLS_KEY", None, "PEM file with the key to it, where it is in another file.", value.file),
    Setting(
        "CMS_ALLOW_OPEN",
        "0",
        "1 has the service start without users where other machines reach it: they may do everything.",
        value.switch,
    ),
    Setting(
        "CMS_PROXIES",
        None,
        "Addresses of the proxies in front, with commas: whose X-Forwarded-For and -Proto are believed.",
        value.addresses,
    ),
    Setting(
        "CMS_SESSION_HOURS",
        "12",
        "Hours that a session of the page lasts after signing in.",
        value.number(1, 720),
    ),
    Setting(
        "CMS_IDLE_MINUTES",
        "60",
        "Minutes without a request after which a session ends, its event streams too; 0 for none.",
        value.number(0, 43_200),
    ),
    Setting(
        "CMS_ORDERS_PER_MINUTE",
        "60000",
        "Requests in a minute by which one caller may have something sent to SMIBs, 0 for any number.",
        value.number(0, 10_000_000),
    ),
    Setting(
        "CMS_TEST_ENDPOINT",
        None,
        "1 or 0 switches POST /api/mqtt/test on or off; unset, it is on where only this machine reaches it.",
        value.switch,
    ),
    Setting(
        "CMS_RESYNC",
        "off",
        "on-connect asks a SMIB that comes back for its values, and orders again what it does not have.",
        value.one_of(("off", "on-connect")),
    ),
    Setting(
        "CMS_HISTORY_KEPT",
        "1000",
        "Configurations that are kept of each cabinet, the newest; 0 keeps all.",
        value.number(0, 1_000_000),
    ),
    Setting(
        "CMS_MAX_STREAMS",
        "2000",
        "Event streams that may be open at once; each costs an open file.",
        value.number(1, 100_000),
    ),
    Setting(
        "CMS_OUTBOX_STUCK_S",
        "60",
        "Seconds that an order may wait while the broker is connected, before /readyz complains.",
        value.number(1, 86_400),
    ),
    Setting(
        "CMS_MIN_FREE_MB",
        "64",
        "Megabytes that must be free where the database is, or /readyz complains; 0 asks for none.",
        value.number(0, 1_000_000),
    ),
    Setting("CMS_LOG", "normal", f"How much is logged: {', '.join(LEVELS)}.", value.one_of(LEVELS)),
    Setting(
        "CMS_LOG_FORMAT",
        "text",
        f"How a log line is written: {', '.join(FORMATS)} (an object on each line).",
        value.one_of(FORMATS),
    ),
)
