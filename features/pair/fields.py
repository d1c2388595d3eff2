"""The five components and what their fields may hold (contract, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from features.pair.address import MASK, broker_at
from features.pair.address import masked as masked_address

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Field:
    """``initial`` is None for a field that is absent until it is set."""

    good: Check
    wanted: str
    initial: int | str | None
    secret: bool = False


def _number(low: int, high: int, initial: int) -> Field:
    return Field(lambda v: type(v) is int and low <= v <= high, f"a number from {low} to {high}", initial)


def _text(check: Check, wanted: str, initial: str | None, secret: bool = False) -> Field:
    return Field(lambda v: isinstance(v, str) and _is_clean(v) and check(v), wanted, initial, secret)


def _is_clean(text: str) -> bool:
    return all(c >= " " and c != "\x7f" and not "\ud800" <= c <= "\udfff" for c in text)


def _is_address(text: str) -> bool:
    try:
        broker_at(text)
    except ValueError:
        return False
    return True


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        return False


def _is_passphrase(text: str) -> bool:
    return text == "" or 8 <= len(text) <= 63


def _topic(initial: str) -> Field:
    return _text(
        lambda v: 0 < len(v.encode()) <= 256 and not set(v) & set("+#"), "a topic without + and #", initial
    )


FIELDS: Mapping[str, Mapping[str, Field]] = {
    "mqtt": {
        "mqttSecure": _number(0, 1, 0),
        "mqttQOS": _number(0, 2, 0),
        "mqttURI": _text(_is_address, "a broker's address", "mqtt://localhost:1883"),
        "mqttSubTopic": _topic("sas/relay/"),
        "mqttPubTopic": _topic("sas/gli/server/"),
        "mqttCfgTopic": _topic("smib/config"),
        "mqttIdleTimeS": _number(1, 86400, 30),
        "mqttUsername": _text(lambda v: len(v) <= 128, "a name of at most 128 characters", None),
        "mqttPassword": _text(lambda v: len(v) <= 128, "at most 128 characters", None, secret=True),
    },
    "net": {
        "netMode": _number(0, 1, 1),
        "netStaSSID": _text(lambda v: 1 <= len(v.encode()) <= 32, "1 to 32 bytes", "Casino_WiFi"),
        "netStaPwd": _text(
            lambda v: v == "" or 8 <= len(v) <= 63, "8 to 63 characters or none", "", secret=True
        ),
        "netStaChan": _number(1, 14, 1),
    },
    "coms": {
        "comsMode": _number(0, 2, 0),
        "comsAddr": _number(1, 127, 1),
        "comsRateMs": _number(40, 60000, 200),
        "comsRTE": _number(0, 1, 0),
        "comsGPC": _number(0, 255, 0),
    },
    "ota": {"otaURL": _text(_is_url, "an http or https URL", "http://firmware.invalid/")},
    "app": {
        "firmware": Field(lambda _: False, "nothing, it is read-only,", "pair-smib"),
        "version": Field(lambda _: False, "nothing, it is read-only,", "1.0.0"),
    },
}


def initial(component: str) -> dict[str, Any]:
    """The values of a component that nobody has touched."""
    return {name: field.initial for name, field in FIELDS[component].items() if field.initial is not None}


def faults(component: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Why an update is refused, a sentence for each field that is; secrets are not shown."""
    for name, value in values.items():
        field = FIELDS[component].get(name)
        if field is None:
            yield f"{component}.{name} is unknown"
        elif not field.good(value):
            yield f"{component}.{name}: {field.wanted} was wanted"


def masked(component: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` as anybody may see them."""
    return {name: _masked(component, name, value) for name, value in values.items()}


def _masked(component: str, name: str, value: Any) -> Any:
    field = FIELDS.get(component, {}).get(name)
    if field is not None and field.secret:
        return MASK
    return masked_address(value) if name == "mqttURI" and isinstance(value, str) else value
