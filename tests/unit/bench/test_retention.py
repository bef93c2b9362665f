"""Answers ranked again by what memories retain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from memsvc_client import Recall
from memsvc_client.models import Hit

from bench.retention import DAYS, WEIGHTS, Answer, figures_of, reranked
from memsvc.cli.evaluation.sets import Question
from memsvc.cli.evaluation.units import UnitKind
from tests.unit.memsvc_client.stub_service import RECALL

NOW = datetime(2024, 6, 1, tzinfo=UTC)
QUESTION = Question(
    id="q",
    corpus="c",
    text="What?",
    unit=UnitKind.TURN,
    gold=frozenset({"new"}),
    categories=(),
    asked_at=NOW,
)


def hit(name: str, score: float, days_ago: float) -> Hit:
    [given] = Recall.model_validate(RECALL).hits
    said_at = NOW - timedelta(days=days_ago)
    memory = given.memory.model_copy(update={"external_id": name, "occurred_at": said_at})
    return given.model_copy(update={"memory": memory, "score": score})


ANSWER = Answer(
    question=QUESTION,
    hits=[*(hit(f"old{no}", 0.5, 300) for no in range(10)), hit("new", 0.4, 1)],
)


def names(hits: list[Hit]) -> list[str | None]:
    return [each.memory.external_id for each in hits]


def test_what_was_said_lately_comes_first_if_the_rest_has_faded_enough() -> None:
    assert names(reranked(ANSWER, days=30.0, weight=0.5))[0] == "new"
    # The order of equals stays, and a small weight turns nothing round.
    assert names(reranked(ANSWER, days=30.0, weight=0.1)) == names(list(ANSWER.hits))


def test_without_a_time_of_asking_nothing_fades() -> None:
    untimed = replace(ANSWER, question=replace(QUESTION, asked_at=None))
    assert names(reranked(untimed, days=5.0, weight=1.0)) == names(list(ANSWER.hits))


def test_figures_are_told_beside_those_without() -> None:
    figures = figures_of([ANSWER, ANSWER])

    assert (figures["questions"], figures["recall"]) == (2, 0.0)
    by_setting = {(row["days"], row["weight"]): row for row in figures["weighed"]}
    assert set(by_setting) == {(days, weight) for days in DAYS for weight in WEIGHTS}
    gained = by_setting[30.0, 0.5]
    assert (gained["recall"], gained["difference"], gained["low"]) == (1.0, 1.0, 1.0)
    assert by_setting[30.0, 0.1]["difference"] == pytest.approx(0.0)
