"""A whole run against a service that recalls by shared words."""

from collections.abc import Iterator
from dataclasses import replace
from io import StringIO

import pytest
from memsvc_client import Client, Episode, Message, NewMemory
from rich.console import Console

from bench.asking import AskOptions
from bench.banks import fresh_banks
from bench.evaluation import RetrievalRun, recall_ks, table_of
from memsvc.cli.evaluation.corpora import Corpus
from memsvc.cli.evaluation.sets import EvaluationSet, Question
from memsvc.cli.evaluation.units import UnitKind
from tests.unit.bench.tiny_service import TinyService

QUESTION = Question(
    id="q",
    corpus="Ada & Ben",
    text="kettle",
    unit=UnitKind.TURN,
    gold=frozenset({"t1"}),
    categories=("single-hop", "1-4"),
    asked_at=None,
)
CONVERSATIONS = EvaluationSet(
    name="tiny",
    corpora={
        name: Corpus(
            episodes=[
                Episode(
                    source="S1",
                    session_id="S1",
                    messages=[
                        Message(text="The kettle is blue.", external_id="t1"),
                        Message(text="It rains.", external_id="t2"),
                        Message(text="Good night.", external_id="t3"),
                    ],
                )
            ]
        )
        for name in ("Ada & Ben", "Cleo")
    },
    questions=[
        QUESTION,
        replace(QUESTION, corpus="Cleo", text="rains", gold=frozenset({"t2", "missing"})),
        replace(QUESTION, gold=frozenset(), categories=("adversarial",)),
    ],
)


@pytest.fixture
def service() -> TinyService:
    return TinyService()


@pytest.fixture
def run(service: TinyService) -> Iterator[RetrievalRun]:
    with (
        Client(transport=service.transport) as client,
        fresh_banks(client, keep=False) as make_bank,
    ):
        options = AskOptions(arms="all", k_max=20, workers=1)
        yield RetrievalRun(client=client, make_bank=make_bank, options=options)


def test_recall_is_measured_over_questions_with_gold(run: RetrievalRun) -> None:
    result = run.measure(CONVERSATIONS)
    everything = {"2": 0.75, "5": 0.75, "10": 0.75, "20": 0.75}
    assert (result["n"], result["recall"]) == (2, everything)
    assert result["by_category"] == {
        "1-4": {"n": 2, "recall": everything},
        "single-hop": {"n": 2, "recall": everything},
    }
    assert result["ingest_per_s"] > 0
    assert result["jobs_s"] >= 0
    assert result["recall_ms"]["p50"] is not None


def test_where_the_session_with_the_evidence_stands_is_told(run: RetrievalRun) -> None:
    of_session = replace(QUESTION, gold_sessions=frozenset({"S1"}))
    elsewhere = replace(QUESTION, gold_sessions=frozenset({"S9"}))

    found = run.measure(replace(CONVERSATIONS, questions=[of_session, elsewhere]))
    untold = run.measure(CONVERSATIONS)

    assert found["evidence_session"] == {"n": 2, "first": 0.5, "mrr": 0.5}
    assert "evidence_session" not in untold


def test_arms_are_left_out_in_turn_over_the_same_banks(
    run: RetrievalRun, service: TinyService
) -> None:
    result = replace(run, ablated=["dense", "graph"]).measure(CONVERSATIONS)
    assert list(result["without"]) == ["dense", "graph"]
    assert result["without"]["graph"]["by_category"]["1-4"]["n"] == 2
    asked = [each["arms"] for each in service.recalls if each["query"] == "rains"]
    assert asked == [
        "all",
        ["lexical", "episode", "contiguity", "graph"],
        ["dense", "lexical", "episode", "contiguity"],
    ]
    assert len(service.memories) == 2


def test_each_conversation_has_a_bank_of_its_own(run: RetrievalRun, service: TinyService) -> None:
    run.measure(CONVERSATIONS)
    assert [len(memories) for memories in service.memories.values()] == [3, 3]


def test_passages_are_found_by_their_ids(run: RetrievalRun) -> None:
    passages = [
        NewMemory(text=text, kind="passage", external_id=f"p{number}")
        for number, text in enumerate(["Kites fly.", "A kettle boils.", "Fish swim."])
    ]
    asked = replace(
        QUESTION, corpus="corpus", unit=UnitKind.PASSAGE, gold=frozenset({"p1"}), categories=()
    )
    result = run.measure(
        EvaluationSet(
            name="passages", corpora={"corpus": Corpus(passages=passages)}, questions=[asked]
        )
    )
    assert result["recall"]["2"] == 1.0
    assert result["by_category"] == {}


@pytest.mark.parametrize(("k_max", "expected"), [(20, (2, 5, 10, 20)), (50, (2, 5, 10, 20, 50))])
def test_recall_is_told_at_the_fixed_k_and_the_largest(
    k_max: int, expected: tuple[int, ...]
) -> None:
    assert recall_ks(k_max) == expected


def test_the_table_shows_recall_in_percent(run: RetrievalRun) -> None:
    shown = StringIO()
    Console(file=shown, width=200).print(table_of({"tiny": run.measure(CONVERSATIONS)}))
    assert "75.0" in shown.getvalue()
    assert "1-4" in shown.getvalue()
