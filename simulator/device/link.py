"""How a board is connected: the values of ``net`` and ``mqtt`` made into one thing to try (contract, 2,
3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from wire import reports
from wire.address import BrokerAddress, parse_address
from wire.fields import Value
from wire.reports import Event
from wire.topics import Topics, device_topic

KEEPALIVE_S = 60

_ALL_BOARDS = Topics().meter_push


class Refusal(StrEnum):
    """Why a connection did not come about, in words that are fit for an event: never with a secret."""

    NO_NETWORK = "no such network"
    NETWORK_PASSWORD = "network refused the password"
    UNREACHABLE = "broker unreachable"
    REFUSED = "broker refused"
    TLS = "no TLS"
    TIMED_OUT = "timed out"
    LOST = "connection lost"


@dataclass(frozen=True, slots=True)
class Wifi:
    """The network that the board joins."""

    ssid: str
    password: str = field(repr=False)
    channel: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a client shows over TLS: the paths of a certificate and of its key, in PEM."""

    cert: str
    key: str


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """One connection: a clean MQTT 3.1.1 session. ``qos`` is that of subscriptions and will; neither the will
    nor anything else is retained. ``source`` is the address that it comes from, None for any."""

    wifi: Wifi
    address: BrokerAddress
    client_id: str
    subscriptions: tuple[str, ...]
    qos: int
    will_topic: str
    will_payload: bytes
    keepalive_s: int = KEEPALIVE_S
    certificate: Certificate | None = None
    source: str | None = None


def link_settings(relay_id: str, mqtt: Mapping[str, Value], net: Mapping[str, Value]) -> LinkSettings:
    """The connection that these values of the two components describe."""
    return LinkSettings(
        wifi=_wifi(str(net["netStaSSID"]), str(net["netStaPwd"]), int(net["netStaChan"])),
        address=_address(
            str(mqtt["mqttURI"]),
            bool(mqtt["mqttSecure"]),
            str(mqtt.get("mqttUsername", "")),
            str(mqtt.get("mqttPassword", "")),
        ),
        client_id=f"smib-{relay_id}",
        subscriptions=topics_heard(relay_id, mqtt),
        qos=int(mqtt["mqttQOS"]),
        will_topic=device_topic(str(mqtt["mqttPubTopic"]), relay_id),
        will_payload=reports.encode(Event("NETWORK_DISCONNECTED", relay_id, mac=relay_id)),
    )


def topics_heard(relay_id: str, mqtt: Mapping[str, Value]) -> tuple[str, ...]:
    """The board's own topic, and after it the one of all boards, where they hear that meters are wanted
    (section 4): ``mqttPubTopic`` without the relayId, or the contract's ``sas/gli/server`` for a board that
    publishes to a shared topic. The second is left out where it is the first, or what the board itself
    publishes to."""
    own, published = (device_topic(str(mqtt[name]), relay_id) for name in ("mqttSubTopic", "mqttPubTopic"))
    prefix = published.removesuffix(relay_id)
    shared = prefix.rstrip("/") if prefix.endswith("/") else _ALL_BOARDS
    return (own,) if shared in ("", own, published) else (own, shared)


# Boards with the same settings share what is made of them.
@lru_cache(maxsize=64)
def _wifi(ssid: str, password: str, channel: int) -> Wifi:
    return Wifi(ssid, password, channel)


@lru_cache(maxsize=64)
def _address(uri: str, secure: bool, username: str, password: str) -> BrokerAddress:
    """``mqttURI``, over TLS where ``mqttSecure`` is 1; ``mqttUsername`` and ``mqttPassword`` win over the
    URI's."""
    address = parse_address(uri)
    if secure:
        address = address.with_tls()
    return replace(address, username=username or address.username, password=password or address.password)
