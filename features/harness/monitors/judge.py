"""All monitors together, at the end of a scenario."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from features.harness.evidence.content import CMS, SMIB
from features.harness.evidence.timeline import Excerpt, Timeline
from features.harness.monitors import addressed, answers, packets, sent
from features.harness.monitors.finding import Finding, Setting

SETTLE = 1.0
"""Seconds in which a packet that was promised must have passed the tap; it usually has long before."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """``requirements`` are the ids that ``judge`` may name. ``tapped`` is the role whose tap it reads, empty
    where it needs none; ``whole``: it can judge a timeline only if nothing of it is lost."""

    requirements: tuple[str, ...]
    judge: Callable[[Excerpt, Setting], Iterator[Finding]]
    tapped: str = ""
    whole: bool = False


MONITORS = (
    Monitor((answers.NO_SECRET,), answers.no_secret_in_clear),
    Monitor((answers.NO_CRASH,), answers.no_crash),
    Monitor((answers.ENVELOPE,), answers.failures_in_the_envelope),
    Monitor((packets.READABLE,), packets.packets_are_readable),
    Monitor((packets.ORDER_FITS,), packets.orders_fit, CMS),
    Monitor((packets.REPORT_FITS, packets.REPORT_KNOWN), packets.reports_fit, SMIB),
    Monitor((packets.NOT_RETAINED,), packets.nothing_retained, CMS),
    Monitor((addressed.ADDRESSED, addressed.NOT_REFUSED), addressed.only_whom_somebody_addressed, CMS, True),
    Monitor((sent.HAS_PACKET, sent.ACKNOWLEDGED), sent.sent_has_its_packet, CMS, True),
)

JUDGED = frozenset(name for monitor in MONITORS for name in monitor.requirements)
"""The requirements that are judged in every scenario, whether it names them or not."""

LATE = (sent.HAS_PACKET, sent.ACKNOWLEDGED)
"""What may still be disproved by a packet that is on its way."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """``untestable`` gives the reason for each requirement that could not be judged in this run."""

    findings: tuple[Finding, ...]
    untestable: dict[str, str]


def judged(excerpt: Excerpt, setting: Setting) -> Judgement:
    """What every monitor that can judge says of one scenario."""
    findings: list[Finding] = []
    untestable: dict[str, str] = {}
    for monitor in MONITORS:
        reason = _obstacle(monitor, excerpt, setting)
        if reason:
            untestable |= dict.fromkeys(monitor.requirements, reason)
        else:
            findings += monitor.judge(excerpt, setting)
    return Judgement(tuple(findings), untestable)


def settled(timeline: Timeline, since: int, setting: Setting, within: float = SETTLE) -> Judgement:
    """The same for what stands behind position ``since``; waits for packets that were promised and are still
    on their way: an answer can overtake one of QoS 0, and the tap passes every packet on before it writes
    it down."""
    deadline = time.monotonic() + within
    while True:
        position = timeline.position
        judgement = judged(timeline.since(since), setting)
        late = any(finding.requirement in LATE for finding in judgement.findings)
        if not late or not timeline.grows(position, max(0.0, deadline - time.monotonic())):
            return judgement


def _obstacle(monitor: Monitor, excerpt: Excerpt, setting: Setting) -> str:
    if monitor.tapped and monitor.tapped not in setting.tapped:
        return f"no tap stands before the {monitor.tapped}"
    return f"the first {excerpt.lost} entries are lost" if monitor.whole and excerpt.lost else ""
