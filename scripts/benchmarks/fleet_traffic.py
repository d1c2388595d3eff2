"""What a fleet says and answers, as fast as it goes, and how it comes back from a broker that was killed."""

from __future__ import annotations

from statistics import median
from time import perf_counter, sleep

from scripts.benchmarks import processes
from scripts.benchmarks.asker import Asker
from scripts.benchmarks.herd import BARE, FLEET, KINDS, herd
from scripts.benchmarks.table import show
from wire.topics import Topics

ASKED = 1_000
IN_FLIGHT = 64
ROUNDS = 40
EMBEDDED = (100, 300, 1_000)
STORMED = 10_000
PLAYED = (4_000, 3_500, 3_000, 2_000, 1_000, 500)
"""Machines at 600 games a minute: the first size at which the fleet keeps its own schedule counts."""
PLAY_S = 8
KILLED = 5_000
AWAY_S = 3.0
PATIENCE_S = 8.0


def answers(repeats: int) -> None:
    """Requests to 1,000 devices in turn, a new one for each answer."""
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(repeats):
        for kind in KINDS:
            with processes.broker("mosquitto") as uri, herd(kind, uri, ASKED) as there, Asker(uri) as asker:
                asker.ask(there.relays, 2, IN_FLIGHT)
                rates[kind].append(ROUNDS * ASKED / asker.ask(there.relays, ROUNDS, IN_FLIGHT))
    fleet, bare = (median(rates[kind]) for kind in KINDS)
    show(
        f"Answers per second, {ASKED:,} devices, {IN_FLIGHT} in flight, each device's in order, none lost",
        ("aim", FLEET, BARE, "ratio (aim: 0.5)"),
        [("10,000", f"{fleet:,.0f}", f"{bare:,.0f}", f"{fleet / bare:.2f}")],
    )


def embedded(repeats: int) -> None:
    """How far the embedded broker goes."""
    rows = []
    for size in EMBEDDED:
        times, rates = [], []
        for _ in range(repeats):
            with processes.broker("amqtt") as uri, herd(FLEET, uri, size) as there, Asker(uri) as asker:
                times.append(there.seconds)
                rounds = max(1, ASKED // size)
                rates.append(rounds * size / asker.ask(there.relays, rounds, IN_FLIGHT))
        rows.append((f"{size:,}", f"{median(times):.2f} s", f"{median(rates):,.0f}"))
    head = ("devices", "from process start to the last SUBACK", "answers per second")
    show(f"The embedded broker, median of {repeats}", head, rows)


def storm(repeats: int) -> None:
    """Five requests to each of 10,000 devices at once."""
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(repeats):
        for kind in KINDS:
            with processes.broker("mosquitto") as uri, herd(kind, uri, STORMED) as there, Asker(uri) as asker:
                times[kind].append(asker.ask(there.relays, 5, 5 * STORMED))
    fleet, bare = (median(times[kind]) for kind in KINDS)
    row = ("10 s", f"{fleet:.2f} s", f"{bare:.2f} s", f"{fleet / bare:.2f}")
    show(f"Five requests to each of {STORMED:,} devices, all answered", ("aim", FLEET, BARE, "ratio"), [row])


def events(repeats: int) -> None:
    """Messages of machines that are played, each with its state, of a fleet that keeps its schedule."""
    rates, bare = [], []
    for _ in range(repeats):
        with processes.broker("mosquitto") as uri:
            rates.append(next(filter(None, (_played(uri, size) for size in PLAYED)), 0.0))
        with processes.broker("mosquitto") as uri, herd(BARE, uri, ASKED, str(PLAY_S)) as there:
            assert there.process.stdout is not None
            bare.append(int(there.process.stdout.readline().split("=")[1]) / PLAY_S)
    row = ("20,000", f"{median(rates):,.0f}", f"{median(bare):,.0f}", f"{median(rates) / median(bare):.2f}")
    show(
        "Events per second from machines that are played", ("aim", FLEET, f"{BARE}, flat out", "ratio"), [row]
    )


def recovery(repeats: int) -> None:
    """The broker is killed for 3 s; from its return until every device has announced itself."""
    times = [_recovered() for _ in range(repeats)]
    first, last = (median(moments) for moments in zip(*times, strict=True))
    show(
        f"{KILLED:,} devices whose broker is killed for {AWAY_S:g} s: back after its return",
        ("aim", "half of them", "all"),
        [("5 s", f"{first:.2f} s", f"{last:.2f} s")],
    )


def _played(uri: str, size: int) -> float:
    """Events per second; 0 where the fleet fell behind its own schedule and so has no rate."""
    with processes.running("scripts.benchmarks.played", uri, str(size), str(PLAY_S)) as (_, facts):
        return int(facts["sent"]) / PLAY_S if facts["kept"] == "1" else 0.0


def _recovered() -> tuple[float, float]:
    """Seconds until half of the devices and until all of them were back."""
    topics = Topics()
    with processes.running(*_broker_at("0")) as (broker, facts), herd(FLEET, facts["mqtt"], KILLED) as there:
        uri = facts["mqtt"]
        broker.kill()
        broker.wait()
        sleep(AWAY_S)
        with processes.running(*_broker_at(uri.rsplit(":", 1)[1])):
            began = perf_counter()
            missing, moments = {topics.server(relay): relay for relay in there.relays}, []
            with Asker(uri, topics.server_prefix + "+") as asker:
                while missing and perf_counter() - began < PATIENCE_S:
                    for topic, _ in asker.messages(wait_s=1):
                        if missing.pop(topic, None):
                            moments.append(perf_counter() - began)
                # Who was back before anybody could hear it answers now; who does not is lost.
                asker.ask(list(missing.values()), 1, IN_FLIGHT)
            back = [0.0] * len(missing) + moments
            return back[KILLED // 2], back[-1]


def _broker_at(port: str) -> tuple[str, ...]:
    return ("simulator", "broker", "--mqtt-port", port, "--ws-port", "0", "--engine", "mosquitto")
