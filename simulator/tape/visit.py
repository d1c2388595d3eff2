"""A survey of a floor that is there now: each device that speaks is asked what it is like."""

from __future__ import annotations

import asyncio
import contextlib
import time

from simulator.tape.line import Taped
from simulator.tape.survey import Survey
from simulator.traffic.tail import look_on
from wire import orders
from wire.address import BrokerAddress
from wire.components import COMPONENTS
from wire.orders import ConfigRequest
from wire.topics import Topics


async def visit(address: BrokerAddress, survey: Survey, duration_ms: int) -> None:
    """Look for that long; OnlookerError if the broker is not there, or goes away. Nothing is changed."""
    topics = Topics()
    requests = [orders.encode(ConfigRequest(component)) for component in COMPONENTS]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(duration_ms / 1000), look_on(address) as client:
            await client.subscribe([(name, 0) for name in topics.report_filters])
            async for message in client.messages:
                now_ms = time.time_ns() // 1_000_000
                taped = Taped(now_ms, str(message.topic), bytes(message.payload), message.qos)
                if (relay_id := survey.see(taped)) is not None:
                    for request in requests:
                        await client.publish(topics.relay(relay_id), request, qos=0)
