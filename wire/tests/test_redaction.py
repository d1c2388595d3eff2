"""What is secret in a text that is no message (contract, section 6)."""

from __future__ import annotations

import pytest

from wire.redaction import SECRET_NAMES, redacted_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"netStaPwd":"leak-me",}', '{"netStaPwd":***,}'),
        ('{"netStaPwd" : "leak\\"-me", "b": 1', '{"netStaPwd" : ***, "b": 1'),
        ('[{"mqttPassword":"leak-me"}]', '[{"mqttPassword":***}]'),
        ("{'password': 'leak-me'}", "{'password': ***}"),
        ('{"netStaPwd":"leak-me', '{"netStaPwd":***'),
        ('{"netSta\\u0050wd":"leak-me",}', '{"netStaPwd":***,}'),
        ('"{\\"netStaPwd\\":\\"leak-me\\"}"', '"{\\"netStaPwd\\":***'),
        ('{"token":["leak-me"],', '{"token":***'),
        ("user=ann&pwd=leak-me, leak-me too\nnext", "user=ann&pwd=***\nnext"),
        ("Authorization: Bearer leak-me", "Authorization: ***"),
        ("see a/b, mqtt://u:leak/me@h:1883", "see a/b, mqtt://u:***@h:1883"),
        ("mqtt://u:leak-me@h:1883", "mqtt://u:***@h:1883"),
    ],
)
def test_what_is_shaped_like_a_secret_is_masked(text: str, shown: str) -> None:
    assert redacted_text(text) == shown


@pytest.mark.parametrize("text", ["", "hello", '{"comsMode": 1,}', "the password is forgotten", "a\\u0041b"])
def test_all_else_is_left_as_it_is(text: str) -> None:
    assert redacted_text(text) == text


@pytest.mark.parametrize("name", sorted(SECRET_NAMES))
def test_every_secret_of_the_contract_is_known(name: str) -> None:
    assert "leak-me" not in redacted_text(f'{{"{name}":"leak-me",}}')


@pytest.mark.timeout(20)  # a pattern that backtracks would take hours
@pytest.mark.parametrize("part", ["pwd", "pwd ", 'pwd:"', "\\", "a@://", "://a:", 'token":'])
def test_a_long_text_comes_to_an_end(part: str) -> None:
    assert redacted_text(part * (65_536 // len(part)))
