"""How many hits are asked for until enough units have come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from memsvc_client import Bank, Client, Episode, Message, Recall

from bench.asking import Asked, AskOptions, ask_all, first_hits, refuse_failed_arms, skipped_arms
from bench.errors import BenchError
from bench.evaluation import summarise
from memsvc.cli.evaluation.sets import Question
from memsvc.cli.evaluation.units import UnitKind
from tests.unit.bench.tiny_service import TinyService
from tests.unit.memsvc_client.stub_service import RECALL

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def service() -> TinyService:
    return TinyService()


@pytest.fixture
def bank(service: TinyService) -> Iterator[Bank]:
    with Client(transport=service.transport) as client:
        client.create_bank("b")
        yield client.bank("b")


def question(**members: Any) -> Question:
    given: dict[str, Any] = {
        "id": "q",
        "corpus": "c",
        "text": "Where is the kettle?",
        "unit": UnitKind.TURN,
        "gold": frozenset({"t000"}),
        "categories": (),
        "asked_at": NOON,
    }
    return Question(**(given | members))


def ask(bank: Bank, asked: Question, k_max: int = 20) -> Asked:
    options = AskOptions(arms="all", k_max=k_max, workers=1)
    [result] = ask_all([asked], {"c": bank}, options, on_asked=lambda: None)
    return result


def add_session(bank: Bank, session_id: str, turn_count: int) -> None:
    messages = [
        Message(text="The kettle.", external_id=f"{session_id}{number:03}")
        for number in range(turn_count)
    ]
    bank.add_episodes([Episode(messages=messages, session_id=session_id, source=session_id)])


def test_only_the_question_and_how_to_answer_it_are_sent(bank: Bank, service: TinyService) -> None:
    add_session(bank, "t", 30)
    ask(bank, question())
    assert service.recalls == [
        {
            "bank": "b",
            "query": "Where is the kettle?",
            "k": 20,
            "arms": "all",
            "now": "2026-03-01T12:00:00Z",
            "times": "boost",
        }
    ]


def test_twenty_turns_come_with_one_call(bank: Bank) -> None:
    add_session(bank, "t", 30)
    assert ask(bank, question()).judged.found == [f"t{number:03}" for number in range(20)]


def test_more_is_asked_for_when_hits_share_their_units(bank: Bank, service: TinyService) -> None:
    add_session(bank, "a", 110)
    add_session(bank, "b", 20)
    add_session(bank, "c", 100)
    asked = ask(bank, question(unit=UnitKind.SESSION, gold=frozenset({"b"})))
    assert asked.judged.found == ["a", "b", "c"]
    assert [body["k"] for body in service.recalls] == [100, 200]


def test_nothing_more_is_asked_for_when_all_has_come(bank: Bank, service: TinyService) -> None:
    add_session(bank, "a", 3)
    asked = ask(bank, question(gold=frozenset({"a001"})))
    assert asked.judged.found == ["a000", "a001", "a002"]
    assert [body["k"] for body in service.recalls] == [20]


def test_answers_come_in_the_order_of_the_questions_when_several_ask(
    bank: Bank, service: TinyService
) -> None:
    add_session(bank, "t", 3)
    questions = [question(gold=frozenset({f"t00{number}"})) for number in range(3)]
    options = AskOptions(arms=["dense"], k_max=20, workers=3)
    asked = ask_all(questions, {"c": bank}, options, on_asked=lambda: None)
    assert [each.judged.gold for each in asked] == [each.gold for each in questions]
    assert {tuple(body["arms"]) for body in service.recalls} == {("dense",)}


def test_a_failed_arm_ends_the_run() -> None:
    failed = {"status": "failed", "reason": "the index is away", "candidates": 0, "took_ms": 0.0}
    recall = Recall.model_validate(RECALL | {"arms": {"dense": failed}})
    with pytest.raises(BenchError, match="dense failed: the index is away"):
        refuse_failed_arms(recall)


def test_it_is_told_which_arms_were_skipped_and_why(bank: Bank) -> None:
    slow = {"status": "skipped", "reason": "over its budget", "candidates": 0, "took_ms": 0.0}
    recall = Recall.model_validate(RECALL | {"arms": {"graph": slow}})
    assert skipped_arms(recall) == {"graph": "over its budget"}
    add_session(bank, "t", 1)
    one = replace(ask(bank, question()), skipped={})
    many = [one, replace(one, skipped=skipped_arms(recall)), one]
    assert summarise(many, 1.0, 1.0, (5,))["skipped"] == {"graph: over its budget": 1}


@pytest.mark.parametrize(
    ("unit", "k_max", "expected"),
    [(UnitKind.TURN, 20, 20), (UnitKind.SESSION, 20, 100), (UnitKind.SESSION, 50, 200)],
)
def test_the_first_call_asks_for_about_enough(unit: UnitKind, k_max: int, expected: int) -> None:
    assert first_hits(unit, k_max) == expected
