"""JSON as the wire carries it: one object per payload, UTF-8, at most 64 KiB (contract, section 3)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from wire.errors import MessageError, PayloadError

MAX_PAYLOAD = 64 * 1024
MAX_DEPTH = 32

Fields = Mapping[str, Any]


def parse_object(payload: bytes, *, unique: bool = False) -> dict[str, Any]:
    """The JSON object in ``payload``, its key order kept; PayloadError for every other byte string.

    ``unique`` refuses a key that stands in an object twice; else its last value counts.
    """
    text = _text(payload)
    try:
        value = (_UNIQUE if unique else _DECODER).decode(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as exc:
        raise PayloadError("not-json", f"payload: JSON was wanted, {exc}") from exc
    if not isinstance(value, dict):
        raise PayloadError("not-object", f"payload: a JSON object was wanted, not {json_type(value)}")
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise _too_deep()
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def to_bytes(fields: Fields) -> bytes:
    """``fields`` as the shortest JSON text, key order kept, characters beyond ASCII as they are."""
    return "".join(_spell(fields, 0)).encode()


def json_type(value: object) -> str:
    """What JSON calls the type of ``value``, with its article, for error sentences."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an object" if isinstance(value, Mapping) else "a list"


def string_in(fields: Fields, name: str) -> str:
    """The string under ``name``; MessageError where there is none, or something else."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise MessageError(
            name, f"a string was wanted, not {json_type(value) if name in fields else 'nothing'}"
        )
    return value


def _text(payload: bytes) -> str:
    if not payload:
        raise PayloadError("empty", "payload: a JSON object was wanted, not nothing")
    if len(payload) > MAX_PAYLOAD:
        raise PayloadError(
            "too-large", f"payload: at most {MAX_PAYLOAD} bytes were wanted, not {len(payload)}"
        )
    try:
        return payload.decode()
    except UnicodeDecodeError as exc:
        raise PayloadError("not-utf8", f"payload: UTF-8 was wanted, byte {exc.start} is not") from exc


def _depth(value: object) -> int:
    """Levels of nesting, without recursion."""
    level, depth = [value], 0
    while level:
        depth += 1
        level = [child for item in level for child in _children(item)]
    return depth - 1


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep() -> PayloadError:
    return PayloadError("too-deep", f"payload: at most {MAX_DEPTH} levels of nesting were wanted")


def _refuse_lone_surrogates(value: dict[str, Any]) -> None:
    # JSON can spell half of a surrogate pair, UTF-8 can't: what can't be sent on is no text.
    try:
        to_bytes(value)
    except UnicodeEncodeError as exc:
        raise PayloadError("not-json", "payload: half a surrogate pair is no character") from exc


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"a number beyond the range of a double ({len(text)} characters)")
    return number


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"each key once in an object, and {twice[:80]!r} stands there twice")
    return fields


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_UNIQUE = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_each_once)
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False)


def _speller() -> Callable[[object, int], Iterable[str]]:
    """What `_ENCODER.encode` makes anew for each text, which costs more than a message's text itself."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # a Python without the accelerator
        return lambda fields, _: _ENCODER.iterencode(fields)
    spell: Callable[[object, int], Iterable[str]] = make(
        None, _ENCODER.default, json.encoder.encode_basestring, None, ":", ",", False, False, False
    )
    return spell


_spell = _speller()
