"""Golden files: what a line may say, and what is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from memsvc_client import Filter, Hit, RecordedRecall

from memsvc.cli.evaluation.cases import Case, Target, ranks_of
from memsvc.cli.evaluation.golden import read_golden
from memsvc.cli.evaluation.units import UnitKind
from memsvc.cli.failures import CommandError
from tests.unit.bench.tiny_service import hit_of, memory
from tests.unit.cli.test_recalls import RECORDED
from tests.unit.memsvc_client.stub_service import MEMORY_ID

MEMORY = {"memory": MEMORY_ID}


def cases(path: Path, *lines: dict[str, Any]) -> list[Case]:
    return [each.case for each in read_golden(written(path, *lines))]


def written(path: Path, *lines: dict[str, Any]) -> Path:
    file = path / "golden.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return file


def hit(**members: Any) -> Hit:
    return Hit.model_validate(hit_of(memory(**members)))


def test_a_line_says_what_is_asked_and_expected(tmp_path: Path) -> None:
    [case] = cases(
        tmp_path,
        {
            "question": "Where?",
            "category": "facts",
            "expected": [MEMORY_ID, {"external_id": "m1", "source": "chat"}, {"text": "Porto"}],
            "misleading": [{"session": "s1"}],
            "now": "2024-05-01T00:00:00Z",
            "filters": {"speakers": ["Ada"]},
        },
    )
    assert case.id == "1"
    assert [each.as_json() for each in case.expected] == [
        MEMORY,
        {"external_id": "m1", "source": "chat"},
        {"text": "Porto"},
    ]
    assert [each.kind for each in case.misleading] == ["session"]
    assert case.now == datetime(2024, 5, 1, tzinfo=UTC)
    assert case.filter == Filter(speakers=["Ada"])
    assert case.categories == ("facts",)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"expected": [MEMORY]}, "give a question"),
        ({"question": "?", "recall": MEMORY_ID, "expected": []}, "give a question"),
        ({"recall": MEMORY_ID, "expected": [], "filters": {}}, "has its own"),
        ({"question": "?", "expected": ["m1"]}, "UUID"),
        ({"question": "?", "expected": [{"memory": MEMORY_ID, "text": "x"}]}, "name it by one of"),
        ({"question": "?", "expected": [{"text": "x", "source": "s"}]}, "goes with"),
        ({"question": "?", "expected": [], "answer": "x"}, "answer"),
    ],
)
def test_a_line_that_is_no_case_is_refused_with_its_number(
    tmp_path: Path, line: dict[str, Any], told: str
) -> None:
    with pytest.raises(CommandError, match=told) as refused:
        cases(tmp_path, {"question": "?", "expected": []}, line)
    assert "line 2" in refused.value.message


def test_ids_must_differ(tmp_path: Path) -> None:
    line = {"id": "q", "question": "?", "expected": []}
    with pytest.raises(CommandError, match="'q' 2 times"):
        cases(tmp_path, line, line)


def test_a_case_without_text_takes_the_question_of_its_recall(tmp_path: Path) -> None:
    [golden] = read_golden(written(tmp_path, {"recall": RECORDED["id"], "expected": [MEMORY]}))
    narrowing = {"kinds": [], "user_id": "u1", "states": ["active"], "as_of": None}
    parameters = {"k": 3, "timezone": "Europe/Berlin", "filter": narrowing}
    recorded = RecordedRecall.model_validate(RECORDED | {"parameters": parameters})
    case = golden.asked_as(recorded)
    assert golden.case.text == ""
    assert (case.text, case.now) == (recorded.query, recorded.now)
    assert case.filter == Filter(user_id="u1")
    assert case.timezone == "Europe/Berlin"


def test_the_key_of_a_case_is_what_is_asked_and_expected() -> None:
    case = Case(id="1", corpus="c", text="?", expected=[Target(kind="text", value="a")])
    assert replace(case, id="2", categories=["x"]).key == case.key
    assert replace(case, text="??").key != case.key
    assert replace(case, expected=[]).key != case.key


@pytest.mark.parametrize(
    ("target", "rank"),
    [
        (Target(kind="memory", value=str(UUID(int=7))), 2),
        (Target(kind="external_id", value="m1"), 1),
        (Target(kind="external_id", value="m1", source="other"), None),
        (Target(kind="session", value="s1"), 1),
        (Target(kind="text", value="green   TEA"), 3),
        (Target(kind="text", value="black tea"), None),
    ],
)
def test_a_target_has_the_first_place_of_what_it_names(target: Target, rank: int | None) -> None:
    answer = [
        hit(id=str(UUID(int=5)), external_id="m1", session_id="s1"),
        hit(id=str(UUID(int=7)), session_id="s1"),
        hit(id=str(UUID(int=6)), text="Ben drinks green\ntea."),
    ]
    assert ranks_of([target], answer, UnitKind.MEMORY) == [rank]


def test_hits_of_one_session_share_a_place() -> None:
    answer = [hit(session_id="s1"), hit(session_id="s1"), hit(session_id="s2")]
    targets = [Target(kind="session", value="s2")]
    assert ranks_of(targets, answer, UnitKind.SESSION) == [2]


def test_a_quotation_is_only_shown_with_text() -> None:
    quoted = Target(kind="text", value="my secret")
    assert "secret" not in quoted.shown(with_text=False)
    assert quoted.shown(with_text=True) == "text:my secret"
