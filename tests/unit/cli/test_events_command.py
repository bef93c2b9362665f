"""`memsvc events`: what it asks for and shows."""

import json
from typing import Any

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import MEMORY_ID

EVENT: dict[str, Any] = {
    "episode_id": MEMORY_ID,
    "user_id": "ann",
    "session_id": None,
    "first": 3,
    "last": 5,
    "memory_ids": [MEMORY_ID],
    "begin": "surprise",
    "at": 4,
    "surprise": 0.75,
    "threshold": 0.5,
}


def test_events_are_shown_with_why_they_begin(run: Run, service: ScriptedService) -> None:
    page = {"items": [EVENT], "has_more": False, "next_cursor": None}
    service.answer(page)
    result = run("events", "ada", "talk", "--url", service.url)
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.split())
    assert "3 to 5" in shown
    assert "surprise 4 0.750 0.500" in shown

    service.answer(page)
    told = run("events", "ada", "talk", "--json", "--url", service.url)
    assert json.loads(told.stdout) == [EVENT]


def test_an_episode_without_events_is_said_to_have_none(run: Run, service: ScriptedService) -> None:
    service.answer({"items": [], "has_more": False, "next_cursor": None})
    result = run("events", "ada", "nothing", "--url", service.url)
    assert result.exit_code == 0
    assert "no episode 'nothing'" in result.stderr
