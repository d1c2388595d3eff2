"""One line per event, secrets redacted (design, rule 18)."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms import log
from wire.components import COMPONENTS
from wire.timestamps import parse_timestamp


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the log goes, at its normal level."""
    logger = logging.getLogger("cms")
    before = logger.handlers[:], logger.level, logger.propagate
    text = io.StringIO()
    log.configure("normal", text)
    yield text
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def said(stream: io.StringIO) -> str:
    """What was logged, without the time that is before each line."""
    lines = [line.split(" ", 1) for line in stream.getvalue().splitlines(keepends=True)]
    for moment, _ in lines:
        assert parse_timestamp(moment) > 0
    return "".join(line for _, line in lines)


def test_a_line(stream: io.StringIO) -> None:
    log.event(">", "config request", comp="mqtt", relay="e831cdfa8384", topic="sas/relay/e831cdfa8384", n=3)
    assert said(stream) == (
        "> config request comp=mqtt relay=e831cdfa8384 topic=sas/relay/e831cdfa8384 n=3\n"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ("", '""'),
        ('a"b', '"a\\"b"'),
        ("a=b", '"a=b"'),
        ("a\nb\r\u2028\u0085\x1b[31m", '"a\\nb\\r\\u2028\\u0085\\u001b[31m"'),
        ("Casino Zürich", '"Casino Z\\u00fcrich"'),
        (b"\xff{}", "\\xff{}"),
        (True, "yes"),
        (False, "no"),
        (1.5, "1.5"),
        ({"a": [1, "x"]}, '"{\\"a\\":[1,\\"x\\"]}"'),
        (ValueError("no such thing"), '"no such thing"'),
        (("a", "b"), '"[\\"a\\",\\"b\\"]"'),
    ],
)
def test_values(stream: io.StringIO, value: object, shown: str) -> None:
    log.event("=", "seen", value=value, nothing=None)
    assert said(stream) == f"= seen value={shown}\n"


def test_levels() -> None:
    for level, expected in (("quiet", "!"), ("normal", "!="), ("debug", "!=<")):
        text = io.StringIO()
        log.configure(level, text)
        log.event("!", "error")
        log.event("=", "state")
        log.detail("<", "message")
        assert "".join(line[0] for line in said(text).splitlines()) == expected
    logging.getLogger("cms").handlers.clear()
    logging.getLogger("cms").setLevel(logging.NOTSET)
    logging.getLogger("cms").propagate = True


class TestRequests:
    def test_every_line_inside_says_whose_request_it_is(self, stream: io.StringIO) -> None:
        with log.caused_by("trace-7"):
            log.event(">", "order", relay="a")
            log.event(">", "answer", request="own")
            with log.caused_by(None):
                log.event("=", "tick")
        log.event("=", "later")
        assert said(stream).splitlines() == [
            "> order relay=a request=trace-7",
            "> answer request=own",
            "= tick",
            "= later",
        ]

    def test_tasks_that_are_started_inside_belong_to_it(self, stream: io.StringIO) -> None:
        async def later() -> None:
            log.event("=", "done")

        async def act() -> None:
            with log.caused_by("trace-7"):
                task = asyncio.create_task(later())
            await task
            assert log.request() is None

        asyncio.run(act())
        assert said(stream) == "= done request=trace-7\n"


class TestJson:
    def test_a_line(self) -> None:
        text = io.StringIO()
        log.configure("normal", text, form="json")
        with log.caused_by("trace-7"):
            log.event("!", "order given up", relay="a b", n=3, ok=True, ms=1.5, why=float("nan"), x=None)
        said = json.loads(text.getvalue())
        parse_timestamp(said.pop("time"))
        assert list(said.items()) == [
            ("level", "error"),
            ("mark", "!"),
            ("event", "order given up"),
            ("relay", "a b"),
            ("n", 3),
            ("ok", True),
            ("ms", 1.5),
            ("why", "nan"),
            ("request", "trace-7"),
        ]

    def test_no_fact_takes_the_place_of_what_every_line_has(self) -> None:
        said = json.loads(log.json_line("<", "message", {"level": "x", "time": "y"}, logging.INFO, 0))
        assert (said["level"], said["time"]) == ("info", "1970-01-01T00:00:00.000Z")

    @given(st.text(), st.dictionaries(st.text(), st.text() | st.binary() | st.floats() | st.lists(st.text())))
    def test_whatever_is_logged_is_one_line_of_json(self, what: str, facts: dict[str, object]) -> None:
        text = log.json_line("!", what, facts, logging.WARNING, 0)
        assert text.isascii()
        assert text.isprintable()
        assert isinstance(json.loads(text), dict)

    def test_secrets_are_masked(self) -> None:
        facts = {"netStaPwd": "geheim", "mqttPassword": 7331, "config": {"net": [{"netStaPwd": "geheim"}]}}
        text = log.json_line(">", "x", {**facts, "uri": "mqtt://u:geheim@h"}, logging.INFO, 0)
        assert "geheim" not in text
        assert "7331" not in text


def test_a_stream_that_is_gone_disturbs_nobody(stream: io.StringIO) -> None:
    stream.close()
    log.event("=", "seen")


def test_what_others_send_to_the_logger_is_shown(stream: io.StringIO) -> None:
    logging.getLogger("cms").warning("said %s", "so")
    assert said(stream) == "said so\n"
    log.configure("normal", stream, form="json")
    logging.getLogger("cms").warning("said %s", "so")
    assert '"event": "said so"' in stream.getvalue()


SECRETS = [field.name for component in COMPONENTS.values() for field in component if field.secret]


@pytest.mark.parametrize("name", [*SECRETS, "password", "networkPassword", "authorization"])
def test_secrets_are_masked_by_name_however_deep(stream: io.StringIO, name: str) -> None:
    log.event(">", "order", **{name: "geheim"}, config={"net": [{name: "geheim"}]})
    assert "geheim" not in stream.getvalue()
    assert f"{name}=***" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "mqtt://u:geheim@h:1883",
        "u:geheim@h",
        "can't connect to mqtt://u:geheim@h: refused",
        "mqtt://u:geheim@h,mqtt://v:geheim@h",
        "mqtt://u:ge@heim@h",
        "mqtt://:geheim@h",
    ],
)
def test_credentials_are_masked_inside_text(stream: io.StringIO, text: str) -> None:
    log.event("!", "failed", why=text, error=RuntimeError(text))
    assert "heim" not in stream.getvalue()


def test_a_long_value_is_cut(stream: io.StringIO) -> None:
    log.event("!", "failed", why="x" * 100_000)
    assert len(stream.getvalue()) < 600
    assert "(100000 characters)" in stream.getvalue()


@given(st.text(), st.dictionaries(st.text(), st.text() | st.binary() | st.lists(st.text()), max_size=4))
def test_whatever_is_logged_is_one_printable_line(what: str, facts: dict[str, object]) -> None:
    text = log.line("!", what, facts)
    assert text.isascii()
    assert text.isprintable()
    assert text.startswith("! ")
