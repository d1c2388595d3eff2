"""The header of a run that pytest makes."""

from __future__ import annotations

import datetime
import platform
import shlex
from collections.abc import Sequence
from importlib import metadata

import pytest

from features.harness.record.header import Between, Header, Judged
from features.harness.record.known import KnownFailure
from wire.address import mask_credentials

LIBRARIES = ("smib-floor", "pytest", "pytest-bdd", "paho-mqtt", "amqtt")
"""Whose versions stand in the header, where they are installed."""


def session_header(
    config: pytest.Config,
    subjects: Sequence[Judged],
    broker: Between | None = None,
    *,
    options: Sequence[str] = (),
    strict: bool = False,
    known: Sequence[KnownFailure] = (),
) -> Header:
    """The header of this session, without its seed, which is drawn later; ``options`` are those that choose
    the subjects."""
    words = ["pytest", *(mask_credentials(str(word)) for word in config.invocation_params.args)]
    now = datetime.datetime.now(datetime.UTC)
    return Header(
        tuple(subjects),
        shlex.join(words),
        tuple(mask_credentials(word) for word in options),
        "",
        _versions(),
        broker or Between(),
        now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        strict,
        tuple(known),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
