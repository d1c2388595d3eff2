"""A technician's look at the broker through the service (specification, endpoint 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cms.actor import Act, Actor
from cms.errors import BrokerUnavailable
from cms.handlers.reach import Reach
from cms.handlers.records import Records
from wire.errors import PayloadError
from wire.jsontext import parse_object, to_bytes
from wire.orders import Probe, encode
from wire.redaction import redacted, redacted_text
from wire.timestamps import format_timestamp
from wire.topics import Topics

DEFAULT_RELAY = "e831cdfa8384"
SOURCE = "api-test"
MAX_RECORDED = 2_000
"""Characters of a message that are recorded."""

CONNECTED = "Connected to MQTT broker"


class BrokerLink(Protocol):
    """The MQTT service, as far as a check needs it."""

    def is_connected(self) -> bool: ...

    async def subscribe(self, topic: str) -> None: ...

    async def publish_raw(self, topic: str, payload: bytes, qos: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Check:
    """What was tried at ``at_ms``, what was seen, and what was published, secrets masked."""

    relay_id: str
    topic: str
    at_ms: int
    messages: tuple[str, ...]
    published: str | None = field(default=None, repr=False)


class BrokerCheck:
    """Tries the connection, a publication and a subscription. BrokerUnavailable where the broker is away."""

    def __init__(
        self, link: BrokerLink, topics: Topics, clock_ms: Callable[[], int], records: Records, reach: Reach
    ) -> None:
        self._link = link
        self._records = records
        self._reach = reach
        self._topics = topics
        self._clock_ms = clock_ms

    async def connect(self, relay_id: str) -> Check:
        self._require_connection()
        return Check(relay_id, self._topics.relay(relay_id), self._clock_ms(), (CONNECTED,))

    async def publish(self, relay_id: str, text: str | None, actor: Actor) -> Check:
        """Publish ``text`` as it is, else a probe that no device answers, where the device listens.

        It is recorded first: such a text can be any order.
        """
        self._require_connection()
        cabinet_id = await self._reach.cabinet_with(relay_id)
        at_ms = self._clock_ms()
        payload = encode(Probe(format_timestamp(at_ms), SOURCE)) if text is None else text.encode()
        topic = self._topics.relay(relay_id)
        published = _shown(payload)
        recorded = published[:MAX_RECORDED]
        await self._records.note(Act(actor, "test"), cabinet_id, relayId=relay_id, message=recorded)
        await self._link.publish_raw(topic, payload, 1)
        return Check(relay_id, topic, at_ms, (CONNECTED, f"Published to {topic}: {published}"), published)

    async def subscribe(self, relay_id: str) -> Check:
        """Subscribe to what the device sends, and have the broker acknowledge it."""
        self._require_connection()
        await self._reach.check(relay_id)
        topic = self._topics.server(relay_id)
        await self._link.subscribe(topic)
        return Check(relay_id, topic, self._clock_ms(), (CONNECTED, f"Subscribed to {topic}"))

    def _require_connection(self) -> None:
        if not self._link.is_connected():
            raise BrokerUnavailable("the service is not connected to it")


def _shown(payload: bytes) -> str:
    """``payload`` as text; a password in it is masked, for this goes into an answer and the audit
    (contract, section 6)."""
    try:
        fields = parse_object(payload)
    except PayloadError:
        return redacted_text(payload.decode())
    masked = redacted(fields)
    return payload.decode() if masked == fields else to_bytes(masked).decode()
