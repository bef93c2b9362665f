"""What `memsvc recall` and `memsvc context` show of when, against a scripted service."""

from typing import Any

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.cli.test_context_command import CONTEXT
from tests.unit.memsvc_client.stub_service import MEMORY, MEMORY_ID, RECALL

MOVED: dict[str, Any] = {
    "memory_id": MEMORY_ID,
    "start": "2025-05-01T00:00:00Z",
    "end": "2025-06-01T00:00:00Z",
    "granularity": "month",
    "written": "in \x1b[2JMay",
}
TOLD: dict[str, Any] = {
    "times": [
        {"written": "2025", "start": "2025-01-01T00:00:00Z", "end": None, "granularity": "year"}
    ],
    "order": {
        "written": "first",
        "order": "earliest",
        "event": None,
        "at": MOVED,
        "told_by": "words",
    },
    "elapsed": {
        "written": "How long ago",
        "since": MOVED,
        "told_by": "words",
        "until": "2026-03-01T00:00:00Z",
        "duration": "P10M",
        "days": 304,
        "unit": None,
        "count": None,
    },
}
PASSED = (
    "Passed: P10M (304 days) since 2025-05-01 00:00:00 UTC, “in \N{REPLACEMENT CHARACTER}[2JMay”"
)


def _shown(text: str) -> str:
    """Return what was printed without the breaks of lines."""
    return " ".join(text.split())


def test_how_long_ago_it_was_is_a_line_of_its_own(run: Run, service: ScriptedService) -> None:
    service.answer({**RECALL, **TOLD})
    shown = _shown(run("recall", "ada", "How long ago?", "--url", service.url).stdout)

    assert f"{PASSED}, by memory {MEMORY_ID}" in shown
    assert "earliest" not in shown


def test_how_the_question_was_read_is_told_when_asked(run: Run, service: ScriptedService) -> None:
    service.answer({**RECALL, **TOLD})
    done = run("recall", "ada", "How long ago?", "--explain", "--url", service.url)
    shown = _shown(done.stdout)

    assert "asked about: 2025, from 2025-01-01 00:00:00 UTC on, by the year" in shown
    told = f"first, earliest: 2025-05-01 00:00:00 UTC, by memory {MEMORY_ID} (words)"
    assert f"asked about: {told}" in shown


def test_what_was_said_beside_a_hit_is_shown_with_its_place(
    run: Run, service: ScriptedService
) -> None:
    beside = [
        {"memory": {**MEMORY, "text": text}, "of": MEMORY_ID, "offset": offset, "tokens": 3}
        for text, offset in (("Any news?", -2), ("Congratulations!", 1))
    ]
    service.answer({**RECALL, "beside": beside})
    shown = _shown(run("recall", "ada", "Where?", "--url", service.url).stdout)

    assert "said beside these:" in shown
    assert shown.index("2 before 1") < shown.index("Any news?") < shown.index("1 after 1")
    assert "Congratulations!" in shown


def test_a_context_tells_how_long_ago_beside_its_text(run: Run, service: ScriptedService) -> None:
    service.answer({**CONTEXT, **TOLD})
    done = run("context", "ada", "How long ago?", "--times", "filter", "--url", service.url)

    assert service.body is not None
    assert service.body["times"] == "filter"
    assert PASSED in _shown(done.stderr)
    assert "Passed" not in done.stdout
