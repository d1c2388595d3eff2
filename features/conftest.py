"""The options and fixtures of the harness, its step modules, and what each scenario's report carries.

One broker, CMS and fleet for each pytest worker, started by the first scenario that needs them; every
scenario takes cabinets that no other has touched. A scenario that disrupts starts processes of its own:
its Given steps put them in the place of ``broker``, ``cms`` and ``fleet``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.parser import Feature, Scenario, Step

from features import steps
from features.harness.catalogue import capability_of, read_catalogue, requirement_of
from features.harness.descriptors import with_more_files
from features.harness.errors import HarnessError, LintError, SubjectFailed, SubjectFileError, Untestable
from features.harness.evidence.timeline import Timeline
from features.harness.floor import Floor, floor_of_cms, new_floor, with_devices
from features.harness.keeper import Keeper
from features.harness.listing import listed
from features.harness.observation import Observation
from features.harness.peer import Peer, connected
from features.harness.plan import ENGINES, Choice, Plan, planned
from features.harness.played import ELSEWHERE, TOPICS, PlayedCms
from features.harness.probe import probed
from features.harness.process import Warden, Workshop
from features.harness.protection import Protection
from features.harness.readiness import readiness
from features.harness.record.header import Between
from features.harness.record.ruling import NOT_JUDGED
from features.harness.recording import Recording, draft_of, is_scenario, not_applicable, untestable
from features.harness.report.publication import publish
from features.harness.session import session_header
from features.harness.step_index import install_step_index
from features.harness.stream import Stream
from features.harness.subject import CMS, ROLES, SMIB
from features.harness.subjects import (
    AnyBroker,
    AnyCms,
    AnyFleet,
    Broker,
    Cms,
    ExternalBroker,
    Fleet,
    Order,
    RunningCms,
    RunningSmibs,
)
from features.harness.tap.tap import Tap, TapError
from features.harness.web import Web
from wire.address import BrokerAddress

NAMELESS = 4
"""Relay ids that are tried on a CMS which does not tell what cabinets it has."""
PLAN = pytest.StashKey[Plan]()
Tapped = Callable[[str, BrokerAddress], Tap]
OBSERVATION = pytest.StashKey[Observation]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add = parser.getgroup("conformance", "the conformance harness: whom it judges").addoption
    add("--subject", action="append", default=[], metavar="FILE", help="a subject file, of a CMS or SMIBs")
    add("--cms-url", default="", metavar="URL", help="a CMS that runs already")
    add("--smib", action="append", default=[], metavar="RELAYID", help="a SMIB that runs already; repeatable")
    add("--broker-port", type=int, metavar="N", help="where what runs already finds the embedded broker")
    add("--broker-uri", default="", metavar="URI", help="an external broker in the place of the embedded one")
    add("--broker-engine", default=ENGINES[0], choices=ENGINES, help="which broker the harness starts")
    add("--allow-disruptive", action="store_true", help="lock, restart and re-network real SMIBs")
    add("--known-failures", default="", metavar="FILE", help="a list of failures that are known")
    add("--report", default="report", metavar="DIR", help="where the record of the run goes")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(id): what the scenario proves (requirements.yaml)")
    config.addinivalue_line("markers", "capability(name): what its subject must claim beside core")
    with_more_files()
    choice = choice_of(config)
    try:
        plan = config.stash[PLAN] = planned(choice)
        _by_one_worker(config, plan)
    except HarnessError as exc:
        pytest.exit(str(exc), returncode=NOT_JUDGED)
    timeline = Timeline(pace=plan.pace)
    config.stash[OBSERVATION] = Observation(timeline, plan.tapped)
    header = session_header(
        config,
        plan.header,
        Between(plan.engine, str(plan.broker or "")),
        options=choice.words,
        strict=plan.strict,
        known=plan.known,
    )
    recording = Recording(
        header,
        Path(config.getoption("report", "report")),
        redact=timeline.secrets.value,
        publish=publish,
        writes=not hasattr(config, "workerinput"),
    )
    config.pluginmanager.register(recording, "recording")
    install_step_index()
    for module in pkgutil.iter_modules(steps.__path__):
        config.pluginmanager.register(importlib.import_module(f"{steps.__name__}.{module.name}"))


def _by_one_worker(config: pytest.Config, plan: Plan) -> None:
    if _option(config, "numprocesses", None) and not all(plan.subject(role).is_started for role in ROLES):
        raise SubjectFileError("-n", [(0, "", "what runs already is judged by one worker: leave -n out")])


def choice_of(config: pytest.Config) -> Choice:
    """The options; their defaults where the conftest was found after pytest had read its arguments."""
    option = functools.partial(_option, config)
    return Choice(
        option("subject", []),
        option("cms_url", ""),
        option("smib", []),
        option("broker_port", None),
        option("broker_uri", ""),
        option("broker_engine", ENGINES[0]),
        option("allow_disruptive", False),
        bool(option("strict", False)),  # an option of pytest itself, which means much the same
        option("known_failures", ""),
    )


def _option(config: pytest.Config, name: str, default: Any) -> Any:
    return config.getoption(name, default)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scenarios of a side that nobody judges are left out; where a subject was named, so are the tests of the
    harness itself."""
    judges, choice = config.stash[PLAN].judges, choice_of(config)
    named = bool(choice.files or choice.cms_url or choice.smibs)
    gone = {item for item in items if not judges(role_of(item)) or (named and not is_scenario(item))}
    if gone:
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=list(gone))


