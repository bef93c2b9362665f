"""Triples of a set's passages are given to its bank before it is asked."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from memsvc_client import Client, NewMemory

from bench.asking import AskOptions
from bench.banks import fresh_banks
from bench.errors import BenchError
from bench.evaluation import RetrievalRun
from bench.openie import read_openie
from memsvc.cli.evaluation.corpora import Corpus
from memsvc.cli.evaluation.sets import EvaluationSet, Question
from memsvc.cli.evaluation.units import UnitKind
from tests.unit.bench.tiny_service import TinyService

PASSAGES = EvaluationSet(
    name="passages",
    corpora={
        "corpus": Corpus(passages=[NewMemory(text="Kites fly.", kind="passage", external_id="p1")])
    },
    questions=[
        Question(
            id="q",
            corpus="corpus",
            text="kites",
            unit=UnitKind.PASSAGE,
            gold=frozenset({"p1"}),
            categories=(),
            asked_at=None,
        )
    ],
)


def triples(tmp_path: Path, passage_id: str) -> Path:
    path = tmp_path / "openie.jsonl"
    read = {"passage_id": passage_id, "triples": [["kites", "do", "fly"], ["kites"]]}
    path.write_text(json.dumps(read), encoding="utf-8")
    return path


def test_triples_are_given_to_the_bank_of_their_set(tmp_path: Path) -> None:
    openie = read_openie(triples(tmp_path, "p1"), [PASSAGES])
    service = TinyService()
    with (
        Client(transport=service.transport) as client,
        fresh_banks(client, keep=False) as make_bank,
    ):
        options = AskOptions(arms="all", k_max=20, workers=1)
        RetrievalRun(client=client, make_bank=make_bank, options=options, openie=openie).measure(
            PASSAGES
        )
    [given] = service.given
    assert given["facts"] == [
        {"external_id": "p1", "subject": "kites", "predicate": "do", "object": "fly"}
    ]
    assert given["bank"] == service.recalls[0]["bank"]
    assert openie.figures == {
        "file": "openie.jsonl",
        "memories": 1,
        "facts": 1,
        "entities": 0,
        "skipped": 1,
    }


def test_triples_of_what_is_not_in_the_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="'p9', no passage of the set"):
        read_openie(triples(tmp_path, "p9"), [PASSAGES])
    with pytest.raises(BenchError, match="one set of passages"):
        read_openie(triples(tmp_path, "p1"), [PASSAGES, replace(PASSAGES, name="other")])
