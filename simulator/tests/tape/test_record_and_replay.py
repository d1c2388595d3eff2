"""`smib-lab record` and `smib-lab replay`: what goes in comes out, in order and in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

from simulator.errors import OnlookerError
from simulator.tape.line import Taped
from simulator.tape.replay import Only, Pace, Played, replay
from simulator.tape.tape import TapeReader, TapeWriter
from simulator.tests.floor import embedded
from simulator.tests.program import Program, run
from simulator.traffic.tail import follow_whole
from simulator.traffic.traffic import watched_filters
from wire.address import BrokerAddress, parse_address
from wire.topics import Topics

RELAY = "e831cdfa8384"
ORDERS, REPORTS = f"sas/relay/{RELAY}", f"sas/gli/server/{RELAY}"
SECRET = b'{"rly":"e831cdfa8384","typ":"cfg","comp":"net","netStaPwd":"swordfish"}'
FLOOR = [
    Taped(1_000, ORDERS, b'{"typ":"cfg","comp":"net"}', 0),
    Taped(1_050, "smib/config", SECRET, 1),
    Taped(1_100, REPORTS, b"\xff\x00", 2),
    Taped(1_150, "sas/gli/server", b"{}", 1, True),
]


def tape(path: Path, messages: list[Taped]) -> Path:
    with TapeWriter(path) as writer:
        for one in messages:
            writer.keep(one.time_ms, one.topic, one.payload, one.qos, one.retain)
    return path


@pytest.fixture
def broker() -> Iterator[str]:
    with Program("broker", "--mqtt-port", "0", "--no-ws") as program:
        yield program.ready()["mqtt"]


async def heard(
    address: BrokerAddress, number: int, play: list[Taped], pace: Pace, only: Only | None = None
) -> list[tuple[float, str, bytes, int]]:
    """What reaches an onlooker while the messages are played: when, topic, payload, QoS."""
    got: list[tuple[float, str, bytes, int]] = []
    ready, enough = asyncio.Event(), asyncio.Event()

    def message(one: aiomqtt.Message) -> None:
        got.append((time.monotonic(), str(one.topic), bytes(one.payload), one.qos))
        if len(got) >= number:
            enough.set()

    filters = watched_filters(Topics())
    looking = asyncio.create_task(follow_whole(address, filters, message, lambda _: ready.set(), 2))
    try:
        async with asyncio.timeout(20):
            await ready.wait()
            await replay(play, address, pace, Played(), only=only)
            await enough.wait()
    finally:
        looking.cancel()
        await asyncio.wait((looking,))
    return got


def test_everything_comes_in_its_order_with_its_qos() -> None:
    many = [
        Taped(0, f"sas/gli/server/{n:012x}", str(n).encode(), n % 2 if n < 400 else 2) for n in range(600)
    ]

    async def scenario() -> None:
        async with embedded() as broker:
            got = await heard(parse_address(broker.uri), 600, many, Pace(None))
        assert [(topic, payload) for _, topic, payload, _ in got] == [(m.topic, m.payload) for m in many]
        assert [qos for *_, qos in got] == [m.qos for m in many]

    asyncio.run(scenario())


def test_pauses_are_kept_and_never_add_up() -> None:
    async def scenario() -> None:
        async with embedded() as broker:
            many = [Taped(20 * n, REPORTS, b"{}") for n in range(40)]
            got = await heard(parse_address(broker.uri), 40, many, Pace(2.0))
            assert got[-1][0] - got[0][0] == pytest.approx(0.39, abs=0.15)
            orders = await heard(parse_address(broker.uri), 2, FLOOR, Pace(None), Only.ORDERS)
            assert [topic for _, topic, _, _ in orders] == [ORDERS, "sas/gli/server"]

    asyncio.run(scenario())


def test_each_message_is_due_from_the_first_on() -> None:
    pace = Pace(10)
    assert [pace.due_s(ms) for ms in (5_000, 5_100, 4_000, 65_000)] == [0, 0.01, 0, 6.0]
    assert Pace(None).due_s(99) is None


def test_each_topic_is_an_order_or_a_report() -> None:
    sides = [Only.ORDERS.wants(m.topic, Topics()) for m in FLOOR]
    assert sides == [True, False, False, True]
    assert [not Only.REPORTS.wants(m.topic, Topics()) for m in FLOOR] == sides


def test_a_floor_goes_onto_a_tape_and_back(broker: str, tmp_path: Path) -> None:
    source, copy = tape(tmp_path / "source.ndjson", FLOOR), tmp_path / "copy.ndjson.gz"
    with Program("record", "--broker", broker, "--out", str(copy)) as recording:
        assert recording.ready() == {"broker": broker, "out": str(copy)}
        done = run("replay", str(source), "--broker", broker)
        assert done.returncode == 0, done.stderr
        assert "messages=4 " in done.stderr
        wait_for(copy, recording)
        assert recording.end()[0] == 0
    kept = list(TapeReader(copy))
    assert [(m.topic, m.payload, m.qos) for m in kept] == [(m.topic, m.payload, m.qos) for m in FLOOR]
    assert kept[-1].time_ms - kept[0].time_ms >= 100
    assert not any(m.retain for m in kept)


def wait_for(copy: Path, recording: Program) -> None:
    """A marker behind the floor: when it is on the tape, so is everything."""
    until = time.monotonic() + 20
    while not copy.stat().st_size or len(list(TapeReader(copy, lenient=True))) < len(FLOOR):
        assert time.monotonic() < until
        assert recording.process.poll() is None


def test_a_masked_tape_holds_no_secret(broker: str, tmp_path: Path) -> None:
    source, copy = tape(tmp_path / "source.ndjson", FLOOR), tmp_path / "copy.ndjson"
    with Program("record", "--broker", broker, "--mask", "--out", str(copy)) as recording:
        recording.ready()
        assert run("replay", str(source), "--broker", broker, "--speed", "max").returncode == 0
        wait_for(copy, recording)
        assert recording.end()[0] == 0
    assert "swordfish" not in copy.read_text()
    assert '"***"' in copy.read_text()


def test_a_recording_ends_by_itself(broker: str, tmp_path: Path) -> None:
    done = run("record", "--broker", broker, "--duration", "200ms", "--out", str(tmp_path / "a"))
    assert done.returncode == 0
    assert done.stderr == "= record ended messages=0\n"


def test_a_wrong_line_ends_a_replay_or_is_skipped(broker: str, tmp_path: Path) -> None:
    file = tape(tmp_path / "a.ndjson", FLOOR)
    file.write_text(file.read_text()[:-30])
    done = run("replay", str(file), "--broker", broker, "--speed", "max")
    assert done.returncode == 1
    assert f"smib-lab: {file}:4: line: a JSON object was wanted; it is cut short." in done.stderr
    done = run("replay", str(file), "--broker", broker, "--speed", "max", "--lenient", "--only", "reports")
    assert done.returncode == 0
    assert "messages=2 left_out=1" in done.stderr
    assert "skipped=1" in done.stderr


def test_without_a_broker_it_is_a_sentence(tmp_path: Path) -> None:
    file = tape(tmp_path / "a.ndjson", FLOOR)
    for command in (("replay", str(file)), ("record", "--out", str(tmp_path / "b"))):
        done = run(*command, "--broker", "mqtt://u:hunter2@127.0.0.1:1")
        assert done.returncode == 1
        assert "no connection to the broker mqtt://u:***@127.0.0.1:1" in done.stderr


def test_a_broker_that_goes_away_ends_a_replay() -> None:
    async def scenario() -> None:
        async with embedded() as broker:
            address = parse_address(broker.uri)

            def messages() -> Iterator[Taped]:
                yield from FLOOR
                stopping.append(asyncio.ensure_future(broker.__aexit__(None, None, None)))
                for number in range(10_000):
                    yield Taped(2_000 + 10 * number, REPORTS, b"{}", 1)

            stopping: list[asyncio.Future[None]] = []
            with pytest.raises(OnlookerError):
                await asyncio.wait_for(replay(messages(), address, Pace(1.0), Played()), 20)
            await stopping[0]

    asyncio.run(scenario())


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast", "1e9"])
def test_what_is_no_speed_is_wrong_use(text: str) -> None:
    done = run("replay", "x", f"--speed={text}")
    assert done.returncode == 2
    assert "a number above 0, or max, was wanted" in done.stderr
