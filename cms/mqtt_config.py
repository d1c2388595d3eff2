"""How the CMS reaches its broker (contract, sections 2 and 5): what the settings say about MQTT, checked."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from wire.address import BrokerAddress, parse_address
from wire.topics import Topics


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """The specification's MQTTConfig. Neither ``repr`` nor ``str`` shows the password.

    ``ca_file`` is a PEM file with the authorities to trust for ``mqtts`` and ``wss``, None for the system's;
    ``cert_file`` and ``key_file`` are the certificate that the service shows to a broker that asks for one.
    ``retain_config`` retains configuration updates; requests and commands are never retained (section 2).
    Times are seconds.
    """

    address: BrokerAddress = field(default_factory=lambda: parse_address("mqtt://localhost:1883"))
    topics: Topics = field(default_factory=Topics)
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    retain_config: bool = False
    keepalive_s: int = 60
    first_connect_s: float = 30.0
    publish_s: float = 5.0

    @property
    def mqtt_uri(self) -> str:
        """The broker as it may be shown: without its password."""
        return str(self.address)

    @property
    def mqtt_pub_topic(self) -> str:
        return self.topics.relay_prefix

    @property
    def mqtt_cfg_topic(self) -> str:
        return self.topics.config

    @property
    def mqtt_gli_topic(self) -> str:
        return self.topics.server_prefix

    def tls_context(self) -> ssl.SSLContext | None:
        """Whom to trust, and who we are; None for a broker without TLS.

        Reads the files, so that renewed ones count at the next connect: OSError for one that is none.
        """
        if not self.address.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context
