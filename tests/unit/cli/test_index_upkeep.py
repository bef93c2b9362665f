"""What `memsvc index verify`, `rebuild` and `status` ask, print and exit with."""

import json

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService

CLEAN = {
    "holds_vectors": True,
    "memories": 3,
    "vectors": 4,
    "in_motion": 0,
    "mismatch_count": 0,
    "mismatches": [],
}
SURPLUS = {"memory_id": None, "vector_id": 7, "fault": "surplus"}
FAULTY = {**CLEAN, "mismatch_count": 1, "mismatches": [SURPLUS]}


def test_clean_bank_exits_with_zero(run: Run, service: ScriptedService) -> None:
    service.answer(CLEAN)
    result = run("index", "verify", "ada", "--url", service.url)
    assert result.exit_code == 0
    assert "ada: 0 mismatches in 3 memories and 4 vectors" in result.stdout


def test_mismatches_are_listed_and_exit_with_one(run: Run, service: ScriptedService) -> None:
    service.answer(FAULTY)
    result = run("index", "verify", "ada", "--url", service.url)
    assert result.exit_code == 1
    assert "surplus vector 7 of memory unknown" in result.stdout


def test_json_names_each_bank(run: Run, service: ScriptedService) -> None:
    service.answer(FAULTY)
    result = run("index", "verify", "ada", "--json", "--url", service.url)
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"ada": FAULTY})


def test_dry_run_rebuilds_nothing(run: Run, service: ScriptedService) -> None:
    result = run("index", "rebuild", "ada", "--dry-run", "--url", service.url)
    assert (result.exit_code, result.stdout) == (0, "ada: would be rebuilt\n")


def test_rebuilt_bank_is_named(run: Run, service: ScriptedService) -> None:
    service.answer({"holds_vectors": True, "memories": 3})
    result = run("index", "rebuild", "ada", "--url", service.url)
    assert (result.exit_code, result.stdout) == (0, "ada: rebuilt, 3 memories\n")
