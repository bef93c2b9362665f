"""Optional stages and what models cost, as `memsvc recall` and `memsvc context` ask and show."""

from typing import Any

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.cli.test_context_command import CONTEXT
from tests.unit.memsvc_client.stub_service import MEMORY_ID, RECALL

SIFT: dict[str, Any] = {
    "status": "ok",
    "reason": None,
    "model": "openai/x",
    "took_ms": 9.0,
    "read": 3,
    "left_out": [MEMORY_ID],
}
CALLS: dict[str, Any] = {
    "calls": 1,
    "input_tokens": 50,
    "output_tokens": 5,
    "cost_usd": 0.0123,
    "by_purpose": {
        "sift": {"calls": 1, "input_tokens": 50, "output_tokens": 5, "cost_usd": 0.0123}
    },
}


def test_sifting_is_asked_for_and_explained(run: Run, service: ScriptedService) -> None:
    service.answer({**RECALL, "sift": SIFT, "model_calls": CALLS})
    shown = run("recall", "ada", "Where?", "--sift", "--explain", "--url", service.url).stdout

    assert service.body is not None
    assert service.body["sift"] is True
    assert "sifted: 1 of 3 hits left out" in shown
    assert "models: 1 calls (sift), 55 tokens, 0.0123 USD" in shown


def test_what_could_not_be_sifted_is_said_without_being_asked(
    run: Run, service: ScriptedService
) -> None:
    late = {**SIFT, "status": "skipped", "reason": "It took too long.", "read": 0, "left_out": []}
    service.answer({**RECALL, "sift": late})

    shown = run("recall", "ada", "Where?", "--sift", "--url", service.url).stdout

    assert "Sifting was skipped: It took too long." in shown


def test_a_context_tells_what_models_cost_beside_its_text(
    run: Run, service: ScriptedService
) -> None:
    service.answer({**CONTEXT, "sift": SIFT, "model_calls": {**CALLS, "cost_usd": None}})
    result = run("context", "ada", "Where?", "--sift", "--url", service.url)

    assert service.body is not None
    assert service.body["sift"] is True
    assert "models: 1 calls (sift), 55 tokens, cost unknown" in result.stderr
    assert "models:" not in result.stdout


def test_nothing_is_said_of_models_that_were_not_called(run: Run, service: ScriptedService) -> None:
    service.answer(RECALL)
    assert "models:" not in run("recall", "ada", "?", "--explain", "--url", service.url).stdout
