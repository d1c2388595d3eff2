"""What the options add up to."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.harness.errors import SubjectFileError
from features.harness.plan import Choice, Plan, planned

CMS = "subject: cms\nname: Theirs\nurl: http://127.0.0.1:1\ncapabilities: [core, queue]\ntiming: {slack: 3}\n"
STARTED = 'subject: smib\nname: Their SMIBs\nstart: "smib {relay}"\n'


@pytest.fixture
def cms(tmp_path: Path) -> str:
    path = tmp_path / "cms.yaml"
    path.write_text(CMS, encoding="utf-8")
    return str(path)


@pytest.fixture
def smib(tmp_path: Path) -> str:
    path = tmp_path / "smib.yaml"
    path.write_text(STARTED, encoding="utf-8")
    return str(path)


def roles(plan: Plan) -> set[str]:
    return {role for role in ("cms", "smib", "system") if plan.judges(role)}


def test_by_default_both_of_ours_are_judged() -> None:
    plan = planned(Choice())
    assert (plan.cms.name, plan.smib.name) == ("Our CMS", "Our SMIBs")
    assert roles(plan) == {"cms", "smib", "system"}
    assert plan.tapped == {"cms", "smib"}
    assert plan.pace == 1.0
    assert plan.strict, "ours are held to our own readings"


def test_one_side_alone_is_judged_and_ours_plays_along(smib: str) -> None:
    plan = planned(Choice(files=[smib]))
    assert (plan.cms.name, plan.smib.name) == ("Our CMS", "Their SMIBs")
    assert roles(plan) == {"smib", "system"}
    assert not plan.strict
    assert [one.name for one in plan.header] == ["Their SMIBs"]


def test_what_runs_already_is_told_where_the_broker_is_and_is_tapped_there(cms: str) -> None:
    with pytest.raises(SubjectFileError, match="--broker-port"):
        planned(Choice(files=[cms]))
    assert planned(Choice(files=[cms], broker_port=1883)).tapped == {"cms", "smib"}
    plan = planned(Choice(files=[cms], broker_uri="mqtt://127.0.0.1"))
    assert plan.tapped == {"smib"}
    assert plan.pace == 2.0


def test_short_forms_do_without_a_file() -> None:
    plan = planned(Choice(cms_url="http://127.0.0.1:3000/", smibs=["E831CDFA8384"], broker_port=1883))
    assert (plan.cms.url, plan.smib.relays) == ("http://127.0.0.1:3000", ("e831cdfa8384",))


def test_a_capability_that_is_not_claimed_does_not_apply(cms: str) -> None:
    plan = planned(Choice(files=[cms], broker_port=1883))
    assert plan.obstacle("cms", ["queue"]) == ""
    assert plan.obstacle("cms", ["history"]) == "Theirs does not claim history"
    assert plan.obstacle("system", ["sas"]) == "Theirs does not claim sas"
    assert plan.obstacle("system", ["bulk"]) == "", "no CMS can claim what SMIBs do"


@pytest.mark.parametrize(
    "choice",
    [
        Choice(cms_url="127.0.0.1:3000", broker_port=1),
        Choice(smibs=["a/b"], broker_port=1),
        Choice(smibs=["a"], broker_uri="gopher://nowhere"),
        Choice(smibs=["a"], broker_uri="mqtt://h", broker_port=1),
        Choice(files=["nothing.yaml"]),
    ],
)
def test_what_can_not_be_is_told(choice: Choice) -> None:
    with pytest.raises(SubjectFileError):
        planned(choice)


def test_two_of_one_side_are_refused(smib: str) -> None:
    with pytest.raises(SubjectFileError, match="one smib was wanted"):
        planned(Choice(files=[smib, smib]))


def test_the_options_can_be_given_again(cms: str) -> None:
    choice = Choice(files=[cms], broker_port=1883, allow_disruptive=True)
    assert choice.words == ("--subject", cms, "--broker-port", "1883", "--allow-disruptive")
