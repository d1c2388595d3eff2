"""The fixtures of the harness, its step modules, and what each scenario's report carries.

One broker, CMS and fleet for each pytest worker, started by the first scenario that needs them; every
scenario takes cabinets that no other has touched. A scenario that disrupts starts processes of its own:
its Given steps put them in the place of ``broker``, ``cms`` and ``fleet``.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from pytest_bdd.parser import Feature, Scenario, Step

from features import steps
from features.harness.catalogue import capability_of, requirement_of
from features.harness.errors import LintError
from features.harness.evidence.timeline import Timeline
from features.harness.floor import Floor, cabinets_file, fleet_file, new_floor
from features.harness.observation import Observation
from features.harness.peer import Peer, connected
from features.harness.process import Warden, Workshop
from features.harness.readiness import readiness
from features.harness.record.header import Judged
from features.harness.recording import Recording, draft_of
from features.harness.report.publication import publish
from features.harness.session import session_header
from features.harness.stream import Stream
from features.harness.subjects import Broker, Cms, Fleet, cms_settings
from features.harness.tap.tap import Tap
from features.harness.web import Web
from wire.address import BrokerAddress

Tapped = Callable[[str, BrokerAddress], Tap]
OBSERVATION = pytest.StashKey[Observation]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "the conformance harness")
    group.addoption("--report", default="report", metavar="DIR", help="where the record of the run goes")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(id): what the scenario proves (requirements.yaml)")
    config.addinivalue_line("markers", "capability(name): what its subject must claim beside core")
    timeline = Timeline()
    config.stash[OBSERVATION] = Observation(timeline)
    header = session_header(config, [Judged("cms", "our CMS"), Judged("smib", "our SMIBs")])
    recording = Recording(
        header,
        Path(config.getoption("report", "report")),
        redact=timeline.secrets.value,
        publish=publish,
        writes=not hasattr(config, "workerinput"),
    )
    config.pluginmanager.register(recording, "recording")
    for module in pkgutil.iter_modules(steps.__path__):
        config.pluginmanager.register(importlib.import_module(f"{steps.__name__}.{module.name}"))


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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[OBSERVATION].begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """The monitors judge what a scenario did, however it ended."""
    try:
        return (yield)
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
def shared_workshop(warden: Warden, timeline: Timeline) -> Iterator[Workshop]:
    with Workshop(warden, timeline) as workshop:
        yield workshop


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("floor")


@pytest.fixture(scope="session")
def floor(observation: Observation) -> Floor:
    observation.floor = new_floor()
    return observation.floor


@pytest.fixture(scope="session")
def shared_tapped(timeline: Timeline) -> Iterator[Tapped]:
    """Puts taps before brokers until the run ends."""
    with contextlib.ExitStack() as stack:
        yield lambda role, broker: stack.enter_context(Tap(role, broker, role, timeline))


@pytest.fixture(scope="session")
def shared_broker(shared_workshop: Workshop) -> Broker:
    return Broker(shared_workshop)


@pytest.fixture(scope="session")
def shared_cms(
    shared_workshop: Workshop, shared_broker: Broker, shared_tapped: Tapped, shared_folder: Path, floor: Floor
) -> Cms:
    seed = cabinets_file(shared_folder / "cabinets.yaml", floor.cabinets)
    tap = shared_tapped("cms", shared_broker.address)
    cms = Cms(shared_workshop, cms_settings(tap.address, seed, shared_folder / "cms.sqlite3"), tap)
    readiness(Web(cms, shared_workshop.timeline), 200)
    return cms


@pytest.fixture(scope="session")
def shared_fleet(
    shared_workshop: Workshop, shared_broker: Broker, shared_tapped: Tapped, shared_folder: Path, floor: Floor
) -> Fleet:
    description = fleet_file(shared_folder / "fleet.yaml", floor)
    devices = (*floor.devices.cabinets, *floor.restless.cabinets, *floor.silent.cabinets)
    tap = shared_tapped("smib", shared_broker.address)
    return Fleet(shared_workshop, tap, description, shared_folder / "nvs", devices)


@pytest.fixture
def stage() -> Iterator[contextlib.ExitStack]:
    """What one scenario opens ends with it, the last first."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def workshop(stage: contextlib.ExitStack, warden: Warden, timeline: Timeline) -> Workshop:
    """Processes of this scenario's own."""
    return stage.enter_context(Workshop(warden, timeline))


@pytest.fixture
def tapped(stage: contextlib.ExitStack, timeline: Timeline) -> Tapped:
    """``tapped(role, broker)`` puts a tap before a broker until the scenario ends."""
    return lambda role, broker: stage.enter_context(Tap(role, broker, role, timeline))


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Broker:
    """The broker of this scenario: the shared one, until a step puts another in its place."""
    shared: Broker = request.getfixturevalue("shared_broker")
    return shared


@pytest.fixture
def cms(request: pytest.FixtureRequest) -> Cms:
    """The CMS of this scenario: the shared one, until a step puts another in its place."""
    shared: Cms = request.getfixturevalue("shared_cms")
    return shared


@pytest.fixture
def web(cms: Cms, timeline: Timeline) -> Web:
    """The operator's HTTP client."""
    return Web(cms, timeline)


@pytest.fixture
def join(stage: contextlib.ExitStack, broker: Broker, timeline: Timeline) -> Callable[..., Peer]:
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
