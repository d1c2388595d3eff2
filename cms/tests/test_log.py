"""One line per event, secrets redacted (design, rule 18)."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms import log
from wire.components import COMPONENTS


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


def test_a_line(stream: io.StringIO) -> None:
    log.event(">", "config request", comp="mqtt", relay="e831cdfa8384", topic="sas/relay/e831cdfa8384", n=3)
    assert stream.getvalue() == (
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
    assert stream.getvalue() == f"= seen value={shown}\n"


def test_levels() -> None:
    for level, expected in (("quiet", "!"), ("normal", "!="), ("debug", "!=<")):
        text = io.StringIO()
        log.configure(level, text)
        log.event("!", "error")
        log.event("=", "state")
        log.detail("<", "message")
        assert "".join(line[0] for line in text.getvalue().splitlines()) == expected
    logging.getLogger("cms").handlers.clear()
    logging.getLogger("cms").setLevel(logging.NOTSET)
    logging.getLogger("cms").propagate = True


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
