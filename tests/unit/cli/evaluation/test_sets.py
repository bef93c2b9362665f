"""Reading evaluation sets from folders in the published format."""

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memsvc.cli.evaluation.sets import Question, read_set
from memsvc.cli.evaluation.units import UnitKind
from memsvc.errors import InvalidRequestError

Line = Mapping[str, object]

SESSIONS: Sequence[Line] = (
    {
        "conversation_id": "c1",
        "session_id": "c1/S1",
        "datetime": "2023-05-08T13:56:00",
        "turns": [
            {"id": "D1:1", "speaker": "Ada", "text": "Hello."},
            {"id": "D1:2", "speaker": "Ben", "text": "Look!", "blip_caption": "a red kite"},
        ],
    },
    {
        "conversation_id": "c1",
        "session_id": "c1/S2",
        "datetime": "2023-06-01T10:00:00",
        "turns": [{"id": "D2:1", "speaker": "Ada", "text": "I moved to Porto."}],
    },
    {
        "conversation_id": "c2",
        "session_id": "c2/S1",
        "datetime": None,
        "turns": [{"id": "D1:1", "speaker": "user", "text": "Good evening."}],
    },
)


def question(**members: object) -> Line:
    return {
        "id": "q1",
        "conversation_id": "c1",
        "question": "Where does Ada live?",
        "answer": "Porto",
        "query_entities": ["ada"],
        "evidence_turn_ids": ["D2:1"],
        **members,
    }


def folder_of(path: Path, **files: Sequence[Line]) -> Path:
    folder = path / "tiny"
    folder.mkdir()
    for name, lines in files.items():
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def read_questions(path: Path, *questions: Line) -> Sequence[Question]:
    return read_set(folder_of(path, sessions=SESSIONS, queries=questions)).questions


def test_each_conversation_is_a_corpus_of_its_sessions(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, sessions=SESSIONS, queries=[question(), question(conversation_id="c2")]
    )
    found = read_set(folder)
    assert found.name == "tiny"
    assert found.corpora.keys() == {"c1", "c2"}
    first, second = found.corpora["c1"].episodes
    assert [first.session_id, second.session_id] == ["c1/S1", "c1/S2"]
    assert [message.external_id for message in first.messages or ()] == ["D1:1", "D1:2"]
    assert "a red kite" in (first.messages or ())[1].text


def test_compressed_sessions_are_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, sessions=SESSIONS, queries=[question()])
    plain = folder / "sessions.jsonl"
    (folder / "sessions.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert len(read_set(folder).corpora["c1"].episodes) == 2


def test_passages_are_one_corpus_under_the_name_of_the_set(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        corpus=[{"id": "p1", "title": "Porto", "text": "A city."}],
        queries=[{"id": "q", "question": "What is Porto?", "gold_passage_ids": ["p1"]}],
    )
    found = read_set(folder)
    [passage] = found.corpora["tiny"].passages
    assert (passage.external_id, passage.kind) == ("p1", "passage")
    assert "Porto" in passage.text
    assert "A city." in passage.text
    assert found.questions[0].unit is UnitKind.PASSAGE
    assert found.questions[0].asked_at is None


@pytest.mark.parametrize(
    ("members", "unit", "gold"),
    [
        ({}, UnitKind.TURN, {"D2:1"}),
        ({"evidence_session_ids": ["c1/S2"]}, UnitKind.TURN, {"D2:1"}),
        (
            {"evidence_turn_ids": None, "evidence_session_ids": ["c1/S2"]},
            UnitKind.SESSION,
            {"c1/S2"},
        ),
        ({"evidence_turn_ids": []}, UnitKind.TURN, set()),
    ],
)
def test_gold_is_turns_else_sessions(
    tmp_path: Path, members: Line, unit: UnitKind, gold: set[str]
) -> None:
    [found] = read_questions(tmp_path, question(**members))
    assert (found.unit, set(found.gold)) == (unit, gold)
    assert list(found.gold_sessions) == members.get("evidence_session_ids", [])


@pytest.mark.parametrize(
    ("members", "categories"),
    [
        ({"category": "temporal", "category_id": 2}, ("2 temporal", "1-4")),
        ({"category": "adversarial", "category_id": 5}, ("5 adversarial",)),
        ({"category": "Multi"}, ("Multi",)),
        ({}, ()),
    ],
)
def test_categories_have_their_numbers_and_answerable_questions_one_more(
    tmp_path: Path, members: Line, categories: tuple[str, ...]
) -> None:
    [found] = read_questions(tmp_path, question(**members))
    assert found.categories == categories


def test_a_question_is_asked_at_its_date_else_at_the_end_of_its_conversation(
    tmp_path: Path,
) -> None:
    dated, undated, timeless = read_questions(
        tmp_path,
        question(question_date="2023/05/30 (Tue) 23:40"),
        question(),
        question(conversation_id="c2"),
    )
    assert dated.asked_at == datetime(2023, 5, 30, 23, 40, tzinfo=UTC)
    assert undated.asked_at == datetime(2023, 6, 1, 10, 0, tzinfo=UTC)
    assert timeless.asked_at is None


def test_a_limit_draws_the_same_questions_again_and_only_their_conversations(
    tmp_path: Path,
) -> None:
    questions = [question(id=f"q{number}") for number in range(20)]
    folder = folder_of(tmp_path, sessions=SESSIONS, queries=questions)
    drawn = read_set(folder, limit=5, seed=3)
    ids = [each.id for each in drawn.questions]
    assert len(ids) == 5
    assert ids == [each.id for each in read_set(folder, limit=5, seed=3).questions]
    assert ids != [each.id for each in read_set(folder, limit=5, seed=4).questions]
    assert ids == sorted(ids, key=lambda name: int(name[1:]))
    assert drawn.corpora.keys() == {"c1"}


def test_a_limit_beyond_the_set_takes_all(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, sessions=SESSIONS, queries=[question()])
    assert len(read_set(folder, limit=10).questions) == 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"sessions": SESSIONS}, r"no queries\.jsonl"),
        ({"queries": [question()]}, "holds neither"),
        (
            {"sessions": SESSIONS, "queries": [question(conversation_id="c9")]},
            "'c9', of which it has no session",
        ),
        (
            {"sessions": SESSIONS, "queries": [question(evidence_turn_ids=None)]},
            "line 1 has none of",
        ),
        ({"sessions": SESSIONS, "queries": [question(question="")]}, "line 1 is not a question"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, files: Mapping[str, Sequence[Line]], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        read_set(folder_of(tmp_path, **files))
