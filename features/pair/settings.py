"""What the environment tells the CMS of the pair, read once at its start."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.pair.address import Broker, broker_at
from features.pair.errors import SettingError
from features.pair.identity import canonical, is_id

SHARED = "sas/gy/server"
OLD = "sas/server"


@dataclass(frozen=True)
class Settings:
    """``cabinets`` maps a cabinet's id to its relay id; ``state`` is the file that outlives the process."""

    broker: Broker
    host: str
    port: int
    cabinets: Mapping[str, str]
    orders: str
    answers: str
    reports: str
    shared: str
    retain: bool
    probe: bool
    state: Path | None


def settings_of(env: Mapping[str, str]) -> Settings:
    """SettingError, naming the variable, for the first that can't be."""
    host = env.get("HOST", "127.0.0.1")
    return Settings(
        broker=_broker(env),
        host=host,
        port=_port(env.get("PORT", "0")),
        cabinets=_cabinets(env.get("CABINETS", "cab-1=e831cdfa8384,cab-2=e831cdfa8464")),
        orders=_topic(env, "MQTT_PUB_TOPIC", "sas/relay/").rstrip("/"),
        answers=_topic(env, "MQTT_CFG_TOPIC", "smib/config"),
        reports=_topic(env, "MQTT_SUB_TOPIC", "sas/gli/server/").rstrip("/"),
        shared=_topic(env, "MQTT_SERVER_TOPIC", SHARED),
        retain=env.get("MQTT_RETAIN_CONFIG") == "1",
        probe=env.get("TEST_ENDPOINT", "1" if _is_loopback(host) else "0") == "1",
        state=Path(env["STATE"]) if env.get("STATE") else None,
    )


def _broker(env: Mapping[str, str]) -> Broker:
    try:
        broker = broker_at(env.get("MQTT_URI", "mqtt://localhost:1883"))
    except ValueError as exc:
        raise SettingError("MQTT_URI", str(exc)) from exc
    return broker.signed_in(env.get("MQTT_USERNAME"), env.get("MQTT_PASSWORD"))


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise SettingError("PORT", f"a port from 0 to 65535 was wanted, not {text!r}")
    return int(text)


def _topic(env: Mapping[str, str], name: str, default: str) -> str:
    topic = env.get(name, default)
    if not topic.strip("/") or set(topic) & set("+#\0"):
        raise SettingError(name, f"a topic without + and # was wanted, not {topic!r}")
    return topic


def _cabinets(text: str) -> dict[str, str]:
    found = {}
    for entry in filter(None, text.split(",")):
        cabinet, _, relay = entry.partition("=")
        if not is_id(cabinet) or not is_id(canonical(relay)):
            raise SettingError("CABINETS", f"id=relay,id=relay was wanted, not {entry!r}")
        found[cabinet] = canonical(relay)
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
