"""A pytest plugin that puts foreign processes in the place of ours: ``-p features.harness.foreign``.

FOREIGN_CMS and FOREIGN_SMIB are command lines; what ours are told by options and files, these are told by the
variables that a subject file fills in (MQTT_URI, PORT, CABINETS, RELAY …). It stands in for ``--subject``.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from features.harness.process import Running, Workshop

PASSED = ("MQTT_", "TEST_ENDPOINT")
_OURS = Workshop.start


def pytest_configure() -> None:
    setattr(Workshop, "start", _start)  # noqa: B010 - mypy knows no other way to replace a method


def _start(
    workshop: Workshop, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None
) -> Running:
    told = {"cms": cms_env, "fleet": fleet_env}.get(name)
    command = os.environ.get({"cms": "FOREIGN_CMS", "fleet": "FOREIGN_SMIB"}.get(name, ""))
    if told is None or command is None:
        return _OURS(workshop, name, argv, env)
    passed = {key: value for key, value in os.environ.items() if key == "LIED_FILE"}
    return _OURS(workshop, name, shlex.split(command), {**passed, **told(argv, env or {})})


def cms_env(argv: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """What our CMS is told, in the words of a subject file."""
    told = {key: value for key, value in env.items() if key.startswith(PASSED)}
    told["PORT"] = _option(argv, "--port", "0")
    told["HOST"] = env.get("CMS_HOST", "127.0.0.1")
    cabinets = _yaml(env["CMS_CABINETS"])["cabinets"]
    told["CABINETS"] = ",".join(f"{one['id']}={one['relayId']}" for one in cabinets)
    told["STATE"] = env["CMS_DATABASE"] + ".json"
    return told


def fleet_env(argv: Sequence[str], _env: Mapping[str, str]) -> dict[str, str]:
    """What our fleet is told; devices that never answer are left out, as if they were switched off."""
    fleet = _yaml(_option(argv, "--fleet", ""))
    networks = [f"{one['ssid']}:{one['password']}:{one['channel']}" for one in fleet["networks"]]
    return {
        "MQTT_URI": _option(argv, "--broker", ""),
        "STATE": _option(argv, "--state", ""),
        "NETWORKS": ",".join(networks),
        "RELAY": ",".join(_relays(fleet["groups"])),
    }


def _relays(groups: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for group in groups:
        if "faults" not in group:
            idle = group["config"]["mqtt"]["mqttIdleTimeS"]
            yield from (f"{relay}={idle}" for relay in group["relays"])


def _option(argv: Sequence[str], name: str, default: str) -> str:
    return argv[argv.index(name) + 1] if name in argv else default


def _yaml(path: str) -> Any:
    return yaml.safe_load(Path(path).read_text("utf-8"))
