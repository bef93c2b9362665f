"""What is made of questions that were asked at every grain."""

import pytest

from bench.grains import GRAINS, AskedGrain, figures_of


def _asked(coverage: float, grain: str = "memory", sessions: float | None = 1.0) -> AskedGrain:
    shares = dict.fromkeys((500, 1000, 2000), coverage)
    return AskedGrain(sessions=sessions, coverage=shares, recall_ms=2.0, grain=grain)


def test_grains_are_compared_with_memories_question_by_question() -> None:
    first = {grain: _asked(0.5) for grain in GRAINS} | {"event": _asked(1.0, "event", None)}
    second = {grain: _asked(0.5) for grain in GRAINS} | {"event": _asked(0.75, "event", 0.5)}

    figures = figures_of([first, second])

    assert figures["n"] == 2
    memory, event = figures["grains"]["memory"], figures["grains"]["event"]
    assert memory["differences"] == {}
    assert event["coverage"]["500"] == pytest.approx(0.875)
    assert event["differences"]["1000"]["mean"] == pytest.approx(0.375)
    assert (memory["sessions"], event["sessions"]) == (1.0, 0.5)
    assert event["chosen"] == {"event": 2}


def test_without_questions_there_are_no_figures() -> None:
    assert figures_of([]) == {"n": 0, "grains": {}}
