"""`memsvc think`: what it asks for and shows."""

import json
from typing import Any

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService

JOB: dict[str, Any] = {
    "id": "0190f3a1-0000-7000-8000-000000000009",
    "kind": "bank.think",
    "state": "succeeded",
    "bank_id": "0190f3a1-0000-7000-8000-000000000002",
    "reason": None,
    "attempts": 1,
    "progress": {"done": 3, "total": 3},
    "counts": {"read": 3, "thoughts_made": 2},
    "created_at": "2024-05-07T12:00:00Z",
    "started_at": None,
    "finished_at": None,
}
PLAN: dict[str, Any] = {
    "stages": [{"name": "think", "todo": 3}, {"name": "facts", "todo": 9}],
    "notes": {
        "waiting": 0,
        "unembedded": 0,
        "set_aside": 0,
        "annotated": 0,
        "annotation_versions": 0,
        "links": 0,
    },
    "job": None,
}


def test_only_what_is_asked_for_is_done_and_told(run: Run, service: ScriptedService) -> None:
    service.answer(JOB)
    service.answer(PLAN)
    result = run("think", "ada", "--step", "insert", "--json", "--url", service.url)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["job"]["counts"] == {"read": 3, "thoughts_made": 2}


def test_a_dry_run_shows_how_much_there_is_to_think_about(
    run: Run, service: ScriptedService
) -> None:
    service.answer(PLAN)
    result = run("think", "ada", "--dry-run", "--url", service.url)
    assert result.exit_code == 0, result.output
    assert "think" in result.stdout
    assert "facts" not in result.stdout


def test_a_job_that_did_not_end_well_is_an_error(run: Run, service: ScriptedService) -> None:
    service.answer({**JOB, "state": "failed", "reason": "It broke."})
    service.answer(PLAN)
    result = run("think", "ada", "--url", service.url)
    assert result.exit_code == 1
    assert "It broke." in result.output


def test_thoughts_are_listed_among_memories(run: Run, service: ScriptedService) -> None:
    service.answer({"items": [], "has_more": False, "next_cursor": None})
    result = run("memory", "list", "ada", "--kind", "thought", "--json", "--url", service.url)
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
