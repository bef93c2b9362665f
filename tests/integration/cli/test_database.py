"""`memsvc db` on databases in every state."""

import json
from pathlib import Path

import pytest

from memsvc.store.schema import head_revision
from tests.fixtures.command_line import Run
from tests.integration.cli.conftest import Administrator


def test_a_dry_run_names_the_migrations_and_runs_none(run: Run, empty: Administrator) -> None:
    result = run("db", "upgrade", "--dry-run")
    assert result.exit_code == 0
    assert f"would run {head_revision()}" in result.stdout
    assert json.loads(run("db", "current", "--json").stdout) == {
        "current": None,
        "newest": head_revision(),
    }


def test_an_upgrade_brings_the_database_to_this_version(run: Run, empty: Administrator) -> None:
    assert run("db", "upgrade").exit_code == 0
    current = json.loads(run("db", "current", "--json").stdout)
    assert current["current"] == head_revision()
    assert run("db", "check").exit_code == 0
    assert "the newest" in run("db", "upgrade").stdout


def test_a_check_names_what_differs(run: Run, migrated: Administrator) -> None:
    migrated.does("ALTER TABLE banks ADD COLUMN stray text")
    result = run("db", "check")
    assert result.exit_code == 1
    assert "stray" in result.stderr


def test_a_database_of_a_newer_version_is_left_alone(run: Run, migrated: Administrator) -> None:
    migrated.does("UPDATE alembic_version SET version_num = '9999'")
    result = run("db", "upgrade")
    assert result.exit_code == 3
    assert "9999" in result.stderr


def test_a_server_that_is_not_there_is_told_with_the_remedy(
    run: Run, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    url = f"postgresql://nobody:s3cret@127.0.0.1:{unused_port}/memsvc"
    monkeypatch.setenv("MEMSVC_DATABASE_URL", url)
    for command in ("current", "check", "upgrade"):
        result = run("db", command)
        assert result.exit_code == 3
        assert "MEMSVC_DATABASE_URL" in result.stderr
        assert "s3cret" not in result.output


def test_each_new_epoch_has_the_next_number(run: Run, migrated: Administrator) -> None:
    assert json.loads(run("db", "new-epoch", "--json").stdout) == {"epoch": 2}
    assert "3" in run("db", "new-epoch").stdout


def test_without_a_database_there_is_no_new_epoch(run: Run, nothing: Path) -> None:
    assert run("db", "new-epoch").exit_code == 1


def test_looking_makes_no_embedded_database(run: Run, nothing: Path) -> None:
    assert json.loads(run("db", "current", "--json").stdout)["current"] is None
    assert run("db", "upgrade", "--dry-run").exit_code == 0
    assert run("db", "check").exit_code == 1
    assert not nothing.exists()


def test_an_upgrade_makes_the_embedded_database(run: Run, nothing: Path) -> None:
    assert run("db", "upgrade").exit_code == 0
    assert json.loads(run("db", "current", "--json").stdout)["current"] == head_revision()
