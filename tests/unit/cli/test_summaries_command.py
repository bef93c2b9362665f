"""`memsvc summaries` and `memsvc portrait --versions`: what they ask for and show."""

import json
from typing import Any

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import MEMORY_ID

SUMMARY: dict[str, Any] = {
    "memory_id": MEMORY_ID,
    "kind": "session",
    "state": "active",
    "user_id": "ann",
    "agent_id": None,
    "session_id": "s1",
    "text": "Ann: I moved to Lisbon.",
    "covers_from": "2023-05-08T12:00:00Z",
    "covers_to": "2023-05-09T12:00:00Z",
    "sources": 2,
    "stale": True,
    "made_by": None,
    "made_at": "2023-05-09T12:00:00Z",
}
EDITION: dict[str, Any] = {
    "number": 2,
    "memory_id": MEMORY_ID,
    "state": "active",
    "text": "Residence: lives in Porto",
    "lines": [],
    "latest_source_at": "2023-05-09T12:00:00Z",
    "made_at": "2023-05-09T12:00:00Z",
}


def page(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "has_more": False, "next_cursor": None}


def test_summaries_are_shown_with_what_they_cover_and_what_renews_them(
    run: Run, service: ScriptedService
) -> None:
    service.answer(page(SUMMARY))
    result = run("summaries", "ada", "--kind", "session", "--url", service.url)
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.split())
    assert "2023-05-08" in shown
    assert "Lisbon" in shown
    assert "--stage summarise" in result.stderr

    service.answer(page(SUMMARY))
    told = run("summaries", "ada", "--json", "--url", service.url)
    assert json.loads(told.stdout) == [SUMMARY]


def test_editions_of_a_portrait_are_listed(run: Run, service: ScriptedService) -> None:
    service.answer(page(EDITION))
    result = run("portrait", "ada", "ann", "--versions", "--json", "--url", service.url)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == [EDITION]
