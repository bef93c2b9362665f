"""`memsvc portrait`: what it asks for and shows."""

import json
from typing import Any

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import MEMORY_ID

PORTRAIT: dict[str, Any] = {
    "user_id": "org/ann",
    "text": "What org/ann says of themselves:\nResidence: lives in Lisbon (2023-05-08)",
    "lines": [
        {
            "topic": "residence",
            "text": "lives in \x1b[2JLisbon",
            "said_on": "2023-05-08",
            "evidence": [MEMORY_ID],
        }
    ],
    "memory_id": MEMORY_ID,
    "former_id": None,
    "editions": 2,
    "latest_source_at": "2023-05-08T12:00:00Z",
    "made_at": "2023-05-09T12:00:00Z",
}


def test_lines_are_shown_with_day_and_evidence_and_cannot_steer_the_terminal(
    run: Run, service: ScriptedService
) -> None:
    service.answer(PORTRAIT)
    result = run("portrait", "ada", "org/ann", "--url", service.url)

    assert result.exit_code == 0, result.output
    assert "2023-05-08" in result.stdout
    assert "Lisbon" in result.stdout
    assert "\x1b[2J" not in result.stdout
    assert "edition 2, made 2023-05-09 12:00:00 UTC" in " ".join(result.stderr.split())


def test_json_is_what_the_service_said(run: Run, service: ScriptedService) -> None:
    service.answer(PORTRAIT)
    result = run("portrait", "ada", "org/ann", "--json", "--url", service.url)

    assert json.loads(result.stdout) == PORTRAIT
