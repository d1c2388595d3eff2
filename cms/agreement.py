"""Whether a device reports what was ordered of it, field by field (contract, sections 2 and 3).

Spellings that mean the same to the device agree: ``sas/relay/`` and ``sas/relay/<its relayId>``, and two URIs
of one broker. A secret that a device masks, alone or in a URI, can't be judged, and counts as agreeing
(INT-60).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wire.address import MASK, BrokerAddress, parse_address
from wire.components import COMPONENTS
from wire.errors import AddressError
from wire.topics import device_topic

TOPICS = frozenset({"mqttSubTopic", "mqttPubTopic", "mqttCfgTopic"})
URI = "mqttURI"


def agrees(name: str, ordered: Any, reported: Any, relay_id: str) -> bool:
    """Whether ``reported`` is what the field ``name`` was ordered to be."""
    if isinstance(ordered, bool) is isinstance(reported, bool) and ordered == reported:
        return True
    if not isinstance(ordered, str) or not isinstance(reported, str):
        return False
    if name in TOPICS:
        return device_topic(ordered, relay_id) == device_topic(reported, relay_id)
    if name == URI:
        return _same_broker(ordered, reported)
    return name in _FIELDS and reported == _FIELDS[name].masked(ordered)


def confirmed_by(values: Mapping[str, Any], answer: Mapping[str, Any], relay_id: str) -> bool:
    """Whether a device that answers ``answer`` has all of ``values`` in force."""
    return all(
        agrees(name, value, answer[name], relay_id) if name in answer else may_be_absent(name, value)
        for name, value in values.items()
    )


def may_be_absent(name: str, ordered: Any) -> bool:
    """Whether a device that does not report ``name`` may have ``ordered``: a secret, or nothing at all."""
    return is_secret(name) or ordered == ""


def is_secret(name: str) -> bool:
    return name in _FIELDS and _FIELDS[name].secret


def _same_broker(ordered: str, reported: str) -> bool:
    try:
        one, other = parse_address(ordered), parse_address(reported)
    except AddressError:
        return False
    return one == other or (other.password == MASK and _public(one) == _public(other))


def _public(address: BrokerAddress) -> BrokerAddress:
    return replace(address, password=None)


_FIELDS = {field.name: field for part in COMPONENTS.values() for field in part}
