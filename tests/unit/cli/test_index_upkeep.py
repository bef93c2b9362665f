"""What `memsvc index verify`, `rebuild` and `status` ask, print and exit with."""

import json
from uuid import UUID

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService

CLEAN = {
    "holds_vectors": True,
    "compared": ["memory", "snapshot"],
    "memories": 3,
    "vectors": 4,
    "in_motion": 0,
    "mismatch_count": 0,
    "mismatches": [],
}
SURPLUS = {"holder": "snapshot", "memory_id": None, "vector_id": 7, "fault": "surplus"}
FAULTY = {**CLEAN, "mismatch_count": 1, "mismatches": [SURPLUS]}


def test_clean_bank_exits_with_zero(run: Run, service: ScriptedService) -> None:
    service.answer(CLEAN)
    result = run("index", "verify", "ada", "--url", service.url)
    assert result.exit_code == 0
    assert "ada: 0 mismatches in 3 memories and 4 vectors (memory, snapshot)" in result.stdout


def test_mismatches_are_listed_and_exit_with_one(run: Run, service: ScriptedService) -> None:
    service.answer(FAULTY)
    result = run("index", "verify", "ada", "--url", service.url)
    assert result.exit_code == 1
    assert "surplus in snapshot: vector 7 of memory unknown" in result.stdout


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


def test_rebuild_says_that_the_server_still_loads(run: Run, service: ScriptedService) -> None:
    service.answer({"holds_vectors": True, "memories": 3, "server_loaded": False})
    result = run("index", "rebuild", "ada", "--url", service.url)
    assert "the index server is still loading, PostgreSQL answers until then" in result.stdout


def test_status_shows_banks_followers_and_the_server(run: Run, service: ScriptedService) -> None:
    bank = {"bank_id": str(UUID(int=2)), "memories": 3, "vectors": 4, "structure": "scan"}
    at = "2026-01-01T12:00:00Z"
    follower = {"kind": "index", "name": "host/1", "horizon": 700}
    service.answer(
        {
            "backend": "server",
            "holds_vectors": False,
            "bytes": 4096,
            "banks": [bank | {"structure_recall": 1.0, "snapshot_at": at}],
            "checks": 20,
            "measured_recall": 0.995,
            "followers": [follower | {"started_at": at, "heartbeat_at": at}],
            "server": [{"model_id": "sha256:m", "failure": "It does not answer."}],
        }
    )

    result = run("index", "status", "--url", service.url)

    assert result.exit_code == 0
    for shown in (
        "2026-01-01 12:00",
        "server: 1 banks in memory with their words; 4096 bytes in all",
        "recall 0.9950 in 20 checked answers",
        "follower host/1 (index): applied below 700, heard of at 12:00:00",
        "server, sha256:m: It does not answer.",
    ):
        assert shown in result.stdout
