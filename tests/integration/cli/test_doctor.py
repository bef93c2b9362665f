"""`memsvc doctor` finds what is wrong, and goes on looking."""

import json
from pathlib import Path
from typing import Any

import pytest

from memsvc.store.roles import INDEX_ROLE
from tests.fixtures.command_line import Run
from tests.integration.cli.conftest import Administrator

pytestmark = pytest.mark.usefixtures("minilm_dir")

Findings = dict[tuple[str, str], dict[str, Any]]


def examine(run: Run, *, exit_code: int) -> Findings:
    result = run("doctor", "--json")
    assert result.exit_code == exit_code, result.output
    return {(each["area"], each["check"]): each for each in json.loads(result.stdout)}


def failed(findings: Findings) -> set[tuple[str, str]]:
    return {place for place, each in findings.items() if each["status"] == "failed"}


def test_everything_is_looked_at_and_right(run: Run, migrated: Administrator) -> None:
    findings = examine(run, exit_code=0)
    looked_at = {place for place, each in findings.items() if each["status"] == "ok"}
    assert looked_at == {
        ("database", "server"),
        ("database", "extension"),
        ("database", "roles"),
        ("database", "row-level security"),
        ("database", "migrations"),
        ("database", "owner"),
        ("model", "installed"),
        ("model", "embedding"),
        ("index", "faiss_cpu"),
    }
    assert "384 dimensions" in findings["model", "embedding"]["detail"]


def test_a_table_is_a_mark_and_a_sentence_for_each_check(run: Run, migrated: Administrator) -> None:
    lines = run("doctor").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["·", "✓", "✓"]


def test_a_table_without_row_level_security_is_named(run: Run, migrated: Administrator) -> None:
    migrated.does("ALTER TABLE links NO FORCE ROW LEVEL SECURITY")
    findings = examine(run, exit_code=1)
    assert failed(findings) == {("database", "row-level security")}
    assert "links" in findings["database", "row-level security"]["detail"]


def test_a_role_that_may_too_much_is_named(run: Run, migrated: Administrator) -> None:
    migrated.does(f"ALTER ROLE {INDEX_ROLE} BYPASSRLS")
    try:
        findings = examine(run, exit_code=1)
    finally:
        migrated.does(f"ALTER ROLE {INDEX_ROLE} NOBYPASSRLS")
    assert failed(findings) == {("database", "roles")}
    assert f"ALTER ROLE {INDEX_ROLE}" in findings["database", "roles"]["detail"]


def test_missing_migrations_are_told_with_the_remedy(run: Run, empty: Administrator) -> None:
    findings = examine(run, exit_code=1)
    assert ("database", "migrations") in failed(findings)
    assert "memsvc db upgrade" in findings["database", "migrations"]["detail"]
    assert findings["database", "extension"]["status"] == "ok"


def test_a_missing_extension_is_told_with_the_remedy(run: Run, empty: Administrator) -> None:
    empty.does("DROP EXTENSION vector")
    findings = examine(run, exit_code=1)
    assert "memsvc db upgrade" in findings["database", "extension"]["detail"]


def test_the_rest_is_looked_at_when_there_is_no_database(
    run: Run, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("MEMSVC_DATABASE_URL", f"postgresql://127.0.0.1:{unused_port}/memsvc")
    findings = examine(run, exit_code=1)
    assert failed(findings) == {("database", "server")}
    assert findings["model", "embedding"]["status"] == "ok"


def test_the_rest_is_looked_at_when_the_model_is_missing(
    run: Run, migrated: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMSVC_EMBEDDING__MODEL", "hub:nobody/nothing")
    findings = examine(run, exit_code=1)
    assert failed(findings) == {("model", "model")}
    assert "memsvc models install" in findings["model", "model"]["detail"]
    assert findings["index", "faiss_cpu"]["status"] == "ok"


def test_nothing_is_made_where_there_is_nothing_yet(run: Run, nothing: Path) -> None:
    findings = examine(run, exit_code=0)
    assert findings["database", "server"]["status"] == "skipped"
    assert findings["data folder", "writable"]["status"] == "ok"
    assert not nothing.exists()


def test_a_service_that_is_not_there_is_unhealthy(run: Run, unused_port: int) -> None:
    result = run("doctor", "--url", f"http://127.0.0.1:{unused_port}")
    assert result.exit_code == 1
    assert "cannot be reached" in result.stdout
