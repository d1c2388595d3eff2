"""From a request to the log line of its MQTT message: one id (issue 4, "Monitoring")."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cms import log
from cms.dispatch import REMEMBERED, Origins
from cms.errors import BrokerUnavailable
from cms.tests.desk import RELAY, Desk, at_desk
from cms.tests.gate import until
from wire.orders import ConfigUpdate, LongPoll

ORDER = "/api/cabinets/cab-1/smib-config"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged."""
    logger = logging.getLogger("cms")
    before = logger.handlers[:], logger.level, logger.propagate
    text = io.StringIO()
    log.configure("debug", text)
    yield text
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def requests_at_the_broker(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Under which request each publication reaches the link, and would be logged."""
    seen: list[str | None] = []
    publish = desk.link.publish_raw

    async def watched(topic: str, payload: bytes, qos: int) -> None:
        seen.append(log.request())
        await publish(topic, payload, qos)

    monkeypatch.setattr(desk.link, "publish_raw", watched)
    return seen


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ORDER, {"smibConfig": {"coms": {"comsMode": 1}}, "machineControl": "LOCK MACHINE"}),
        ("/api/mqtt/config/request", {"relayId": RELAY, "component": "mqtt"}),
        (
            "/api/mqtt/config/publish",
            {"relayId": RELAY, "config": {"typ": "cfg", "comp": "coms", "comsMode": 1}},
        ),
        ("/api/mqtt/test", {"action": "publish"}),
    ],
)
def test_what_is_published_is_published_under_its_request(
    path: str, body: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(desk: Desk) -> None:
        seen = requests_at_the_broker(desk, monkeypatch)
        answer = await desk.ask("POST", path, body, headers={"x-request-id": "trace-7"})
        assert answer.status_code == 200
        assert seen
        assert set(seen) == {"trace-7"}

    at_desk(act)


def test_also_when_the_broker_comes_back_long_after_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(desk: Desk) -> None:
        seen = requests_at_the_broker(desk, monkeypatch)
        desk.link.up = False
        order = {"smibConfig": {"coms": {"comsMode": 1}}}
        await desk.ask("POST", ORDER, order, headers={"x-request-id": "trace-7"})
        await desk.ask("GET", ORDER, headers={"x-request-id": "trace-8"})
        desk.link.up = True
        seen.clear()
        desk.application.outbox.wake()
        await until(lambda: bool(seen))
        assert seen == ["trace-7"]

    at_desk(act)


def test_every_line_between_has_the_id_and_no_other_line_has(lines: io.StringIO) -> None:
    async def act(desk: Desk) -> None:
        body = {"relayId": RELAY, "component": "mqtt"}
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                headers = {"x-request-id": f"trace-{number}"}
                group.create_task(desk.ask("POST", "/api/mqtt/config/request", body, headers=headers))
        said = lines.getvalue().splitlines()
        for number in range(3):
            mine = [line for line in said if line.endswith(f" request=trace-{number}")]
            assert [" ".join(line.split()[1:3]) for line in mine] == ["< request", "> request", "> answer"]
        log.event("=", "later")
        assert lines.getvalue().endswith("= later\n")

    at_desk(act)


def test_what_could_not_be_sent_is_neither_awaited_nor_under_way() -> None:
    async def act(desk: Desk) -> None:
        desk.link.up = False
        config = {"typ": "cfg", "comp": "coms", "comsMode": 1}
        body = {"relayId": RELAY, "config": config}
        assert (await desk.ask("POST", "/api/mqtt/config/publish", body)).status_code == 503
        place = desk.application.monitor.floor.place(RELAY)
        assert place is not None
        assert (place.shown.updating, place.smib.waiting) == ((), {})
        await desk.ask("POST", ORDER, {"smibConfig": {"coms": {"comsMode": 1}}})
        assert (place.shown.updating, place.smib.waiting) == (("coms",), {})
        with pytest.raises(BrokerUnavailable):
            await desk.link.publish(LongPoll("00"), RELAY)

    at_desk(act)


def test_what_is_remembered_is_bounded() -> None:
    origins = Origins()
    with log.caused_by("trace-7"):
        for number in range(2 * REMEMBERED):
            origins.remember(f"relay-{number}", ConfigUpdate("coms", {}))
    assert len(origins._requests) == REMEMBERED
    assert origins.of(f"relay-{2 * REMEMBERED - 1}", ConfigUpdate("coms", {})) == "trace-7"
    assert origins.of("relay-0", ConfigUpdate("coms", {})) is None
