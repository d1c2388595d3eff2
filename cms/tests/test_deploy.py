"""The files in ``deploy/`` say what is so: settings that exist and can be read, endpoints, ports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cms.app import build
from cms.keys import new_key
from cms.settings import SETTINGS, read_settings, unknown_settings

FOLDER = Path(__file__).parents[1] / "deploy"
KNOWN = {setting.name for setting in SETTINGS}


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return found


def manifest(kind: str) -> dict[str, Any]:
    documents = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    return next(document for document in documents if document["kind"] == kind)


def environments() -> dict[str, Mapping[str, str]]:
    """What the service is given in each file, with something in the place of what the operator puts in."""
    composed = compose()["services"]["cms"]["environment"]
    applied = {**manifest("ConfigMap")["data"], **manifest("Secret")["stringData"]}
    return {
        "compose": {name: re.sub(r"\$\{(\w+):\?\}", _filled, text) for name, text in composed.items()},
        "kubernetes": {name: re.sub(r"^(KEY)$", _filled, text) for name, text in applied.items()},
    }


def _filled(place: re.Match[str]) -> str:
    return new_key() if place[1].endswith("KEY") else "secret"


def pod() -> dict[str, Any]:
    found: dict[str, Any] = manifest("Deployment")["spec"]["template"]["spec"]
    return found


class TestSettings:
    def test_every_one_that_is_named_exists_and_can_be_read(self) -> None:
        for environ in environments().values():
            assert set(environ) <= KNOWN
            assert unknown_settings(environ) == []
            settings = read_settings(environ)
            assert settings.database.startswith("mongodb://")
            assert not settings.local
            assert len(settings.keys) == 1
            assert build(settings).store.shared

    def test_each_is_text_as_an_environment_holds_it(self) -> None:
        for environ in environments().values():
            assert all(isinstance(text, str) for text in environ.values())


class TestCompose:
    def test_the_proxy_is_the_one_whose_word_is_taken(self) -> None:
        services = compose()["services"]
        address = services["proxy"]["networks"]["floor"]["ipv4_address"]
        assert services["cms"]["environment"]["CMS_PROXIES"] == address

    def test_every_part_that_is_named_is_there(self) -> None:
        file = compose()
        for service in file["services"].values():
            assert set(service.get("depends_on", ())) <= set(file["services"])
            assert set(service["networks"]) <= set(file["networks"])
            assert {one["source"] for one in service.get("configs", ())} <= set(file["configs"])
            assert {one.split(":")[0] for one in service.get("volumes", ())} <= set(file["volumes"])
        port = file["services"]["cms"]["environment"]["CMS_PORT"]
        assert f"proxy_pass http://cms:{port};" in file["configs"]["proxy"]["content"]


class TestKubernetes:
    def test_what_is_probed_exists(self) -> None:
        (container,) = pod()["containers"]
        paths = {endpoint.path for endpoint in build(read_settings({})).endpoints}
        assert {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")} <= paths

    def test_the_parts_fit_each_other(self) -> None:
        (container,) = pod()["containers"]
        names = {next(iter(source.values()))["name"] for source in container["envFrom"]}
        assert names == {manifest("ConfigMap")["metadata"]["name"], manifest("Secret")["metadata"]["name"]}
        port = manifest("ConfigMap")["data"]["CMS_PORT"]
        assert [str(one["containerPort"]) for one in container["ports"]] == [port]
        labels = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
        assert manifest("Service")["spec"]["selector"] == labels
        assert manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
        assert container["image"] == compose()["services"]["cms"]["image"]
