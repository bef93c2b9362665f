"""`memsvc context`: what it asks for, and that its output can be piped into a prompt."""

import json
from typing import Any

import pytest

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import MEMORY, MEMORY_ID

CONTEXT: dict[str, Any] = {
    "mode": "ranked",
    "text": "<memory boundary=a1>\n[1] Tue 2024-05-07 12:00 Ada: \x1b[2JHi\n</memory boundary=a1>",
    "sections": [
        {
            "name": "memories",
            "pieces": [
                {
                    "citation": 1,
                    "role": "hit",
                    "memory": MEMORY,
                    "of": None,
                    "score": 0.5,
                    "tokens": 4,
                    "is_cut": False,
                }
            ],
        }
    ],
    "citations": {"1": MEMORY_ID},
    "total_tokens": 40,
    "budget_tokens": 100,
    "tokenizer": "o200k_base",
    "left_out": 2,
    "arms": {"dense": {"status": "failed", "reason": "away", "candidates": 0, "took_ms": 1.0}},
    "took_ms": {"total": 12.0},
}


@pytest.fixture
def ask(run: Run, service: ScriptedService) -> Run:
    """Run the command against the scripted service."""

    def run_command(*arguments: str) -> Any:
        service.answer(CONTEXT)
        return run("context", "ada", "Where?", *arguments, "--url", service.url)

    return run_command


def test_the_text_alone_is_printed_and_cannot_steer_the_terminal(ask: Run) -> None:
    result = ask()

    assert result.stdout == CONTEXT["text"].replace("\x1b", "\N{REPLACEMENT CHARACTER}") + "\n"
    assert "ranked: 1 memories, 2 left out; 40 of 100 tokens (o200k_base), 12 ms" in result.stderr
    assert "The dense arm failed: away" in result.stderr


def test_json_is_what_the_service_said(ask: Run) -> None:
    shown = json.loads(ask("--json").stdout)

    assert shown["text"] == CONTEXT["text"]
    assert shown["citations"] == {"1": MEMORY_ID}


def test_every_option_is_sent(ask: Run, service: ScriptedService) -> None:
    ask(
        *("--budget", "100", "--mode", "ranked", "-k", "3", "--neighbours", "2", "--session", "s"),
        *("--recent", "4", "--user", "u", "--agent", "a", "--now", "2026-03-01"),
        *("--timezone", "Europe/Vienna"),
    )

    assert service.body == {
        "query": "Where?",
        "budget_tokens": 100,
        "mode": "ranked",
        "k": 3,
        "neighbours": 2,
        "session_id": "s",
        "recent": 4,
        "filter": {"user_id": "u", "agent_id": "a"},
        "now": "2026-03-01T00:00:00",
        "timezone": "Europe/Vienna",
    }


def test_an_unknown_mode_is_wrong_usage(run: Run) -> None:
    assert run("context", "ada", "Where?", "--mode", "all").exit_code == 2
