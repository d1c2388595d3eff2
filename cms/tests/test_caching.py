"""What a reader need not be sent again, and what is sent in few bytes."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from cms.routes.conditional import TAGS, tag_of
from cms.tests.desk import RELAY, Desk, at_desk
from cms.tests.test_server import place
from wire.jsontext import to_bytes

CONFIG = "/api/cabinets/cab-1/smib-config"
FLOOR = ",".join(f"cab-{n}=e831cdfa{n:04x}" for n in range(1, 101))
READS = [
    "/api/cabinets",
    "/api/cabinets?q=cab-1",
    "/api/cabinets/cab-1",
    CONFIG,
    "/api/cabinets/cab-1/history",
    "/api/cabinets/cab-1/meters",
    "/api/batches",
    "/api/templates",
    "/api/firmware",
]


class TestCaching:
    @pytest.mark.parametrize("path", READS)
    def test_what_is_known_is_not_sent_again(self, path: str) -> None:
        async def act(desk: Desk) -> None:
            first = await desk.ask("GET", path)
            assert first.headers["cache-control"] == "private, no-cache"
            tag = first.headers["etag"]
            for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
                again = await desk.ask("GET", path, headers={"if-none-match": known})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), known
            assert (await desk.ask("GET", path, headers={"if-none-match": '"other"'})).status_code == 200

        at_desk(act)

    def test_what_changed_is_sent(self) -> None:
        async def act(desk: Desk) -> None:
            tag = (await desk.ask("GET", CONFIG)).headers["etag"]
            desk.link.hub.route(
                "smib/config", to_bytes({"rly": RELAY, "typ": "cfg", "comp": "net", "netStaChan": 3})
            )
            changed = await desk.ask("GET", CONFIG, headers={"if-none-match": tag})
            assert changed.status_code == 200
            assert changed.json()["data"]["reported"]["net"]["netStaChan"]["value"] == 3

        at_desk(act)

    def test_the_tag_of_a_reading_still_names_the_revision_for_an_edit(self) -> None:
        async def act(desk: Desk) -> None:
            tag = (await desk.ask("GET", CONFIG)).headers["etag"]
            assert tag.startswith('"1-')
            order = {"smibConfig": {"net": {"netStaChan": 5}}}
            assert (await desk.ask("POST", CONFIG, order, headers={"if-match": tag})).status_code == 200
            order["smibConfig"]["net"]["netStaChan"] = 6
            assert (await desk.ask("POST", CONFIG, order, headers={"if-match": tag})).status_code == 409

        at_desk(act)

    def test_what_fails_or_is_of_its_moment_is_kept_by_nobody(self) -> None:
        async def act(desk: Desk) -> None:
            for path in ("/api/cabinets/cab-9", "/api/monitoring", "/api/audit", "/api/session", "/healthz"):
                answer = await desk.ask("GET", path, headers={"if-none-match": "*"})
                assert "no-store" in answer.headers["cache-control"], path
                assert "etag" not in answer.headers, path

        at_desk(act)

    def test_what_is_conditional_says_so(self) -> None:
        async def act(desk: Desk) -> None:
            document = (await desk.ask("GET", "/openapi.json")).json()
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    media = operation["responses"].get("200", {}).get("content", {})
                    wanted = (
                        method == "get" and operation["tags"][0] in TAGS and [*media] == ["application/json"]
                    )
                    assert ("304" in operation["responses"]) is wanted, path

        at_desk(act)

    def test_a_tag_is_of_what_is_said(self) -> None:
        assert tag_of(None, b"a") != tag_of(None, b"b")
        assert tag_of('"7"', b"a").startswith('"7-')


class TestCompression:
    def test_a_long_answer_is_sent_in_few_bytes_where_the_caller_takes_that(self) -> None:
        async def act(desk: Desk) -> None:
            async with desk.client.stream(
                "GET", "/api/cabinets", headers={"accept-encoding": "gzip"}
            ) as seen:
                raw = b"".join([part async for part in seen.aiter_raw()])
                assert seen.headers["content-encoding"] == "gzip"
            plain = await desk.ask("GET", "/api/cabinets", headers={"accept-encoding": "identity"})
            assert "content-encoding" not in plain.headers
            assert gzip.decompress(raw) == plain.content
            assert len(raw) < len(plain.content) / 5
            assert "accept-encoding" in plain.headers["vary"].lower()

        at_desk(act, CMS_CABINETS=FLOOR)

    def test_a_short_answer_is_sent_as_it_is(self) -> None:
        async def act(desk: Desk) -> None:
            answer = await desk.ask("GET", "/healthz", headers={"accept-encoding": "gzip"})
            assert "content-encoding" not in answer.headers

        at_desk(act)

    def test_a_stream_is_never_held_back(self) -> None:
        async def act() -> None:
            async with place() as here:
                head = b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
                reader, _ = await here.call(head)
                async with asyncio.timeout(10):
                    answer = await reader.readuntil(b'"connected"')
                assert b"content-encoding" not in answer.lower()

        asyncio.run(act())
