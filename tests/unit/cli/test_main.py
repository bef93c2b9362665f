"""The command line as a whole: help, version, errors, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from memsvc.cli.main import app
from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService

ROOT = Path(__file__).parents[3]
HEAVY = ("sqlalchemy", "fastapi", "memsvc_client", "numpy", "onnxruntime", "pydantic")


def test_help_imports_nothing_heavy() -> None:
    probe = (
        "import sys; from memsvc.cli.main import app; "
        f"print(*(name for name in {HEAVY} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    "command",
    [
        *("serve", "worker", "doctor", "remember", "recall", "load"),
        *("bank list", "bank create", "bank show", "bank update", "bank delete"),
        *("bank reembed", "bank models", "db indexes"),
        *("memory show", "memory history", "memory archive", "memory restore"),
        *("jobs list", "jobs show", "jobs retry", "jobs cancel", "models install", "models list"),
        *("db upgrade", "db check", "db current"),
    ],
)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_every_command_and_option_has_a_help_text() -> None:
    root = get_command(app)
    waiting = [("memsvc", root)]
    while waiting:
        name, command = waiting.pop()
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), (name, parameter.name)
        waiting += [
            (f"{name} {each}", inner) for each, inner in getattr(command, "commands", {}).items()
        ]


def test_the_version_is_shown(run: Run) -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("memsvc")


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["recall"], ["recall", "ada", "q", "-k", "0"], ["serve", "--port", "x"]],
)
def test_wrong_usage_exits_with_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_an_error_is_one_line_on_standard_error(run: Run, service: ScriptedService) -> None:
    problem = {"title": "no", "status": 409, "code": "conflict", "detail": "Bank x is busy."}
    service.answer(problem, 409)
    result = run("bank", "show", "x", "--url", service.url)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: Bank x is busy. (409, conflict)\n"


@pytest.mark.parametrize(
    ("command", "has_create"), [("remember ada x", True), ("recall ada x", False)]
)
def test_a_missing_bank_is_created_only_by_commands_that_can(
    run: Run, service: ScriptedService, command: str, has_create: bool
) -> None:
    problem = {"title": "no", "status": 404, "code": "bank_not_found", "detail": "`create=true`"}
    service.answer(problem, 404)
    result = run(*command.split(), "--url", service.url)
    assert result.exit_code == 1
    assert ("--create" in result.stderr) is has_create
    assert "create=true" not in result.stderr


def test_an_error_shows_where_it_happened_when_asked(run: Run, service: ScriptedService) -> None:
    service.answer({"code": "bank_not_found", "detail": "No bank x."}, 404)
    result = run("--debug", "bank", "show", "x", "--url", service.url)
    assert type(result.exception).__name__ == "BankNotFoundError"


def test_a_service_that_is_not_there_exits_with_3(run: Run, unused_port: int) -> None:
    result = run("bank", "list", "--url", f"http://127.0.0.1:{unused_port}")
    assert result.exit_code == 3
    assert "does the service run?" in result.stderr


def test_a_setting_that_is_not_valid_exits_with_2(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMSVC_API__PORT", "many")
    result = run("bank", "list")
    assert result.exit_code == 2
    assert "MEMSVC_API__PORT" in result.stderr
