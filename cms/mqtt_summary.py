"""What ``GET /api/mqtt/config`` says of a cabinet: the specification's 22 keys, every value a string."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wire.address import MASK, mask_credentials, parse_address
from wire.components import COMPONENTS, COMS_MODES
from wire.errors import AddressError
from wire.topics import Topics

Config = Mapping[str, Mapping[str, Any]]


def mqtt_summary(relay_id: str, config: Config, firmware: str | None, topics: Topics) -> dict[str, str]:
    """The ``data`` of the answer, its keys in the specification's order (contract, section 6).

    What was never ordered shows as a board leaves the factory; a firmware that nobody named is empty.
    """
    coms, net, mqtt, ota = (_in_force(config, name) for name in ("coms", "net", "mqtt", "ota"))
    host, port = _host_and_port(mqtt)
    return {
        "smibId": relay_id,
        "networkSSID": str(net["netStaSSID"]),
        "networkPassword": MASK,
        "networkChannel": str(net["netStaChan"]),
        "communicationMode": _mode_name(coms["comsMode"]),
        "firmwareVersion": str(firmware or config.get("app", {}).get("version", "")),
        "mqttHost": host,
        "mqttPort": port,
        "mqttTLS": str(mqtt["mqttSecure"]),
        "mqttQOS": str(mqtt["mqttQOS"]),
        "mqttIdleTimeout": str(mqtt["mqttIdleTimeS"]),
        "mqttPubTopic": str(mqtt["mqttPubTopic"]),
        "mqttCfgTopic": str(mqtt["mqttCfgTopic"]),
        "mqttSubTopic": str(mqtt["mqttSubTopic"]),
        "mqttURI": mask_credentials(str(mqtt["mqttURI"])),
        "serverTopic": topics.shared_server,
        "otaURL": mask_credentials(str(ota["otaURL"])),
        "comsMode": str(coms["comsMode"]),
        "comsAddr": str(coms["comsAddr"]),
        "comsRateMs": str(coms["comsRateMs"]),
        "comsRTE": str(coms["comsRTE"]),
        "comsGPC": str(coms["comsGPC"]),
    }


def _in_force(config: Config, component: str) -> dict[str, Any]:
    return {**COMPONENTS[component].defaults(), **config.get(component, {})}


def _mode_name(mode: object) -> str:
    return COMS_MODES[mode] if isinstance(mode, int) and 0 <= mode < len(COMS_MODES) else str(mode)


def _host_and_port(mqtt: Mapping[str, Any]) -> tuple[str, str]:
    """Both empty where ``mqttURI`` names no broker. A port that it leaves out goes by TLS (section 5)."""
    uri = str(mqtt["mqttURI"])
    try:
        address = parse_address(uri)
    except AddressError:
        return "", ""
    spelled = f":{address.port}" in uri.rpartition("@")[2]
    if mqtt["mqttSecure"] == 1 and not spelled:
        address = address.with_tls()
    return address.host, str(address.port)
