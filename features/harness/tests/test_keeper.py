"""A SMIB that runs already is as it was before the next scenario begins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from features.harness import keeper as module
from features.harness.errors import SubjectFailed
from features.harness.evidence.timeline import Timeline
from features.harness.keeper import Keeper, listened_to
from features.harness.peer import connected
from features.harness.played import ELSEWHERE, TOPICS, PlayedCms
from features.harness.process import Workshop
from features.harness.subject import SMIB
from features.harness.subjects import Broker
from features.harness.tap.packet import Packet
from features.harness.tap.tap import Tap
from wire import orders

RELAY = "e831cdfa8384"


def test_what_a_scenario_changed_is_set_back_wherever_the_device_listens(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Broker(workshop).address
    with Tap(SMIB, address, SMIB) as tap:
        told = {"MQTT_URI": tap.address.uri(), "RELAY": f"{RELAY}=5", "STATE": str(tmp_path)}
        smib = workshop.start("smib", [sys.executable, "-m", "features.pair.smib"], told)
        with connected("CMS", address, Timeline(), *TOPICS.report_filters, ELSEWHERE) as peer:
            cms = PlayedCms(peer)
            keeper = Keeper(cms, (RELAY,), tap, unlocks=True)
            since = cms.sends(RELAY, orders.ConfigUpdate("coms", {"comsAddr": 77}))
            cms.report(RELAY, "the confirmation", {"comp": "coms", "comsAddr": 77}, since=since)
            cms.sends(RELAY, orders.ConfigUpdate("mqtt", {"mqttSubTopic": "lab/orders/solo"}))
            keeper.restore()
            since = cms.sends(RELAY, orders.ConfigRequest("coms"))
            assert cms.report(RELAY, "coms", {"comp": "coms"}, since=since).fields["comsAddr"] != 77
            smib.kill()
            monkeypatch.setattr(module, "BACK", 0.1)
            with pytest.raises(SubjectFailed, match="can't be set back"):
                keeper.restore()


def test_where_a_device_listens_is_known_by_its_topics_or_its_client() -> None:
    def asked(name: str, client: str) -> Packet:
        return Packet("SUBSCRIBE", client_id=client, details={"filters": ((name, 0),)})

    packets = [asked(f"sas/relay/{RELAY}", "x"), asked("lab/solo", f"smib-{RELAY}"), asked("lab/2", "y")]
    assert list(listened_to(packets, RELAY, alone=False)) == [f"sas/relay/{RELAY}", "lab/solo"]
    assert list(listened_to(packets, RELAY, alone=True))[-1] == "lab/2"
