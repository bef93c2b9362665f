"""`--grain` of `memsvc recall` and `memsvc context`: what is asked for and what is shown."""

from typing import Any

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.cli.test_context_command import CONTEXT
from tests.unit.memsvc_client.stub_service import MEMORY_ID, RECALL

GRAIN: dict[str, Any] = {
    "grain": "event",
    "weights": {
        "memory": {"weight": 0.25, "entropy": 0.75, "units": 9},
        "event": {"weight": 0.75, "entropy": 0.25, "units": 3},
    },
    "reason": None,
}
UNIT = {"memory_ids": [MEMORY_ID] * 3, "first": 4, "last": 6, "found": [MEMORY_ID] * 2}


def test_what_a_hit_stands_for_is_shown(run: Run, service: ScriptedService) -> None:
    [hit, *others] = RECALL["hits"]
    service.answer({**RECALL, "hits": [{**hit, "unit": UNIT}, *others], "grain": GRAIN})
    result = run("recall", "ada", "Where?", "--grain", "auto", "--url", service.url)
    shown = " ".join(result.stdout.split())

    assert "stands for positions 4 to 6, 3 memories, 1 more of them found" in shown
    assert "grain: event, by weight (memory 0.25, event 0.75)" in shown
    assert service.body is not None
    assert service.body["grain"] == "auto"


def test_the_grain_of_a_context_is_a_note(run: Run, service: ScriptedService) -> None:
    service.answer({**CONTEXT, "grain": {**GRAIN, "weights": {}, "reason": "No vector."}})
    result = run("context", "ada", "Where?", "--grain", "event", "--url", service.url)

    assert "grain: event. No vector." in result.stderr
    assert "grain" not in result.stdout


def test_other_grains_are_refused(run: Run, service: ScriptedService) -> None:
    result = run("recall", "ada", "Where?", "--grain", "sentence", "--url", service.url)

    assert result.exit_code == 2
    assert "give memory, event, episode or auto" in result.stderr
