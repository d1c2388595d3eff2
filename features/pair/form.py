"""A cabinet's MQTT configuration as endpoint 3 answers it: every value is text (contract, section 6)."""

from __future__ import annotations

from typing import Any

from features.pair.address import MASK, broker_at, masked
from features.pair.fields import FIELDS, initial
from features.pair.settings import Settings
from features.pair.store import Cabinet

MODES = ("sas", "non-sas", "igt")


def form(cabinet: Cabinet, settings: Settings) -> dict[str, str]:
    """Stored values, and those of an untouched SMIB where nothing is stored."""
    known = {name: {**initial(name), **cabinet.configuration.get(name, {})} for name in FIELDS}
    mqtt, net, coms = known["mqtt"], known["net"], known["coms"]
    values: dict[str, Any] = {
        "smibId": cabinet.relay,
        "networkSSID": net["netStaSSID"],
        "networkPassword": MASK,
        "networkChannel": net["netStaChan"],
        "communicationMode": MODES[coms["comsMode"]],
        "firmwareVersion": cabinet.version.get("firmware", known["app"]["version"]),
        **_broker(mqtt["mqttURI"]),
        "mqttTLS": mqtt["mqttSecure"],
        "mqttQOS": mqtt["mqttQOS"],
        "mqttIdleTimeout": mqtt["mqttIdleTimeS"],
        "mqttPubTopic": mqtt["mqttPubTopic"],
        "mqttCfgTopic": mqtt["mqttCfgTopic"],
        "mqttSubTopic": mqtt["mqttSubTopic"],
        "mqttURI": masked(mqtt["mqttURI"]),
        "serverTopic": settings.shared,
        "otaURL": known["ota"]["otaURL"],
        **{name: coms[name] for name in FIELDS["coms"]},
    }
    return {name: str(value) for name, value in values.items()}


def _broker(uri: str) -> dict[str, Any]:
    broker = broker_at(uri)
    return {"mqttHost": broker.host, "mqttPort": broker.port}
