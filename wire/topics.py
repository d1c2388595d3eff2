"""The topics of the floor as values: the one place that spells them (contract, section 2)."""

from __future__ import annotations

from dataclasses import dataclass

from wire.errors import RelayIdError, RoutingError, TopicError
from wire.relay import canonical_relay_id

MAX_TOPIC_BYTES = 256
WANTED = f"1 to {MAX_TOPIC_BYTES} bytes without + # and control characters"

RELAY_PREFIX = "sas/relay/"
CONFIG = "smib/config"
SERVER_PREFIX = "sas/gli/server/"
SHARED_SERVER = "sas/gy/server"
LEGACY_SERVER = "sas/server"


def is_topic(text: str) -> bool:
    """Whether ``text`` can be published to: no wildcard, no control character, 1 to 256 bytes."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    return 0 < size <= MAX_TOPIC_BYTES and not any(c in "+#\x7f" or c < " " for c in text)


def device_topic(setting: str, relay_id: str) -> str:
    """A device's own ``mqtt…Topic`` setting made into its topic: one that ends in ``/`` gets the relayId."""
    return setting + relay_id if setting.endswith("/") else setting


@dataclass(frozen=True, slots=True)
class Topics:
    """The five topics of one installation. Prefixes are kept with their trailing slash."""

    relay_prefix: str = RELAY_PREFIX
    config: str = CONFIG
    server_prefix: str = SERVER_PREFIX
    shared_server: str = SHARED_SERVER
    legacy_server: str = LEGACY_SERVER

    def __post_init__(self) -> None:
        for name in ("relay_prefix", "server_prefix"):
            object.__setattr__(self, name, getattr(self, name).rstrip("/") + "/")
        for name in self.__slots__:
            if not is_topic(getattr(self, name)):
                raise TopicError(f"{name}: a topic of {WANTED} was wanted, not {getattr(self, name)!r}")

    def relay(self, relay_id: str) -> str:
        """Where the CMS addresses one SMIB."""
        return self.relay_prefix + relay_id

    def server(self, relay_id: str) -> str:
        """Where one SMIB sends its events, meters and status."""
        return self.server_prefix + relay_id

    @property
    def meter_push(self) -> str:
        """Where the CMS asks a SMIB to push its meters: the server prefix itself."""
        return self.server_prefix.rstrip("/")

    @property
    def report_filters(self) -> tuple[str, ...]:
        """What a CMS subscribes to: everything that SMIBs send."""
        filters = (self.config, self.server_prefix + "+", self.shared_server, self.legacy_server)
        return tuple(dict.fromkeys(filters))

    @property
    def relay_filter(self) -> str:
        """Everything that a CMS sends to any SMIB, for those who watch."""
        return self.relay_prefix + "+"

    def relay_of(self, topic: str) -> str | None:
        """The relay that a device's own server topic names, None for a shared one; else RoutingError."""
        if topic in (self.config, self.shared_server, self.legacy_server):
            return None
        if not topic.startswith(self.server_prefix):
            raise RoutingError("other-topic", f"topic: not one that SMIBs report on: {topic!r}")
        try:
            return canonical_relay_id(topic[len(self.server_prefix) :])
        except RelayIdError as exc:
            raise RoutingError("bad-rly", f"topic: {exc}") from exc
