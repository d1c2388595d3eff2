"""Drift, outbox, history, audit trail, roll-back, export and import, as a caller sees them (section 7)."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from cms.audit import Chain
from cms.errors import StoreBusy
from cms.hub import Delivery
from cms.tests.desk import NOW, RELAY, Desk, at_desk

ORDER = "/api/cabinets/cab-1/smib-config"
HISTORY = "/api/cabinets/cab-1/history"
SECRET = "casino-4711"


def obedient(relay_id: str, fields: dict[str, Any]) -> Mapping[str, Any] | None:
    return {"rly": relay_id, **fields} if fields.get("typ") == "cfg" else None


async def order(desk: Desk, **body: Any) -> httpx.Response:
    answer = await desk.ask("POST", ORDER, body, headers={"x-request-id": "req-7"})
    assert answer.status_code == 200, answer.text
    return answer


async def data(desk: Desk, path: str) -> Any:
    answer = await desk.ask("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def until_outbox(desk: Desk, state: str, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while len(found := await data(desk, f"/api/outbox?state={state}")) < count:
            pass
    return list(found)


class TestReported:
    def test_it_stands_next_to_what_was_ordered(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            await order(desk, smibConfig={"net": {"netStaSSID": "A", "netStaPwd": SECRET}})
            await until_outbox(desk, "confirmed", 1)
            read = await data(desk, ORDER)
            assert list(read)[:3] == ["smibConfig", "smibVersion", "relayId"]
            assert read["reported"]["net"]["netStaSSID"] == {"value": "A", "at": NOW}
            assert read["reported"]["net"]["netStaPwd"] == {"value": "***", "at": NOW}
            assert (read["inStep"], read["differences"]) == (True, [])

        at_desk(act)

    def test_drift_is_shown_listed_announced_and_mended(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            await order(
                desk, smibConfig={"net": {"netStaSSID": "A", "netStaChan": 3}, "coms": {"comsMode": 1}}
            )
            await until_outbox(desk, "confirmed", 2)
            assert await data(desk, "/api/cabinets?drift=true") == []
            with desk.link.hub.subscribe(None) as floor:
                desk.link.hub.route(
                    "smib/config", b'{"rly":"%s","typ":"cfg","comp":"net","netStaSSID":"B"}' % RELAY.encode()
                )
                async with asyncio.timeout(10):
                    events = [await floor.next(), await floor.next()]
            assert isinstance(events[1], Delivery)
            event = events[1].fields
            assert (event["typ"], event["cabinetId"], event["fields"]) == (
                "DRIFT",
                "cab-1",
                ["net.netStaSSID"],
            )
            (drifting,) = await data(desk, "/api/cabinets?drift=true")
            difference = {
                "component": "net",
                "field": "netStaSSID",
                "ordered": "A",
                "reported": "B",
                "at": NOW,
            }
            assert (drifting["inStep"], drifting["differences"]) == (False, [difference])
            assert [one["id"] for one in await data(desk, "/api/cabinets?drift=false")] == ["cab-2"]
            assert (await data(desk, ORDER))["inStep"] is False
            mended = (await desk.ask("POST", f"{ORDER}/resync")).json()
            assert (mended["components"], mended["mqttSent"]) == (["net"], True)
            assert desk.link.sent[-1][1] == b'{"typ":"cfg","comp":"net","netStaSSID":"A","netStaChan":3}'
            assert (await data(desk, ORDER))["inStep"] is True
            again = (await desk.ask("POST", f"{ORDER}/resync")).json()
            assert (again["components"], again["mqttSent"]) == ([], False)
            every = (await desk.ask("POST", f"{ORDER}/resync?all=true")).json()
            assert every["components"] == ["net", "coms"]

        at_desk(act)


class TestOutbox:
    def test_it_tells_states_and_no_secret(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.up = False
            await order(desk, smibConfig={"net": {"netStaPwd": SECRET}}, machineControl="RESTART")
            answer = await desk.ask("GET", "/api/outbox?cabinet=cab-1")
            restart, update = answer.json()["data"]
            assert (restart["what"], restart["expiresAt"]) == ("RESTART", "2025-10-26T10:30:30.000Z")
            assert (update["values"], update["state"], update["tries"]) == (
                {"netStaPwd": "***"},
                "waiting",
                0,
            )
            assert SECRET not in answer.text
            assert await data(desk, "/api/outbox?cabinet=cab-2") == []
            assert await data(desk, f"/api/outbox?before={update['id']}") == []

        at_desk(act)

    def test_a_refusal_of_the_device_is_seen_everywhere(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = lambda relay_id, fields: {
                "rly": relay_id,
                "typ": "cfg",
                "comp": fields["comp"],
                "netStaSSID": "old",
                "err": "no such network",
            }
            await order(desk, smibConfig={"net": {"netStaSSID": "new"}})
            (entry,) = await until_outbox(desk, "refused", 1)
            assert entry["detail"] == "no such network"
            (change, _) = await data(desk, HISTORY)
            assert change["orders"][0]["state"] == "refused"
            outcome, ordered, _ = await data(desk, "/api/audit")
            assert (outcome["outcome"], outcome["user"]) == ("refused", f"smib:{RELAY}")
            assert ordered["deliveries"][0]["detail"] == "no such network"
            assert (await data(desk, ORDER))["inStep"] is False

        at_desk(act)


class TestHistory:
    def test_it_tells_who_changed_what_and_when(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            await order(desk, smibConfig={"net": {"netStaSSID": "A", "netStaPwd": SECRET}})
            await until_outbox(desk, "confirmed", 1)
            await order(desk, smibConfig={"net": {"netStaSSID": "B", "netStaPwd": f"{SECRET}-2"}})
            await until_outbox(desk, "confirmed", 2)
            answer = await desk.ask("GET", HISTORY)
            newest, second, first = answer.json()["data"]
            assert (newest["revision"], newest["user"], newest["request"]) == (3, "anonymous", "req-7")
            assert newest["address"] == "127.0.0.1"
            assert newest["changes"] == [
                {"component": "net", "field": "netStaSSID", "before": "A", "after": "B"},
                {"component": "net", "field": "netStaPwd", "before": "***", "after": "***"},
            ]
            assert newest["orders"][0]["state"] == "confirmed"
            assert second["changes"][0] == {
                "component": "net",
                "field": "netStaSSID",
                "before": None,
                "after": "A",
            }
            assert (first["action"], first["changes"]) == ("seed", [])
            assert SECRET not in answer.text
            assert [one["revision"] for one in await data(desk, f"{HISTORY}?before=3&limit=1")] == [2]

        at_desk(act)

    def test_an_earlier_configuration_comes_back_with_its_password(self) -> None:
        async def act(desk: Desk) -> None:
            await order(desk, smibConfig={"net": {"netStaSSID": "A", "netStaPwd": SECRET}})
            change = {"net": {"netStaSSID": "B", "netStaPwd": "other-pass"}, "coms": {"comsMode": 2}}
            tag = (await order(desk, smibConfig=change)).headers["etag"]
            answer = await desk.ask("POST", f"{ORDER}/rollback", {"revision": 2}, headers={"if-match": tag})
            done = answer.json()
            assert (done["components"], done["kept"], done["mqttSent"]) == (["net"], ["coms.comsMode"], True)
            assert done["data"]["smibConfig"] == {
                "net": {"netStaSSID": "A", "netStaPwd": "***"},
                "coms": {"comsMode": 2},
            }
            assert SECRET.encode() in desk.link.sent[-1][1]
            newest = (await data(desk, HISTORY))[0]
            assert (newest["revision"], newest["action"]) == (4, "rollback")
            stale = await desk.ask("POST", f"{ORDER}/rollback", {"revision": 2}, headers={"if-match": tag})
            assert stale.status_code == 409
            same = await desk.ask("POST", f"{ORDER}/rollback", {"revision": 2})
            assert (same.json()["components"], same.json()["mqttSent"]) == ([], False)
            assert same.headers["etag"] == answer.headers["etag"]

        at_desk(act)


class TestAudit:
    def test_every_act_is_in_it_masked_and_sealed(self) -> None:
        async def act(desk: Desk) -> None:
            config = {"typ": "cfg", "comp": "net", "netStaPwd": SECRET}
            publish = {"relayId": RELAY, "config": config}
            text = json.dumps({"typ": "cfg", "netStaPwd": SECRET})
            await order(desk, smibConfig={"net": {"netStaPwd": SECRET}}, machineControl="LOCK MACHINE")
            await desk.ask("POST", "/api/mqtt/config/publish", publish)
            await desk.ask("POST", "/api/mqtt/test", {"action": "publish", "message": text})
            await desk.ask("POST", "/api/mqtt/config/request", {"relayId": RELAY, "component": "net"})
            await desk.ask("POST", ORDER, {"machineControl": "EXPLODE"})
            await desk.ask("POST", f"{ORDER}/rollback", {"revision": 1})
            await desk.ask("GET", "/api/cabinets/export?format=csv")
            answer = await desk.ask("GET", "/api/audit?format=csv")
            entries = list(csv.DictReader(io.StringIO(answer.text)))
            acts = [entry["action"] for entry in entries if entry["action"] != "outcome"]
            wanted = ["seed", "order", "publish", "test", "refusal", "rollback", "export", "export"]
            assert acts[::-1] == [one for one in wanted if one != "rollback"]
            assert answer.headers["content-type"].startswith("text/csv")
            refusal = next(entry for entry in entries if entry["action"] == "refusal")
            assert (refusal["wanted"], refusal["cabinet"]) == ("orderSmibConfig", "cab-1")
            assert "EXPLODE" in refusal["reason"]
            assert SECRET not in answer.text
            chain = Chain()
            assert chain.follow(await desk.application.store.audit_chain(0, 99)) is None

        at_desk(act)

    @pytest.mark.parametrize("text", [f'[{{"netStaPwd":"{SECRET}"}}]', f"mqtt://u:{SECRET}@h:1883"])
    def test_a_secret_in_a_test_message_that_is_no_json_is_masked(self, text: str) -> None:
        async def act(desk: Desk) -> None:
            answer = await desk.ask("POST", "/api/mqtt/test", {"action": "publish", "message": text})
            assert (answer.status_code, SECRET in answer.text) == (200, False)
            assert "***" in answer.text
            assert SECRET not in (await desk.ask("GET", "/api/audit?format=csv")).text

        at_desk(act)

    def test_it_is_searched(self) -> None:
        async def act(desk: Desk) -> None:
            await order(desk, machineControl="RESTART")

            async def found(query: str) -> list[str]:
                return [entry["action"] for entry in await data(desk, f"/api/audit?{query}")]

            assert await found("cabinet=cab-1&user=anonymous") == ["order"]
            assert await found("cabinet=cab-2") == await found("user=nobody") == []
            assert await found(f"since={NOW}&until={NOW}&before=2") == ["seed"]
            assert await found("since=2025-10-26T12:30:00.001+02:00") == []
            assert len(await found("limit=1")) == 1

        at_desk(act)

    def test_nothing_is_published_that_could_not_be_recorded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(desk: Desk) -> None:
            async def fail(_draft: object) -> None:
                raise StoreBusy("the disk is full")

            monkeypatch.setattr(desk.application.store, "record", fail)
            config = {"typ": "cfg", "comp": "net", "netStaChan": 1}
            answer = await desk.ask("POST", "/api/mqtt/config/publish", {"relayId": RELAY, "config": config})
            assert answer.status_code == 503
            probe = await desk.ask("POST", "/api/mqtt/test", {"action": "publish"})
            assert probe.status_code == 503
            assert desk.link.sent == []

        at_desk(act)

    def test_what_a_spreadsheet_would_compute_is_text(self) -> None:
        async def act(desk: Desk) -> None:
            await desk.ask("POST", "/api/mqtt/test", {"action": "=cmd|' /C calc'!A0"})
            await order(desk, smibVersion={"firmware": "=1+1"})
            text = (await desk.ask("GET", "/api/audit?format=csv")).text
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]

        at_desk(act)


class TestExchange:
    @pytest.mark.parametrize("form", ["yaml", "json", "csv"])
    def test_what_is_exported_can_be_imported(self, form: str) -> None:
        async def act(desk: Desk) -> None:
            secret = {"net": {"netStaPwd": SECRET}, "mqtt": {"mqttURI": f"mqtt://u:{SECRET}@h"}}
            await order(desk, smibConfig=secret)
            exported = await desk.ask("GET", f"/api/cabinets/export?format={form}")
            assert SECRET not in exported.text
            assert exported.headers["content-disposition"] == f'attachment; filename="cabinets.{form}"'
            headers = {"content-type": exported.headers["content-type"]}
            text = exported.text.replace("cab-2", "cab-3").replace("e831cdfa8464", "e831cdfa8465")
            for dry_run, added in (("true", ["cab-3"]), ("false", ["cab-3"]), ("false", [])):
                path = f"/api/cabinets/import?dryRun={dry_run}"
                done = (await desk.client.post(path, content=text, headers=headers)).json()
                assert (done["added"], done["updated"]) == (added, []), done
            assert [one["id"] for one in await data(desk, "/api/cabinets")] == ["cab-1", "cab-2", "cab-3"]

        at_desk(act)

    def test_known_cabinets_are_described_anew_and_nothing_is_sent(self) -> None:
        async def act(desk: Desk) -> None:
            body = {"cabinets": [{"id": "cab-1", "relayId": RELAY, "name": "New", "smibConfig": {"net": {}}}]}
            answer = await desk.ask("POST", "/api/cabinets/import?existing=update", body)
            assert answer.json()["updated"] == ["cab-1"]
            cabinet = await data(desk, "/api/cabinets/cab-1")
            assert (cabinet["name"], cabinet["revision"]) == ("New", 2)
            assert desk.link.sent == []

        at_desk(act)

    def test_a_thousand_cabinets_are_taken_in_at_once(self) -> None:
        async def act(desk: Desk) -> None:
            rows = "\n".join(f"cab-{n},{n:012x},Main Floor" for n in range(100, 1100))
            answer = await desk.client.post(
                "/api/cabinets/import",
                content=f"id,relayId,location\n{rows}\n",
                headers={"content-type": "text/csv"},
            )
            assert len(answer.json()["added"]) == 1000

        at_desk(act)


class TestResyncOnConnect:
    def test_a_device_that_comes_back_out_of_step_is_brought_back(self) -> None:
        async def act(desk: Desk) -> None:
            held = {"net": {"netStaSSID": "factory"}}

            def device(relay_id: str, fields: dict[str, Any]) -> Mapping[str, Any] | None:
                component = fields.get("comp", "")
                held.setdefault(component, {}).update(
                    {name: value for name, value in fields.items() if name not in ("typ", "comp")}
                )
                return {"rly": relay_id, "typ": "cfg", "comp": component, **held[component]}

            desk.link.device = device
            await order(desk, smibConfig={"net": {"netStaSSID": "A"}})
            await until_outbox(desk, "confirmed", 1)
            held["net"] = {"netStaSSID": "factory"}
            desk.link.hub.route("sas/server", b'{"rly":"%s","typ":"NETWORK_CONNECTED"}' % RELAY.encode())
            await until_outbox(desk, "confirmed", 2)
            assert held["net"] == {"netStaSSID": "A"}
            assert (await data(desk, ORDER))["inStep"] is True
            (resync,) = [one for one in await data(desk, "/api/audit") if one["action"] == "resync"]
            assert (resync["user"], resync["why"]) == ("system", "on-connect")

        at_desk(act, CMS_RESYNC="on-connect")

    def test_one_that_never_takes_it_is_left_alone_after_a_while(self) -> None:
        async def act(desk: Desk) -> None:
            await order(desk, smibConfig={"net": {"netStaSSID": "A"}})
            refusal = {"rly": RELAY, "typ": "cfg", "comp": "net", "netStaSSID": "B", "err": "no"}
            desk.link.device = lambda _relay, fields: refusal if fields.get("comp") == "net" else None
            for _ in range(6):
                count = len(desk.link.sent)
                connected = b'{"rly":"%s","typ":"NETWORK_CONNECTED"}' % RELAY.encode()
                desk.link.hub.route("sas/server", connected)
                async with asyncio.timeout(10):
                    while len(desk.link.sent) == count:
                        await data(desk, "/api/outbox")
                await data(desk, "/api/cabinets?drift=true")
                async with asyncio.timeout(10):
                    while await data(desk, "/api/outbox?state=waiting"):
                        pass
            resyncs = [one for one in await data(desk, "/api/audit") if one["action"] == "resync"]
            assert 1 <= len(resyncs) <= 3

        at_desk(act, CMS_RESYNC="on-connect")

    def test_it_is_off_unless_it_is_switched_on(self) -> None:
        async def act(desk: Desk) -> None:
            await order(desk, smibConfig={"net": {"netStaSSID": "A"}})
            assert "resync" not in desk.application.work

        at_desk(act)
