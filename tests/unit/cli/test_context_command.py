"""`memsvc context`: what it asks for, and that its output can be piped into a prompt."""

import json
from typing import Any

import pytest

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import MEMORY, MEMORY_ID, RECALL

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


REFUSED = {
    "probability": 0.21,
    "is_answerable": False,
    "statement": 'Nothing stored about "zebra". Closest: “\x1b[2JHi”',
    "missing": ["zebra"],
    "closest": MEMORY_ID,
    "reason": None,
    "model": "test",
    "features": None,
}


def test_whether_it_is_answered_is_told_when_asked(run: Run, service: ScriptedService) -> None:
    service.answer({**CONTEXT, "answerable": REFUSED})
    result = run("context", "ada", "Where?", "--answerable", "--url", service.url)

    assert service.body is not None
    assert service.body["answerable"] is True
    assert 'Answerable: no (21%). Nothing stored about "zebra".' in result.stderr
    assert "\x1b[2J" not in result.stderr


def test_recall_tells_it_too(run: Run, service: ScriptedService) -> None:
    service.answer({**RECALL, "answerable": REFUSED})
    shown = run("recall", "ada", "Where?", "--answerable", "--url", service.url).stdout

    assert 'Answerable: no (21%). Nothing stored about "zebra".' in shown
    assert "\x1b[2J" not in shown


def test_a_calibration_that_is_outdated_is_told(run: Run, service: ScriptedService) -> None:
    note = "The bank's calibration is not used: calibrate again."
    service.answer({**RECALL, "answerable": REFUSED | {"note": note}})

    shown = run("recall", "ada", "Where?", "--answerable", "--url", service.url).stdout

    assert f"” {note}" in shown


def test_what_was_not_judged_says_why(run: Run, service: ScriptedService) -> None:
    unjudged: dict[str, Any] = {
        "probability": None,
        "is_answerable": None,
        "statement": None,
        "missing": [],
    }
    reason = "It takes the dense arm to judge this."
    service.answer({**RECALL, "answerable": {**unjudged, "reason": reason, "model": "test"}})

    shown = run("recall", "ada", "Where?", "--answerable", "--url", service.url).stdout

    assert f"Answerable: not judged. {reason}" in shown


def test_recall_asks_for_everything_that_fits(run: Run, service: ScriptedService) -> None:
    service.answer({**RECALL, "mode": "passthrough"})
    run("recall", "ada", "Where?", "--mode", "auto", "--budget", "500", "--url", service.url)

    assert service.body == {
        "query": "Where?",
        "mode": "auto",
        "budget_tokens": 500,
        "explain": False,
    }
