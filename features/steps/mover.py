"""A device that is sent to another broker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from pytest_bdd import given, parsers, then, when

from features.harness.evidence.timeline import Timeline
from features.harness.floor import Cabinet, Floor, Member
from features.harness.peer import connected
from features.harness.plan import Plan
from features.harness.played import TOPICS, PlayedCms
from features.harness.process import Workshop
from features.harness.subjects import AnyBroker, Broker, Fleet, Order
from features.harness.tap.tap import Tap
from features.harness.tls import Authority, SecureBroker, made_authority
from features.steps.devices import answered
from wire import orders
from wire.address import BrokerAddress

IDLE_S = 30


@given("an authority that the devices trust", target_fixture="authority")
def _authority(tmp_path: Path) -> Authority:
    return made_authority(tmp_path, "trusted")


@given("a fleet of its own that trusts this authority", target_fixture="fleet")
def _trusting_fleet(
    workshop: Workshop,
    broker: AnyBroker,
    tapped: Callable[..., Tap],
    tmp_path: Path,
    floor: Floor,
    plan: Plan,
    authority: Authority,
) -> Fleet:
    """SSL_CERT_FILE is what OpenSSL itself reads, whatever program stands on it."""
    tap = tapped("smib", broker.address)
    order = Order(tap.address, tmp_path / "smib", told={"SSL_CERT_FILE": str(authority.ca)})
    return Fleet(workshop, plan.smib, order, [Member(floor.spare.fresh(), IDLE_S)], tap)


@given("a second broker, to which the CMS listens too", target_fixture="second_cms")
def _second(workshop: Workshop, stage: contextlib.ExitStack, timeline: Timeline) -> PlayedCms:
    return _listening(stage, timeline, Broker(workshop).address)


@given("the address of that broker", target_fixture="there")
def _there(second_cms: PlayedCms) -> BrokerAddress:
    return second_cms.peer.address


@given("a second broker over TLS with a certificate of that authority", target_fixture="second_broker")
def _secure(workshop: Workshop, tmp_path: Path, authority: Authority) -> SecureBroker:
    return SecureBroker(workshop, tmp_path, authority)


@given("the CMS listens to that broker too, without TLS", target_fixture="second_cms")
def _second_plainly(
    stage: contextlib.ExitStack, timeline: Timeline, second_broker: SecureBroker
) -> PlayedCms:
    return _listening(stage, timeline, second_broker.address)


@given(parsers.parse("the address of that broker over {scheme:w}"), target_fixture="there")
def _there_securely(second_broker: SecureBroker, scheme: str) -> BrokerAddress:
    return second_broker.secure[scheme]


@when("the CMS sends the device there")
def _moves(played_cms: PlayedCms, there: BrokerAddress, device: Cabinet) -> None:
    played_cms.sends(device.relay_id, orders.ConfigUpdate("mqtt", {"mqttURI": there.uri()}))


@then("the device announces itself at the second broker")
def _announces(second_cms: PlayedCms, device: Cabinet) -> None:
    second_cms.report(device.relay_id, "its announcement", {"typ": "NETWORK_CONNECTED"})


@then("it answers there")
def _answers_there(second_cms: PlayedCms, device: Cabinet) -> None:
    since = second_cms.sends(device.relay_id, orders.ConfigRequest("mqtt"))
    answered(second_cms, device, "mqtt", since)


def _listening(stage: contextlib.ExitStack, timeline: Timeline, address: BrokerAddress) -> PlayedCms:
    peer = connected("CMS at the second broker", address, timeline, *TOPICS.report_filters)
    return PlayedCms(stage.enter_context(peer))