def role_of(item: pytest.Item) -> str:
    """Whom a scenario judges, by its requirements: ``cms``, ``smib`` or, both together, ``system``."""
    named = {mark.args[0] for mark in item.iter_markers("requirement")}
    roles = {one.role for one in read_catalogue().requirements if one.id in named}
    return roles.pop() if len(roles) == 1 else "system"


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag: str, function: Callable[..., object]) -> bool | None:
    """A tag ``req-ROUTE-3`` or ``cap-sas`` becomes a mark with that name; pytest-bdd handles any other."""
    requirement, capability = requirement_of(tag), capability_of(tag)
    if requirement is not None:
        pytest.mark.requirement(requirement)(function)
    elif capability is not None:
        pytest.mark.capability(capability)(function)
    else:
        return None
    return True


def pytest_bdd_before_step_call(step: Step, step_func: Callable[..., object]) -> None:
    """Refuses a coroutine step wherever it is defined: nobody would await it, and the scenario would pass."""
    if inspect.iscoroutinefunction(step_func) or inspect.isasyncgenfunction(step_func):
        raise LintError([f"{step}: a coroutine step is never awaited; steps are synchronous"])


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, feature: Feature, scenario: Scenario) -> None:
    ids = sorted(mark.args[0] for mark in request.node.iter_markers("requirement"))
    properties = request.node.user_properties
    properties += [("feature", feature.name), ("scenario", scenario.name), ("requirements", ids)]


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    request.config.stash[OBSERVATION].timeline.step(f"{step.keyword} {step.name}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[OBSERVATION].begin()
    if (draft := draft_of(item)) is None:
        return
    needed = sorted({mark.args[0] for mark in item.iter_markers("capability")})
    if reason := item.config.stash[PLAN].obstacle(draft.role, needed):
        not_applicable(item, reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """The monitors judge what a scenario did, however it ended."""
    try:
        return (yield)
    except Untestable as exc:
        untestable(item, str(exc))
    finally:
        draft, observation = draft_of(item), item.config.stash[OBSERVATION]
        if draft is not None:
            findings = observation.settle().findings
            entries = observation.excerpt.entries
            draft.found(findings, entries[0].at if entries else 0.0)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    if (draft := draft_of(item)) is not None:
        draft.shown(item.config.stash[OBSERVATION].shown)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A scenario that fails shows what was sent and received since it began."""
    report = yield
    if report.failed:
        lines = item.config.stash[OBSERVATION].shown.lines()
        report.sections.append(("timeline", "\n".join(lines)))
    return report


@pytest.fixture(scope="session")
def observation(pytestconfig: pytest.Config) -> Observation:
    return pytestconfig.stash[OBSERVATION]


@pytest.fixture(scope="session")
def timeline(observation: Observation) -> Timeline:
    return observation.timeline


@pytest.fixture(scope="session")
def warden() -> Iterator[Warden]:
    with contextlib.closing(Warden()) as warden:
        yield warden


@pytest.fixture(scope="session")
def shared_workshop(warden: Warden, timeline: Timeline, temporary: Path) -> Iterator[Workshop]:
    with Workshop(warden, timeline, temporary) as workshop:
        yield workshop


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("floor")


@pytest.fixture(scope="session")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What killed processes leave behind, and what brokers of one kind share."""
    return tmp_path_factory.mktemp("left")


@pytest.fixture(scope="session")
def plan(pytestconfig: pytest.Config) -> Plan:
    return pytestconfig.stash[PLAN]


@pytest.fixture(scope="session")
def floor(observation: Observation, plan: Plan) -> Floor:
    """The cabinets of this run: as many as are needed, or those that a subject which runs already has."""
    floor = new_floor()
    if not plan.cms.is_started:
        RunningCms(plan.cms, None)  # SubjectFailed where nobody is there
        known = plan.cms.cabinets or listed(plan.cms)
        floor = floor_of_cms(known or floor.played.cabinets[:NAMELESS])
    if not plan.smib.is_started:
        floor = with_devices(floor, plan.smib.relays)
    observation.floor = floor
    return floor


@pytest.fixture(scope="session")
def shared_tapped(timeline: Timeline) -> Iterator[Tapped]:
    """Puts taps before brokers until the run ends."""
    with contextlib.ExitStack() as stack:
        yield lambda role, broker: stack.enter_context(Tap(role, broker, role, timeline))


@pytest.fixture(scope="session")
def shared_broker(
    request: pytest.FixtureRequest, shared_workshop: Workshop, plan: Plan, timeline: Timeline
) -> AnyBroker:
    """Probed when it starts: where it differs from what MQTT says, the record names it."""
    with _or_no_run(request):
        external = ExternalBroker(plan.broker) if plan.broker else None
        broker = external or Broker(shared_workshop, engine=plan.engine)
        probes = tuple(probed(broker.address, timeline))
        if all(one.differs for one in probes):
            raise SubjectFailed("broker", f"it lets no client in, or passes nothing on: {broker.address}")
    recording = request.config.pluginmanager.get_plugin("recording")
    if isinstance(recording, Recording):
        between = Between("external" if plan.broker else plan.engine, str(broker.address), probes)
        recording.header = dataclasses.replace(recording.header, broker=between)
    broker.differs = {one.name: one.sentence for one in probes if one.differs}
    return broker


@pytest.fixture
def needs(shared_broker: AnyBroker) -> Callable[[str], None]:
    """``needs("full stop")`` ends a scenario as untestable where that probe saw the broker differ."""

    def needs(probe: str) -> None:
        if sentence := shared_broker.differs.get(probe):
            raise Untestable(f"the broker is not as it should be: {sentence}")

    return needs


@pytest.fixture(scope="session")
def open_tap(
    request: pytest.FixtureRequest,
    shared_broker: AnyBroker,
    plan: Plan,
    timeline: Timeline,
    shared_workshop: Workshop,
) -> Iterator[Tap | None]:
    """Where subjects that run already find the broker, on the port that was given."""
    del shared_workshop  # it ends after the tap
    if plan.port is None:
        yield None
        return
    role = next((one for one in ROLES if not plan.subject(one).is_started), "")
    with contextlib.ExitStack() as stack:
        with _or_no_run(request):
            tap = stack.enter_context(Tap(role, shared_broker.address, role, timeline, plan.port))
        yield tap


@pytest.fixture(scope="session")
def shared_cms(
    shared_workshop: Workshop,
    shared_broker: AnyBroker,
    shared_tapped: Tapped,
    shared_folder: Path,
    floor: Floor,
    plan: Plan,
    open_tap: Tap | None,
) -> AnyCms:
    if not plan.cms.is_started:
        return RunningCms(plan.cms, open_tap)
    tap = shared_tapped(CMS, shared_broker.address)
    order = Order(tap.address, shared_folder / CMS)
    cms = Cms(shared_workshop, plan.cms, order, list(floor.cabinets), tap)
    readiness(Web(cms, shared_workshop.timeline), 200)
    return cms


@pytest.fixture(scope="session")
def shared_fleet(
    shared_workshop: Workshop,
    shared_broker: AnyBroker,
    shared_tapped: Tapped,
    shared_folder: Path,
    floor: Floor,
    plan: Plan,
    open_tap: Tap | None,
) -> AnyFleet:
    if not plan.smib.is_started:
        return RunningSmibs(plan.smib, floor.devices.cabinets, open_tap)
    tap = shared_tapped(SMIB, shared_broker.address)
    order = Order(tap.address, shared_folder / SMIB)
    return Fleet(shared_workshop, plan.smib, order, floor.members, tap)


@pytest.fixture
def stage() -> Iterator[contextlib.ExitStack]:
    """What one scenario opens ends with it, the last first."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def workshop(stage: contextlib.ExitStack, warden: Warden, timeline: Timeline, temporary: Path) -> Workshop:
    """Processes of this scenario's own."""
    return stage.enter_context(Workshop(warden, timeline, temporary))


@pytest.fixture
def tapped(stage: contextlib.ExitStack, timeline: Timeline) -> Tapped:
    """``tapped(role, broker)`` puts a tap before a broker until the scenario ends."""
    return lambda role, broker: stage.enter_context(Tap(role, broker, role, timeline))


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> AnyBroker:
    """The broker of this scenario: the shared one, until a step puts another in its place."""
    shared: AnyBroker = request.getfixturevalue("shared_broker")
    return shared


@pytest.fixture
def cms(request: pytest.FixtureRequest) -> AnyCms:
    """The CMS of this scenario: the shared one, until a step puts another in its place."""
    shared: AnyCms = request.getfixturevalue("shared_cms")
    with _or_no_run(request):
        shared.revive()
    return shared


@pytest.fixture
def smibs(request: pytest.FixtureRequest, shared_fleet: AnyFleet, floor: Floor) -> AnyFleet:
    """The SMIBs of the floor, alive; as new where each scenario gets the same."""
    if floor.devices.reused and isinstance(shared_fleet, Fleet):
        shared_fleet.renew()
    with _or_no_run(request):
        shared_fleet.revive()
        if isinstance(shared_fleet, RunningSmibs):
            request.getfixturevalue("keeper").restore()
    return shared_fleet


@pytest.fixture(scope="session")
def keeper(
    shared_broker: AnyBroker, floor: Floor, plan: Plan, timeline: Timeline, open_tap: Tap | None
) -> Iterator[Keeper]:
    """Of the SMIBs that run already; when the run ends it leaves them as it found them."""
    with connected("keeper", shared_broker.address, timeline, *TOPICS.report_filters, ELSEWHERE) as peer:
        relays = tuple(one.relay_id for one in floor.devices.cabinets)
        keeper = Keeper(PlayedCms(peer), relays, open_tap, unlocks=plan.allow_disruptive)
        yield keeper
        with contextlib.suppress(SubjectFailed):  # one that has gone is not as it was
            keeper.restore()


@contextlib.contextmanager
def _or_no_run(request: pytest.FixtureRequest) -> Iterator[None]:
    """What goes wrong here ends the run: what is left of it could say nothing."""
    try:
        yield
    except (SubjectFailed, TapError) as exc:
        request.session.shouldstop = str(exc).splitlines()[0]
        raise


@pytest.fixture
def web(cms: AnyCms, timeline: Timeline, protection: Protection) -> Web:
    """The operator's HTTP client."""
    return Web(cms, timeline, protection)


@pytest.fixture(scope="session")
def protection(floor: Floor, plan: Plan) -> Protection:
    """Of the SMIBs that run already."""
    if plan.smib.is_started:
        return Protection()
    names = (name for one in floor.devices.cabinets for name in (one.id, one.relay_id))
    return Protection(frozenset(names), plan.allow_disruptive)


@pytest.fixture
def join(stage: contextlib.ExitStack, broker: AnyBroker, timeline: Timeline) -> Callable[..., Peer]:
    """``join(name, *filters, will=None)`` puts one more client on the broker."""

    def join(name: str, *filters: str, will: tuple[str, bytes] | None = None) -> Peer:
        return stage.enter_context(connected(name, broker.address, timeline, *filters, will=will))

    return join


@pytest.fixture
def watch(stage: contextlib.ExitStack, web: Web, timeline: Timeline) -> Callable[..., Stream]:
    """``watch(relay_id)`` opens one more stream, and waits for its first frame."""

    def watch(relay_id: str, name: str = "stream") -> Stream:
        stream = Stream(name, web, relay_id, timeline)
        stage.callback(stream.leave)
        stream.connected()
        return stream

    return watch
