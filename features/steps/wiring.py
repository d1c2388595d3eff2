"""How a CMS finds its broker: over TLS, after refusals, and with what it was told of its cabinets."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pytest_bdd import given, parsers, then, when

from features.harness.errors import Unexpected
from features.harness.floor import Cabinet
from features.harness.inbox import Inbox
from features.harness.observation import Observation
from features.harness.peer import Peer
from features.harness.played import TOPICS, PlayedSmib
from features.harness.process import Workshop
from features.harness.stream import Stream
from features.harness.subjects import Cms
from features.harness.tls import Authority, SecureBroker, made_authority
from features.harness.waiting import eventually
from features.harness.web import Web
from features.steps.operator import CABINETS, REQUEST, entry_of
from wire import reports

OwnCms = Callable[..., Cms]
LONGEST, JITTER = 5.0, 1.5
SOME, ATTEMPTS = 3, 10
"""Seconds of the longest pause (contract, section 5), and what jitter and a busy machine may add."""


@given("an authority that the CMS trusts", target_fixture="authority")
def _authority(tmp_path: Path) -> Authority:
    return made_authority(tmp_path, "trusted")


@given("a broker over TLS with a certificate of that authority", target_fixture="broker")
def _secure(workshop: Workshop, tmp_path: Path, authority: Authority) -> SecureBroker:
    return SecureBroker(workshop, tmp_path, authority)


@given("a broker over TLS with a certificate of another authority", target_fixture="broker")
def _foreign(workshop: Workshop, tmp_path: Path) -> SecureBroker:
    return SecureBroker(workshop, tmp_path, made_authority(tmp_path, "foreign"))


@given(parsers.parse("a CMS of its own that comes over TLS by {scheme:w}"), target_fixture="cms")
def _over_tls(
    own_cms: OwnCms, broker: SecureBroker, authority: Authority, observation: Observation, scheme: str
) -> Cms:
    observation.untap("cms")  # the tap reads MQTT, not what TLS makes of it
    return own_cms({"MQTT_URI": broker.secure[scheme].uri(), "MQTT_CA_FILE": str(authority.ca)})


@given("a CMS of its own that was told of a cabinet by its smibBoard", target_fixture="cms")
def _by_board(own_cms: OwnCms, cabinet: Cabinet, tmp_path: Path) -> Cms:
    seed = tmp_path / "by-board.yaml"
    seed.write_text(f"cabinets:\n  - {{id: {cabinet.id}, smibBoard: {cabinet.relay_id.upper()}}}\n", "utf-8")
    return own_cms({"CMS_CABINETS": str(seed)})


@given("a place where every connection is closed at once", target_fixture="attempts")
def _closes(stage: contextlib.ExitStack) -> Inbox[float]:
    return stage.enter_context(closing_place())


@given("a CMS of its own that looks for its broker there", target_fixture="cms")
def _looks_there(own_cms: OwnCms, attempts: Inbox[float], observation: Observation) -> Cms:
    observation.untap("cms")
    return own_cms({"MQTT_URI": f"mqtt://{attempts.name}"})


@then("its attempts come at growing pauses, from half a second up")
def _growing(attempts: Inbox[float]) -> None:
    """Jitter may make a later pause a short one: what grows has grown once within ten attempts."""
    times: list[float] = []

    def enough(at: float) -> bool:
        times.append(at)
        return len(times) == ATTEMPTS or (len(times) > SOME and _grown(times))

    attempts.several(lambda _: True, 2, "a second attempt", within=LONGEST)
    attempts.first(enough, "growing pauses", within=ATTEMPTS * LONGEST)
    pauses = _pauses(times)
    assert 0.1 <= pauses[0] <= 0.5 * JITTER + 1.0, pauses
    assert max(pauses) <= LONGEST * JITTER, pauses
    assert _grown(times), pauses


def _grown(times: Sequence[float]) -> bool:
    pauses = _pauses(times)
    return max(pauses) > pauses[0] * 1.5


def _pauses(times: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


@when("the SMIB vanishes without a word")
def _vanishes(smib: PlayedSmib) -> None:
    smib.peer.vanish()


@given("its SMIB is connected, and leaves a last will", target_fixture="smib")
def _with_will(cabinet: Cabinet, join: Callable[..., Peer]) -> PlayedSmib:
    will = reports.Event("NETWORK_DISCONNECTED", cabinet.relay_id, mac=cabinet.relay_id)
    peer = join(
        "SMIB",
        TOPICS.relay(cabinet.relay_id),
        will=(TOPICS.server(cabinet.relay_id), reports.encode(will)),
    )
    return PlayedSmib(cabinet.relay_id, peer)


@then("the cabinet is listed as gone")
def _gone(web: Web, cabinet: Cabinet) -> None:
    eventually(
        lambda: entry_of(web.quietly(CABINETS), cabinet)["online"],
        lambda online: online is False,
        "the cabinet as gone",
    )


@then("the log of the CMS tells these moments, one after the other, when")
def _moments(
    cms: Cms,
    cabinet: Cabinet,
    web: Web,
    smib: PlayedSmib,
    watch: Callable[..., Stream],
    datatable: Sequence[Sequence[str]],
) -> None:
    moments: dict[str, Callable[[], object]] = {
        "an operator begins to watch": lambda: watch(cabinet.relay_id),
        "an operator asks": lambda: web.post(REQUEST, {"relayId": cabinet.relay_id, "component": "mqtt"}),
        "the SMIB answers": lambda: smib.answers("mqtt", {"mqttQOS": 1}),
    }
    for moment, *lines in datatable:
        since = len(cms.running.log)
        moments[moment]()
        for words in filter(None, lines):
            wanted = words.replace("RELAY", cabinet.relay_id).split()
            found = cms.running.log.upto(holds(wanted), f"a line with {words}", since=since)
            since += len(found)


@then("its log tells that it is connected, and that before nobody was subscribed")
def _connected_moment(cms: Cms) -> None:
    lines = list(cms.running.log)
    connected = [line for line in lines if "mqtt connected" in line]
    assert connected, lines
    if early := [line for line in lines[: lines.index(connected[0])] if "subscribed" in line]:
        raise Unexpected("a subscriber before the connection", early)


@then(parsers.parse('the SMIB receives "{names}", in this order'))
def _in_order(smib: PlayedSmib, names: str) -> None:
    wanted = names.split(", ")
    inbox = smib.peer.inbox
    came = inbox.several(lambda _: True, len(wanted), f"{len(wanted)} orders", within=20)
    assert [one.fields.get("command") or one.fields.get("comp") for one in came] == wanted


@then(parsers.parse('the SMIB receives "{names}", whatever the order of net and mqtt'))
def _around_the_connection(smib: PlayedSmib, names: str) -> None:
    wanted = names.split(", ")
    came = smib.peer.inbox.several(lambda _: True, len(wanted), f"{len(wanted)} orders")
    got = [str(one.fields.get("command") or one.fields.get("comp")) for one in came]
    assert sorted(got) == sorted(wanted)
    leaving = [got.index("net"), got.index("mqtt")]
    for name in wanted:
        if name not in ("net", "mqtt"):
            behind = wanted.index(name) > wanted.index("mqtt")
            assert got.index(name) > max(leaving) if behind else got.index(name) < min(leaving), got


def holds(words: Sequence[str]) -> Callable[[str], bool]:
    return lambda line: all(word in line for word in words)


@contextlib.contextmanager
def closing_place() -> Iterator[Inbox[float]]:
    """A port of this machine; the inbox, named after it, holds the time of each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        attempts: Inbox[float] = Inbox(f"127.0.0.1:{server.getsockname()[1]}")

        def close_each() -> None:
            with contextlib.suppress(OSError):
                while True:
                    line, _ = server.accept()
                    attempts.put(time.monotonic())
                    line.close()

        thread = threading.Thread(target=close_each, daemon=True)
        thread.start()
        yield attempts
        server.shutdown(socket.SHUT_RDWR)
    thread.join(1)
