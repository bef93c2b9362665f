"""docker-compose.yml and Dockerfile say what the command line can do, without an engine to ask."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic.fields import FieldInfo
from typer.main import get_command
from typer.testing import CliRunner

from memsvc.cli.main import app
from memsvc.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICE_KEYS = {
    "image",
    "build",
    "command",
    "environment",
    "ports",
    "volumes",
    "depends_on",
    "healthcheck",
    "restart",
    "profiles",
}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in compose["services"].items() if each.get("build")}


def test_every_service_has_known_keys_and_an_image_or_a_build(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert set(service) <= SERVICE_KEYS, name
        assert ("image" in service) != ("build" in service), name


def test_every_dependency_and_volume_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in compose["services"]
            assert how["condition"] in CONDITIONS
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]


def test_every_command_is_one_the_command_line_knows(compose: dict[str, Any]) -> None:
    commands = [each["command"] for each in ours(compose).values()]
    commands += [
        each["healthcheck"]["test"][2:] for each in ours(compose).values() if "healthcheck" in each
    ]
    assert {command[0] for command in commands} == {"db", "serve", "worker", "index", "doctor"}
    for command in commands:
        result = CliRunner().invoke(app, [*command, "--help"])
        assert result.exit_code == 0, (command, result.output)


def test_every_variable_is_a_setting(compose: dict[str, Any]) -> None:
    prefix = "MEMSVC_"
    for service in ours(compose).values():
        for variable in service["environment"]:
            assert variable.startswith(prefix)
            fields: dict[str, FieldInfo] = Settings.model_fields
            for name in variable.removeprefix(prefix).lower().split("__"):
                assert name in fields, variable
                fields = getattr(fields[name].annotation, "model_fields", {})


def test_nothing_is_published_beyond_loopback_and_the_key_is_required(
    compose: dict[str, Any],
) -> None:
    for service in compose["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")
    key = ours(compose)["api"]["environment"]["MEMSVC_API_KEY"]
    assert key.startswith("${MEMSVC_API_KEY:?")


def test_the_image_starts_the_service_as_an_ordinary_user() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and line[0].isupper()]
    last = dict(instructions)
    assert last["USER"] not in {"root", "0"}
    assert json.loads(last["ENTRYPOINT"]) == ["memsvc"]
    assert json.loads(last["CMD"])[0] in get_command(app).commands  # type: ignore[attr-defined]


def test_the_image_is_built_from_files_there_are() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name


def test_the_image_holds_the_versions_that_are_tested() -> None:
    def pinned(name: str) -> set[str]:
        return set(re.findall(r"^[\w.-]+==[^\s;]+", (ROOT / name).read_text(), re.MULTILINE))

    runtime = pinned("requirements-runtime.lock")
    assert runtime
    assert runtime < pinned("requirements.lock")
    assert not {each.partition("==")[0] for each in runtime} & {"pytest", "mypy", "ruff"}
