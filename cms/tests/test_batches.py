"""One order to many cabinets: all or nothing beforehand, then each on its own, and followed to its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cms.actor import Actor
from cms.audit import AuditFilter
from cms.batch import MAX_AGE_MS, Batch, Part, Sent, batch_from
from cms.errors import StoreBusy
from cms.feed import Wanted
from cms.handlers.orders import OrderRequest
from cms.handlers.selection import Selection
from cms.handlers.wish import Wish
from cms.progress import Progress
from cms.role import Role
from cms.sheet import Kind, Sheet
from cms.store.entry import State
from cms.store.store import Ordered, Outcome
from cms.tests.desk import NOW_MS, RELAY, Desk, at_desk
from cms.tests.gate import until
from cms.tests.test_access import bearer
from cms.tests.test_scope import NOTE, admit, furnish
from wire.jsontext import to_bytes

PATH = "/api/batches"
BOTH = ["cab-1", "cab-2"]
OTHER = "e831cdfa8464"
NET = {"smibConfig": {"net": {"netStaChan": 5}}}
FLOOR = {
    "CMS_CABINETS": ",".join(f"cab-{n}=e831cdfa{n:04x}" for n in range(1, 41)),
}


def obedient(relay_id: str, fields: dict[str, Any]) -> Mapping[str, Any] | None:
    """A SMIB that confirms what it is sent."""
    if fields.get("typ") == "cfg":
        return {"rly": relay_id, **fields}
    typ = {"LOCK MACHINE": "MACHINE_LOCKED"}.get(str(fields.get("command")), "MACHINE_RESTART")
    return {"typ": typ, "rly": relay_id, "mac": "", "tkn": "", "pyd": ""}


async def done(desk: Desk, batch_id: str) -> dict[str, Any]:
    """The batch, once it is done."""
    async with asyncio.timeout(15):
        while True:
            data: dict[str, Any] = (await desk.ask("GET", f"{PATH}/{batch_id}")).json()["data"]
            if data["state"] == "done":
                return data
            await asyncio.sleep(0.01)


def frames(desk: Desk) -> list[dict[str, Any]]:
    """What those who read the floor stream were told of batches."""
    feed = desk.application.monitor.feed
    feed.publish()
    lines = feed.after(0, Wanted()).data.decode().splitlines()
    told = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return [frame["batch"] for frame in told if frame["type"] == "batch"]


class TestParts:
    @pytest.mark.parametrize(
        ("states", "progress"),
        [
            ((), Progress.STORED),
            ((State.CONFIRMED,), Progress.CONFIRMED),
            ((State.CONFIRMED, State.SENT), Progress.SENT),
            ((State.SENT, State.WAITING), Progress.WAITING),
            ((State.WAITING, State.REFUSED), Progress.REFUSED),
            ((State.UNCONFIRMED, State.FAILED), Progress.FAILED),
        ],
    )
    def test_one_is_as_far_as_its_worst_order(self, states: tuple[State, ...], progress: Progress) -> None:
        sent = tuple(Sent(str(n), "net", Outcome(state, NOW_MS)) for n, state in enumerate(states))
        assert Part("cab-1", sent).progress is progress

    def test_one_that_is_not_stored_is_pending_and_one_with_an_error_failed(self) -> None:
        assert Part("cab-1").progress is Progress.PENDING
        assert (Part("cab-1", error="no").progress, Part("cab-1", error="no").detail) == ("failed", "no")

    def test_a_batch_is_stored_and_read_back(self) -> None:
        sent = (Sent("7", "net", Outcome(State.REFUSED, NOW_MS, "netStaChan: too high")),)
        parts = (Part("cab-1", sent), Part("cab-2", error="gone"), Part("cab-3"))
        order = {"smibVersion": {"a.b": "1", "$c": "2"}}
        batch = Batch("b-1", Actor("ann", "::1", "r"), NOW_MS, order, {"all": True}, parts, "d", True, NOW_MS)
        assert batch_from(batch.sheet(3)) == batch
        assert "null" not in json.dumps(batch.sheet(3).document)


class TestGiving:
    def test_every_cabinet_gets_it_and_confirms(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            answer = await desk.ask("POST", PATH, {"cabinets": BOTH, **NET})
            assert answer.status_code == 202
            data = answer.json()["data"]
            assert answer.headers["location"] == f"{PATH}/{data['id']}"
            assert (data["total"], data["order"]) == (2, NET)
            assert [part["cabinetId"] for part in data["cabinets"]] == BOTH
            ended = await done(desk, data["id"])
            assert ended["counts"]["confirmed"] == 2
            assert [part["orders"][0]["what"] for part in ended["cabinets"]] == ["net", "net"]
            payload = b'{"typ":"cfg","comp":"net","netStaChan":5}'
            assert sorted(desk.link.sent) == [(f"sas/relay/{r}", payload) for r in (RELAY, OTHER)]
            for cabinet in BOTH:
                history = (await desk.ask("GET", f"/api/cabinets/{cabinet}/history")).json()["data"]
                assert history[0]["smibConfig"]["net"] == {"netStaChan": 5}
            assert frames(desk)[-1]["counts"]["confirmed"] == 2
            assert frames(desk)[-1]["state"] == "done"

        at_desk(act)

    def test_a_selection_finds_the_cabinets(self) -> None:
        async def act(desk: Desk) -> None:
            body: dict[str, Any] = {"machineControl": "LOCK MACHINE"}
            for selection, count in (
                ({"all": True}, 40),
                ({"q": "cab-1"}, 11),
                ({"state": "offline"}, 40),
                ({"online": False, "q": "cab-40"}, 1),
                ({"location": ""}, None),
                ({"firmware": "9"}, None),
                ({"location": "Nowhere"}, None),
            ):
                answer = await desk.ask("POST", f"{PATH}?dryRun=true", {"selection": selection, **body})
                assert (answer.json().get("count") if answer.status_code == 200 else None) == count, selection
            assert desk.link.sent == []
            assert (await desk.ask("GET", PATH)).json()["data"] == []

        at_desk(act, **FLOOR)

    def test_all_smibs_of_a_location_are_locked_at_once(self) -> None:
        cabinets = [{"id": f"m-{n}", "relayId": f"a{n:011x}", "location": "Main Floor"} for n in range(3)]
        cabinets.append({"id": "bar-1", "relayId": "b00000000000", "location": "Bar"})

        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            await desk.ask("POST", "/api/cabinets/import", {"cabinets": cabinets})
            body = {"selection": {"location": "main floor"}, "machineControl": "LOCK MACHINE"}
            data = (await desk.ask("POST", PATH, body)).json()["data"]
            assert (data["total"], data["selection"]) == (3, {"location": "main floor"})
            assert (await done(desk, data["id"]))["counts"]["confirmed"] == 3
            assert {topic.rpartition("/")[2][0] for topic, _ in desk.link.sent} == {"a"}

        at_desk(act)

    def test_a_wrong_value_is_refused_before_anything_is_stored(self) -> None:
        async def act(desk: Desk) -> None:
            before = await desk.stored()
            body = {"cabinets": BOTH, "smibConfig": {"net": {"netStaChan": 99}}}
            answer = (await desk.ask("POST", PATH, body)).json()
            assert [one["field"] for one in answer["problems"]] == ["smibConfig.net.netStaChan"]
            unknown = await desk.ask("POST", PATH, {"cabinets": ["cab-1", "cab-9", "cab-8"], **NET})
            fields = [one["field"] for one in unknown.json()["problems"]]
            assert (unknown.status_code, fields) == (400, ["cabinets[1]", "cabinets[2]"])
            assert await desk.stored() == before
            assert (await desk.ask("GET", PATH)).json()["count"] == 0

        at_desk(act)

    def test_a_mask_means_each_cabinets_own_password(self) -> None:
        async def act(desk: Desk) -> None:
            path = "/api/cabinets/{}/smib-config"
            uri = {"mqtt": {"mqttURI": "mqtt://floor:hush-1@broker"}}
            await desk.ask("POST", path.format("cab-1"), {"smibConfig": uri})
            body = {"cabinets": BOTH, "smibConfig": {"mqtt": {"mqttURI": "mqtt://floor:***@other"}}}
            answer = await desk.ask("POST", PATH, body)
            assert answer.json()["problems"][0]["field"] == "cab-2: smibConfig.mqtt.mqttURI"
            uri["mqtt"]["mqttURI"] = "mqtt://floor:hush-2@broker"
            await desk.ask("POST", path.format("cab-2"), {"smibConfig": uri})
            desk.link.sent.clear()
            answer = await desk.ask("POST", PATH, body)
            assert answer.status_code == 202
            assert "hush" not in answer.text
            await until(lambda: len(desk.link.sent) == 2)
            sent = dict(desk.link.sent)
            assert b"mqtt://floor:hush-1@other" in sent[f"sas/relay/{RELAY}"]
            assert b"mqtt://floor:hush-2@other" in sent[f"sas/relay/{OTHER}"]

        at_desk(act)

    def test_the_same_key_is_the_same_batch(self) -> None:
        async def act(desk: Desk) -> None:
            headers = {"idempotency-key": "shift-change-7"}
            body = {"cabinets": BOTH, "machineControl": "RESTART"}
            first, second = await asyncio.gather(
                *(desk.ask("POST", PATH, body, headers=headers) for _ in range(2))
            )
            assert first.status_code == second.status_code == 202
            assert first.json()["data"]["id"] == second.json()["data"]["id"]
            await until(lambda: len(desk.link.sent) == 2)
            again = await desk.ask("POST", PATH, body, headers=headers)
            assert again.json()["data"]["id"] == first.json()["data"]["id"]
            assert len(desk.link.sent) == 2
            other = await desk.ask("POST", PATH, {"cabinets": ["cab-1"], **NET}, headers=headers)
            assert other.status_code == 409
            assert "shift-change-7" in other.json()["error"]

        at_desk(act)

    def test_one_that_can_not_be_stored_fails_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            order: Callable[..., Awaitable[Ordered]] = desk.application.store.order

            async def busy(cabinet_id: str, *rest: Any) -> Ordered:
                if cabinet_id == "cab-2":
                    raise StoreBusy("The database is busy")
                return await order(cabinet_id, *rest)

            monkeypatch.setattr(desk.application.store, "order", busy)
            data = (await desk.ask("POST", PATH, {"cabinets": BOTH, **NET})).json()["data"]
            ended = await done(desk, data["id"])
            assert (ended["counts"]["confirmed"], ended["counts"]["failed"]) == (1, 1)
            failed = (await desk.ask("GET", f"{PATH}/{data['id']}?state=failed")).json()["data"]["cabinets"]
            assert [(one["cabinetId"], one["detail"]) for one in failed] == [
                ("cab-2", "The database is busy")
            ]

        at_desk(act)

    def test_a_device_that_refuses_is_told_with_its_reason(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = lambda relay, fields: {
                "rly": relay,
                "typ": "cfg",
                "comp": "net",
                "netStaChan": 1,
                **({"err": "netStaChan: radio says no"} if relay == OTHER else fields),
            }
            data = (await desk.ask("POST", PATH, {"cabinets": BOTH, **NET})).json()["data"]
            ended = await done(desk, data["id"])
            assert [part["state"] for part in ended["cabinets"]] == ["confirmed", "refused"]
            assert "radio says no" in ended["cabinets"][1]["detail"]

        at_desk(act)

    def test_with_the_broker_away_it_waits(self) -> None:
        async def act(desk: Desk) -> None:
            desk.link.up = False
            data = (await desk.ask("POST", PATH, {"cabinets": BOTH, **NET})).json()["data"]
            found = (await desk.ask("GET", f"{PATH}/{data['id']}")).json()["data"]
            assert (found["state"], found["counts"]["waiting"]) == ("running", 2)
            desk.link.device = obedient
            desk.link.up = True
            desk.application.outbox.wake()
            assert (await done(desk, data["id"]))["counts"]["confirmed"] == 2

        at_desk(act)

    def test_the_audit_trail_has_the_whole_and_each_order(self) -> None:
        async def act(desk: Desk) -> None:
            body = {"cabinets": BOTH, "smibConfig": {"net": {"netStaPwd": "casino-4711"}}}
            data = (await desk.ask("POST", PATH, body)).json()["data"]
            entries = [one.document for one in await desk.application.store.audit(AuditFilter())]
            whole = [one for one in entries if one["action"] == "batch"]
            assert [(one["batch"], one["cabinets"]) for one in whole] == [(data["id"], 2)]
            each = [one["cabinet"] for one in entries if one.get("batch") == data["id"] and "cabinet" in one]
            assert sorted(each) == BOTH
            assert "casino-4711" not in json.dumps(entries) + json.dumps(data)

        at_desk(act)

    def test_it_counts_as_many_orders_as_there_are_cabinets(self) -> None:
        async def act(desk: Desk) -> None:
            too_many = await desk.ask("POST", PATH, {"selection": {"all": True}, **NET})
            assert too_many.status_code == 429
            assert int(too_many.headers["retry-after"]) >= 1
            assert (await desk.ask("GET", PATH)).json()["count"] == 0
            body = {"selection": {"q": "cab-1"}, **NET}  # cab-1, cab-10 to cab-19
            assert (await desk.ask("POST", PATH, body)).status_code == 202
            assert (await desk.ask("POST", PATH, body)).status_code == 429

        at_desk(act, **FLOOR, CMS_ORDERS_PER_MINUTE="20")


class TestFollowing:
    def test_what_was_under_way_when_the_service_ended_is_followed_again(self) -> None:
        async def act(desk: Desk) -> None:
            store = desk.application.store
            desk.link.up = False
            data = (await desk.ask("POST", PATH, {"cabinets": BOTH, **NET})).json()["data"]
            parts = (Part("cab-1"), Part("cab-2"))
            old = Batch("b-old", Actor("ann"), NOW_MS - 2 * MAX_AGE_MS, NET, {}, parts, stored=False)
            lost = replace(old, id="b-lost", at_ms=NOW_MS - 90_000)
            for one in (old, lost):
                assert await store.put_sheet(one.sheet(1))
            batches = desk.application.batches
            await batches._load()
            await batches._look()
            for one in (old, lost):
                told = (await desk.ask("GET", f"{PATH}/{one.id}")).json()["data"]
                assert (told["state"], told["counts"]["failed"]) == ("done", 2)
                assert "history" in told["cabinets"][0]["detail"]
            assert (await desk.ask("GET", f"{PATH}/{data['id']}")).json()["data"]["state"] == "running"
            listed = (await desk.ask("GET", PATH)).json()["data"]
            assert [one["id"] for one in listed] == [data["id"], "b-lost", "b-old"]
            assert (await store.sheets(Kind.BATCH))[0].id == data["id"]

        at_desk(act)

    def test_of_several_processes_one_follows_a_batch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(desk: Desk) -> None:
            batches = desk.application.batches
            parts = (Part("cab-1"), Part("cab-2"))
            lost = Batch("b-lost", Actor("ann"), NOW_MS - 90_000, NET, {}, parts, stored=False)
            assert await desk.application.store.put_sheet(lost.sheet(1))
            path = f"{PATH}/b-lost"
            ours = False

            async def turn(what: str, _for_ms: int) -> bool:
                assert what == "batch b-lost"
                return ours

            monkeypatch.setattr(batches._store, "turn", turn)
            await batches._load()
            await batches._look()
            assert (await desk.ask("GET", path)).json()["data"]["state"] == "storing"
            ours = True
            await batches._look()
            assert (await done(desk, "b-lost"))["counts"]["failed"] == 2

        at_desk(act)

    def test_one_that_is_being_stored_is_nobody_elses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(desk: Desk) -> None:
            batches, store = desk.application.batches, desk.application.store
            order, asked = store.order, asyncio.Event()
            free = asyncio.Event()

            async def slow(*rest: Any) -> Ordered:
                asked.set()
                await free.wait()
                return await order(*rest)

            monkeypatch.setattr(store, "order", slow)
            giving = asyncio.create_task(desk.ask("POST", PATH, {"cabinets": BOTH, **NET}))
            await asked.wait()
            monkeypatch.setattr(batches, "_clock_ms", lambda: NOW_MS + 90_000)
            await batches._load()
            await batches._look()
            assert frames(desk) == []
            free.set()
            data = (await giving).json()["data"]
            assert (data["state"], data["counts"]["failed"]) == ("running", 0)
            told = (await desk.ask("GET", f"{PATH}/{data['id']}")).json()["data"]
            assert (told["state"], told["counts"]["failed"]) == ("running", 0)

        at_desk(act)

    def test_who_repeats_a_key_is_shown_what_it_sees(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.TECHNICIAN, ())
            wish = {"selection": {"all": True}, **NET}
            headers = {"idempotency-key": "night", **bearer("technician")}
            whole = (await desk.ask("POST", PATH, wish, headers=headers)).json()["data"]
            assert whole["total"] == 2
            await desk.application.store.remove_user("technician", NOTE)
            await admit(desk, Role.TECHNICIAN, ("Main",))
            again = (await desk.ask("POST", PATH, wish, headers=headers)).json()["data"]
            assert again["id"] == whole["id"]
            assert [one["cabinetId"] for one in again["cabinets"]] == ["cab-1"]

        at_desk(act)

    def test_one_that_can_not_be_noted_as_stored_is_followed_all_the_same(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            store = desk.application.store
            put = store.put_sheet
            failures = [StoreBusy("The database is busy")]

            async def busy(sheet: Sheet, *rest: Any) -> bool:
                if sheet.number == 2 and failures:
                    raise failures.pop()
                return await put(sheet, *rest)

            monkeypatch.setattr(desk.application.batches._store, "put_sheet", busy)
            answer = await desk.ask("POST", PATH, {"cabinets": BOTH, **NET})
            assert answer.status_code == 202, answer.text
            assert (await done(desk, answer.json()["data"]["id"]))["counts"]["confirmed"] == 2
            assert failures == []

        at_desk(act)

    def test_one_that_stood_still_lets_another_follow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(desk: Desk) -> None:
            batches = desk.application.batches
            desk.link.up = False
            data = (await desk.ask("POST", PATH, {"cabinets": BOTH, **NET})).json()["data"]
            batches._renewed_s.clear()

            async def turn(_what: str, _for_ms: int) -> bool:
                return False

            monkeypatch.setattr(batches._store, "turn", turn)
            await batches._look()
            assert batches.open == 0
            assert (await desk.ask("GET", f"{PATH}/{data['id']}")).json()["data"]["counts"]["waiting"] == 2

        at_desk(act)

    def test_a_thousand_cabinets_are_one_order(self) -> None:
        floor = ",".join(f"cab-{n}=e831cdf{n:05x}" for n in range(1000))

        async def act(desk: Desk) -> None:
            desk.link.device = obedient
            body = {"selection": {"all": True}, **NET}
            data = (await desk.ask("POST", PATH, body)).json()["data"]
            assert data["total"] == 1000
            assert (await done(desk, data["id"]))["counts"]["confirmed"] == 1000

        at_desk(act, CMS_CABINETS=floor)

    def test_an_event_of_another_order_does_not_disturb(self) -> None:
        async def act(desk: Desk) -> None:
            data = (await desk.ask("POST", PATH, {"cabinets": BOTH, **NET})).json()["data"]
            newer = {"smibConfig": {"net": {"netStaChan": 6}}}
            await until(lambda: len(desk.link.sent) == 2)
            await desk.ask("POST", "/api/cabinets/cab-1/smib-config", newer)
            said = {"rly": OTHER, "typ": "cfg", "comp": "net", "netStaChan": 5}
            desk.link.hub.route("smib/config", to_bytes(said))
            ended = await done(desk, data["id"])
            assert [part["state"] for part in ended["cabinets"]] == ["superseded", "confirmed"]

        at_desk(act)


class TestScope:
    def test_a_limited_caller_orders_at_its_own_cabinets_and_sees_these_alone(self) -> None:
        async def act(desk: Desk) -> None:
            await furnish(desk)
            await admit(desk, Role.MANAGER)
            headers = bearer("manager")
            foreign = await desk.ask("POST", PATH, {"cabinets": BOTH, **NET}, headers=headers)
            assert (foreign.status_code, "cab-2" in foreign.json()["error"]) == (400, True)
            body = {"selection": {"all": True}, **NET}
            data = (await desk.ask("POST", PATH, body, headers=headers)).json()["data"]
            assert [part["cabinetId"] for part in data["cabinets"]] == ["cab-1"]

            batches, order = desk.application.batches, OrderRequest(command="RESTART")
            whole = await batches.give(Wish(Selection(tuple(BOTH)), order), Actor("ann"))
            annex = await batches.give(Wish(Selection(("cab-2",)), order), Actor("ann"))
            seen = (await desk.ask("GET", f"{PATH}/{whole.id}", headers=headers)).json()["data"]
            assert (seen["total"], [part["cabinetId"] for part in seen["cabinets"]]) == (1, ["cab-1"])
            assert (await desk.ask("GET", f"{PATH}/{annex.id}", headers=headers)).status_code == 404
            listed = (await desk.ask("GET", PATH, headers=headers)).json()["data"]
            assert [(one["id"], one["total"]) for one in listed if one["id"] in (whole.id, annex.id)] == [
                (whole.id, 1)
            ]

        at_desk(act)
