"""Lines that show a check again: a shell takes them apart as they were meant."""

from __future__ import annotations

import dataclasses
import json
import shlex

from features.harness.record.check import Moment
from features.harness.record.header import Between
from features.harness.record.reproduction import reproduction
from features.harness.record.verdict import Verdict
from features.harness.tests.recorded import HEADER, RELAY, TIMELINE, check

CHECK = dataclasses.replace(check("a scenario[it's <b>]", Verdict.FAIL, timeline=TIMELINE), role="cms")


def test_one_line_for_each_tool() -> None:
    pytest_line, curl, published = (shlex.split(line) for line in reproduction(CHECK, HEADER))
    assert pytest_line == ["pytest", CHECK.id, "--subject", "any.yaml", "--randomly-seed=812"]
    assert curl[-1] == "http://127.0.0.1:3000/api/mqtt/config/request"
    assert json.loads(curl[curl.index("--data-raw") + 1]) == {"relayId": RELAY, "component": "net"}
    assert curl[curl.index("-X") + 1] == "POST"
    assert published[:7] == ["mosquitto_pub", "-h", "127.0.0.1", "-p", "1883", "-t", "smib/config"]
    assert json.loads(published[published.index("-m") + 1])["rly"] == RELAY


def test_of_a_smib_it_is_what_the_smib_was_sent() -> None:
    order = dataclasses.replace(
        TIMELINE[3],
        facts={**TIMELINE[3].facts, "role": "smib", "topic": f"sas/relay/{RELAY}", "payload": None},
    )
    smib = dataclasses.replace(CHECK, role="smib", timeline=(order,))
    _, published = (shlex.split(line) for line in reproduction(smib, HEADER))
    assert published[-3:] == ["-q", "1", "-n"]
    assert f"sas/relay/{RELAY}" in published


def test_hostile_text_stays_one_word() -> None:
    hostile = Moment(
        0.0, "request", "operator", "cms", "", {"method": "GET", "path": "/api/x'; rm -rf $HOME; `id`\n#"}
    )
    _, curl = reproduction(dataclasses.replace(CHECK, role="system", timeline=(hostile,)), HEADER)
    assert shlex.split(curl) == ["curl", "-sS", "-i", "http://127.0.0.1:3000/api/x'; rm -rf $HOME; `id`\n#"]


def test_a_broker_without_port_has_that_of_its_scheme() -> None:
    for address, port in (("mqtt://h", "1883"), ("mqtts://h", "8883"), ("h:99", "99"), ("[::1]:99", "99")):
        header = dataclasses.replace(HEADER, broker=Between("x", address))
        published = shlex.split(reproduction(CHECK, header)[-1])
        assert published[published.index("-p") + 1] == port
    broken = dataclasses.replace(HEADER, broker=Between("x", "mqtt://h:port"))
    assert "-p" not in shlex.split(reproduction(CHECK, broken)[-1])
