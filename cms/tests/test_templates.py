"""Templates: what may stand in one, what it means at a cabinet, its versions, and who is not as it says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from cms.audit import AuditFilter
from cms.cabinet import Cabinet
from cms.sheet import Kind
from cms.standing import FieldReport, Standing
from cms.template import KEPT, Template, Version, compared, template_from, template_problems
from cms.tests.desk import NOW, NOW_MS, RELAY, Desk, at_desk
from cms.tests.gate import until
from cms.tests.test_batches import BOTH, OTHER, done, obedient
from cms.vault import Vault
from wire.jsontext import to_bytes

PATH = "/api/templates/floor"
SECRET = "casino-4711"
TOPIC = {"mqtt": {"mqttPubTopic": "floor/{location}/{relayId}", "mqttQOS": 1}}
WIFI = {"net": {"netStaSSID": "Casino_{name}", "netStaPwd": SECRET}}
BAR = Cabinet("bar-1", RELAY, name="Lion", location="Bar")


def version(config: dict[str, Any], number: int = 1) -> Version:
    return Version(number, NOW_MS, "ann", config)


class TestFilling:
    def test_each_place_is_filled_with_the_cabinets_own(self) -> None:
        assert version({**TOPIC, **WIFI}).filled(BAR) == {
            "mqtt": {"mqttPubTopic": f"floor/Bar/{RELAY}", "mqttQOS": 1},
            "net": {"netStaSSID": "Casino_Lion", "netStaPwd": SECRET},
        }

    @pytest.mark.parametrize("text", ["{}", "{{relayId", "{re layId}", "a}b{c", "{0}", "{x.y}", "%s {!r}"])
    def test_any_other_brace_is_itself(self, text: str) -> None:
        config = {"net": {"netStaSSID": text}}
        assert template_problems(config) == []
        assert version(config).filled(BAR) == config

    def test_a_place_that_does_not_exist_is_refused_but_for_passwords(self) -> None:
        (problem,) = template_problems({"net": {"netStaSSID": "{relayid}"}})
        assert problem.field == "smibConfig.net.netStaSSID"
        config = {"net": {"netStaPwd": "{hush}{hush}"}}
        assert template_problems(config) == []
        assert version(config).filled(BAR) == config

    def test_what_fills_a_place_is_not_filled_again(self) -> None:
        cabinet = replace(BAR, name="{relayId}")
        assert version(WIFI).filled(cabinet)["net"]["netStaSSID"] == "Casino_{relayId}"


class TestVersions:
    def test_a_template_is_stored_and_read_back_and_forgets_the_oldest(self) -> None:
        template = Template("floor", NOW_MS, (version(WIFI),))
        for number in range(2, KEPT + 3):
            template = template.with_version(version(TOPIC, number))
        assert template_from(template.sheet()) == template
        assert (template.versions[0].number, template.latest.number) == (3, KEPT + 2)
        assert SECRET not in repr(template) + repr(template.sheet())

    def test_its_passwords_are_sealed_in_the_database(self) -> None:
        sheet = Template("floor", NOW_MS, (version(WIFI),)).sheet()
        sealed = Vault([bytes(32)]).sealed(sheet.document)
        assert SECRET not in json.dumps(sealed)
        assert Vault([bytes(32)]).opened(sealed) == sheet.document


class TestComparing:
    @pytest.mark.parametrize(
        ("ordered", "reported", "in_step", "fields"),
        [
            ("floor/Bar/", "floor/Bar/" + RELAY, True, []),
            ("floor/Bar/", None, None, []),
            ("other", None, False, ["mqttPubTopic"]),
            ("floor/Bar/", "other", False, ["mqttPubTopic"]),
            (None, "floor/Bar/" + RELAY, False, ["mqttPubTopic"]),
        ],
    )
    def test_what_was_ordered_and_what_is_reported_both_count(
        self, ordered: str | None, reported: str | None, in_step: bool | None, fields: list[str]
    ) -> None:
        config = {} if ordered is None else {"mqtt": {"mqttPubTopic": ordered}}
        reports = {} if reported is None else {"mqtt": {"mqttPubTopic": FieldReport(reported, NOW_MS)}}
        template = version({"mqtt": {"mqttPubTopic": "floor/{location}/{relayId}"}})
        stray = compared(template, Standing(replace(BAR, smib_config=config), reports))
        assert (stray.in_step, [one["field"] for one in stray.differences]) == (in_step, fields)

    def test_no_secret_is_shown(self) -> None:
        stray = compared(
            version(WIFI), Standing(replace(BAR, smib_config={"net": {"netStaPwd": "other-pw"}}))
        )
        told = json.dumps(stray.to_document())
        assert '"***"' in told
        assert SECRET not in told
        assert "other-pw" not in told


class TestRoutes:
    def test_versions_are_added_read_and_removed(self) -> None:
        async def act(desk: Desk) -> None:
            first = await desk.ask("PUT", PATH, {"smibConfig": WIFI, "note": "new WiFi"})
            assert first.json()["data"] == {
                "name": "floor",
                "version": 1,
                "at": NOW,
                "user": "anonymous",
                "note": "new WiFi",
                "smibConfig": {"net": {"netStaSSID": "Casino_{name}", "netStaPwd": "***"}},
            }
            edit = first.json()["data"]["smibConfig"]
            edit["net"]["netStaSSID"] = "Other"
            second = await desk.ask("PUT", PATH, {"smibConfig": edit}, headers={"if-match": '"1"'})
            assert (second.status_code, second.headers["etag"]) == (200, '"2"')
            late = await desk.ask("PUT", PATH, {"smibConfig": edit}, headers={"if-match": '"1"'})
            assert late.status_code == 409
            sheet = await desk.application.store.sheet(Kind.TEMPLATE, "floor")
            assert sheet is not None
            assert template_from(sheet).latest.config == {"net": {"netStaSSID": "Other", "netStaPwd": SECRET}}
            read = (await desk.ask("GET", PATH)).json()["data"]
            assert [one["version"] for one in read["versions"]] == [2, 1]
            assert (await desk.ask("GET", "/api/templates")).json()["count"] == 1
            assert (await desk.ask("DELETE", PATH)).status_code == 200
            assert (await desk.ask("GET", PATH)).status_code == 404
            entries = [one.document for one in await desk.application.store.audit(AuditFilter())]
            changes = [(one["action"], one["version"]) for one in entries if "template" in one]
            assert changes == [("template removed", 2), ("template", 2), ("template", 1)]
            assert SECRET not in json.dumps(entries)

        at_desk(act)

    def test_it_is_applied_at_many_cabinets_each_with_its_own(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            config = {"mqtt": {"mqttPubTopic": "floor/{relayId}"}, "net": {"netStaPwd": SECRET}}
            await desk.ask("PUT", PATH, {"smibConfig": config})
            foretold = await desk.ask("POST", f"{PATH}/apply?dryRun=true", {"selection": {"all": True}})
            assert foretold.json()["cabinets"] == BOTH
            answer = await desk.ask("POST", f"{PATH}/apply", {"selection": {"all": True}})
            assert answer.status_code == 202
            data = answer.json()["data"]
            assert data["order"] == {
                "template": "floor",
                "version": 1,
                "smibConfig": {"mqtt": {"mqttPubTopic": "floor/{relayId}"}, "net": {"netStaPwd": "***"}},
            }
            assert (await done(desk, data["id"]))["counts"]["confirmed"] == 2
            topics = {json.loads(body).get("mqttPubTopic") for _, body in desk.link.sent} - {None}
            assert topics == {f"floor/{RELAY}", f"floor/{OTHER}"}

        at_desk(act)

    def test_what_it_means_at_a_cabinet_is_checked_there_before_anything_is_stored(self) -> None:
        cabinets = [
            {"id": "m-1", "relayId": "a0", "name": "x" * 40},
            {"id": "m-2", "relayId": "a1", "name": "y"},
        ]

        async def act(desk: Desk) -> None:
            await desk.ask("POST", "/api/cabinets/import", {"cabinets": cabinets})
            await desk.ask("PUT", PATH, {"smibConfig": WIFI})
            before = await desk.stored()
            answer = await desk.ask("POST", f"{PATH}/apply", {"cabinets": ["m-1", "m-2"]})
            assert answer.status_code == 400
            fields = [one["field"] for one in answer.json()["problems"]]
            assert fields == ["m-1: smibConfig.net.netStaSSID"]
            assert await desk.stored() == before

        at_desk(act)

    def test_an_earlier_version_can_be_applied(self) -> None:
        async def act(desk: Desk) -> None:
            for channel in (3, 4):
                await desk.ask("PUT", PATH, {"smibConfig": {"net": {"netStaChan": channel}}})
            answer = await desk.ask("POST", f"{PATH}/apply", {"cabinets": ["cab-1"], "version": 1})
            assert answer.json()["data"]["order"]["version"] == 1
            await until(lambda: len(desk.link.sent) == 1)
            assert json.loads(desk.link.sent[0][1])["netStaChan"] == 3
            gone = await desk.ask("POST", f"{PATH}/apply", {"cabinets": ["cab-1"], "version": 3})
            assert gone.status_code == 404

        at_desk(act)

    def test_who_is_not_as_it_says_is_seen(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            await desk.ask("PUT", PATH, {"smibConfig": {"net": {"netStaChan": 3}}})
            data = (await desk.ask("POST", f"{PATH}/apply", {"cabinets": BOTH})).json()["data"]
            await done(desk, data["id"])
            well = (await desk.ask("GET", f"{PATH}/drift")).json()
            assert well["counts"] == {"inStep": 2, "outOfStep": 0, "unknown": 0}
            said = {"rly": OTHER, "typ": "cfg", "comp": "net", "netStaChan": 9}
            desk.link.hub.route("smib/config", to_bytes(said))
            found = (await desk.ask("GET", f"{PATH}/drift")).json()
            assert found["counts"] == {"inStep": 1, "outOfStep": 1, "unknown": 0}
            (stray,) = found["data"]
            assert stray["cabinetId"] == "cab-2"
            assert stray["differences"] == [
                {"component": "net", "field": "netStaChan", "template": 3, "ordered": 3, "reported": 9}
            ]
            none = (await desk.ask("GET", f"{PATH}/drift?location=Nowhere")).json()
            assert none["counts"] == {"inStep": 0, "outOfStep": 0, "unknown": 0}

        at_desk(act)

    def test_of_two_who_edit_at_once_one_is_told(self) -> None:
        async def act(desk: Desk) -> None:
            body = {"smibConfig": {"net": {"netStaChan": 3}}}
            await desk.ask("PUT", PATH, body)
            tag = {"if-match": '"1"'}
            found = await asyncio.gather(*(desk.ask("PUT", PATH, body, headers=tag) for _ in range(3)))
            assert sorted(one.status_code for one in found) == [200, 409, 409]

        at_desk(act)
