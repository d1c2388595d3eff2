"""Brokers, a CMS and fleets of a scenario's own, for what would disturb the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_bdd import given, parsers, then, when

from features.harness.errors import Untestable
from features.harness.floor import Cabinet, Floor, Member
from features.harness.observation import Observation
from features.harness.peer import Peer
from features.harness.plan import Plan
from features.harness.played import TOPICS, PlayedCms, PlayedSmib
from features.harness.probe import NAMES
from features.harness.process import Workshop
from features.harness.readiness import readiness
from features.harness.stream import Stream
from features.harness.subjects import LOOPBACK, AnyBroker, AnyCms, AnyFleet, Broker, Cms, Fleet, Order
from features.harness.tap.tap import Tap
from features.harness.web import Web
from features.steps.operator import REQUEST
from wire.errors import TopicError
from wire.topics import Topics

Join = Callable[..., Peer]
Tapped = Callable[..., Tap]
OwnCms = Callable[..., Cms]
USUAL_TOPICS = {
    "MQTT_PUB_TOPIC": TOPICS.relay_prefix,
    "MQTT_CFG_TOPIC": TOPICS.config,
    "MQTT_SUB_TOPIC": TOPICS.server_prefix,
}


@given("the broker lets in whoever gives a name")
def _lets_in(needs: Callable[[str], None]) -> None:
    needs(NAMES)


@given("a broker of its own", target_fixture="broker")
def _own_broker(workshop: Workshop, plan: Plan) -> Broker:
    return Broker(workshop, engine=plan.engine)


@given(
    parsers.parse('a broker of its own that knows only the user "{user}" with the password "{password}"'),
    target_fixture="broker",
)
def _guarded_broker(workshop: Workshop, plan: Plan, tmp_path: Path, user: str, password: str) -> Broker:
    secret = tmp_path / "broker-password"
    secret.write_text(password, encoding="utf-8")
    credentials = f"{user}:{quote(password, safe='')}@"
    return Broker(workshop, ("--user", user, "--password-file", str(secret)), credentials, plan.engine)


@pytest.fixture
def own_cms(
    workshop: Workshop,
    tapped: Tapped,
    tmp_path: Path,
    floor: Floor,
    plan: Plan,
    request: pytest.FixtureRequest,
) -> OwnCms:
    """``own_cms(env, host)`` starts a CMS behind a tap of its own; ``TAP`` in a value is where that
    listens."""

    def own_cms(env: Mapping[str, str] | None = None, host: str = LOOPBACK) -> Cms:
        broker: AnyBroker = request.getfixturevalue("broker")
        tap = tapped("cms", broker.address)
        place = f"{tap.address.host}:{tap.address.port}"
        told = {name: value.replace("TAP", place) for name, value in (env or {}).items()}
        order = Order(tap.address, tmp_path / "cms", host, told)
        return Cms(workshop, plan.cms, order, list(floor.cabinets), tap)

    return own_cms


@given("a CMS of its own", target_fixture="cms")
def _own_cms(own_cms: OwnCms) -> Cms:
    return own_cms()


@given("a CMS of its own with", target_fixture="cms")
def _own_cms_with(own_cms: OwnCms, observation: Observation, datatable: Sequence[Sequence[str]]) -> Cms:
    env = {name: value.replace("BROKER", "TAP") for name, value in datatable}
    plain = {"MQTT_URI": "mqtt://TAP"} if "MQTT_USERNAME" in env else {}
    observation.retains_updates = env.get("MQTT_RETAIN_CONFIG") == "1"
    with contextlib.suppress(TopicError):  # a scenario may tell it what no topic can be
        topics = Topics(*(env.get(name, default) for name, default in USUAL_TOPICS.items()))
        observation.timeline.topics = topics
    return own_cms({**plain, **env})


@given("a CMS of its own that listens beyond this machine", target_fixture="cms")
def _open_cms(own_cms: OwnCms) -> Cms:
    return own_cms(host="0.0.0.0")


@given("a CMS of its own that comes over WebSocket", target_fixture="cms")
def _websocket_cms(own_cms: OwnCms, broker: AnyBroker, observation: Observation) -> Cms:
    observation.untap("cms")  # the tap reads MQTT, not the frames of a WebSocket
    return own_cms({"MQTT_URI": broker.websocket.uri()})


@given(parsers.parse("a fleet of its own whose devices report every {idle:d} s"), target_fixture="fleet")
def _own_fleet(
    workshop: Workshop,
    broker: AnyBroker,
    tapped: Tapped,
    tmp_path: Path,
    floor: Floor,
    plan: Plan,
    idle: int,
) -> Fleet:
    members = [Member(floor.spare.fresh(), idle) for _ in range(2)]
    tap = tapped("smib", broker.address)
    return Fleet(workshop, plan.smib, Order(tap.address, tmp_path / "smib"), members, tap)


@given("a device of that fleet", target_fixture="device")
@given("the cabinet of a device of that fleet", target_fixture="cabinet")
def _of_fleet(fleet: Fleet) -> Cabinet:
    return fleet.cabinets[0]


@given("a cabinet with a working device", target_fixture="cabinet")
def _working(floor: Floor, smibs: AnyFleet) -> Cabinet:
    assert smibs.cabinets
    return floor.devices.fresh()


@given("a cabinet with a device that never answers", target_fixture="cabinet")
def _never_answers(floor: Floor, smibs: AnyFleet) -> Cabinet:
    assert smibs.cabinets
    return floor.silent.fresh()


@given(parsers.parse('its SMIB is connected on the topics of "{name}"'), target_fixture="smib")
def _on_topics(cabinet: Cabinet, join: Join, name: str) -> PlayedSmib:
    topics = Topics(f"{name}/relay/", f"{name}/config", f"{name}/server/")
    return PlayedSmib(cabinet.relay_id, join("SMIB", topics.relay(cabinet.relay_id)), topics)


@when("its SMIB connects only now", target_fixture="smib")
@when("its SMIB connects again", target_fixture="smib")
def _connects(cabinet: Cabinet, join: Join) -> PlayedSmib:
    return PlayedSmib(cabinet.relay_id, join("SMIB", TOPICS.relay(cabinet.relay_id)))


@given("the broker is away")
@when("the broker goes away")
def _goes_away(broker: AnyBroker) -> None:
    broker.stop()


@when("the broker comes back")
def _comes_back(broker: AnyBroker) -> None:
    broker.start()


@when("the broker comes back, and lets the SMIB in before the CMS", target_fixture="smib")
def _comes_back_to_smib(broker: AnyBroker, cms: AnyCms, cabinet: Cabinet, join: Join) -> PlayedSmib:
    """What is sent at QoS 1 while nobody has subscribed is for nobody."""
    if cms.tap is None:
        raise Untestable("no tap stands before this CMS")
    cms.tap.refuse()
    broker.start()
    smib = PlayedSmib(cabinet.relay_id, join("SMIB", TOPICS.relay(cabinet.relay_id)))
    cms.tap.allow()
    return smib


@given("the CMS has noticed that the broker is away")
@when("the CMS has noticed that the broker is away")
def _noticed(web: Web) -> None:
    readiness(web, 503)


@given("the CMS is ready")
@when("the CMS is ready again")
@then("the CMS is ready")
def _ready(web: Web) -> None:
    readiness(web, 200)


@then("the CMS is alive, but not ready")
def _not_ready(web: Web) -> None:
    assert web.get("/healthz").status == 200
    assert readiness(web, 503).field("error")


@when("the power of the CMS is cut and comes back")
def _power_cut(cms: AnyCms) -> None:
    cms.kill()
    cms.start()


@when("the power of the whole fleet is cut")
def _fleet_dies(fleet: Fleet) -> None:
    fleet.kill()


@when("the power of the whole fleet comes back", target_fixture="since")
def _fleet_returns(fleet: Fleet, played_cms: PlayedCms) -> int:
    since = len(played_cms.peer.inbox)
    fleet.start()
    return since


@then("the broker tells that the device has gone")
def _will(played_cms: PlayedCms, device: Cabinet) -> None:
    played_cms.report(device.relay_id, "its last will", {"typ": "NETWORK_DISCONNECTED"})


@then(parsers.parse('"{secret}" stands nowhere in the log of the CMS'))
def _no_secret(cms: AnyCms, secret: str) -> None:
    assert cms.log, "a CMS that logs nothing proves nothing"
    assert [line for line in cms.log if secret in line] == []


@then(parsers.parse('the CMS refuses to start, and its log names "{word}"'))
def _refuses_to_start(cms: AnyCms, word: str) -> None:
    assert cms.running.exit_code() not in (0, -9)
    assert any(word in line for line in cms.log), cms.log


@then("its log has a new line that names the relay when")
def _log_tells(
    cms: AnyCms,
    cabinet: Cabinet,
    web: Web,
    smib: PlayedSmib,
    watch: Callable[..., Stream],
    datatable: Sequence[Sequence[str]],
) -> None:
    moments: dict[str, Callable[[], object]] = {
        "an operator begins to watch it": lambda: watch(cabinet.relay_id),
        "an operator asks for its settings": lambda: web.post(
            REQUEST, {"relayId": cabinet.relay_id, "component": "net"}
        ),
        "the SMIB answers": lambda: smib.answers("net", {"netMode": 1, "netStaSSID": "Old_WiFi"}),
    }
    for (moment,) in datatable:
        since = len(cms.running.log)
        moments[moment]()
        cms.running.log.first(lambda line: cabinet.relay_id in line, f"a line when {moment}", since=since)
