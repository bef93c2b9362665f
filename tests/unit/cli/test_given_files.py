"""Files of given facts: read whole, cut at sources, and what is wrong named by its line."""

import json
from pathlib import Path

import pytest

from memsvc.cli import given_files
from memsvc.cli.failures import CommandError
from memsvc.cli.given_files import read_given


def write(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "given.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in lines) + "\n", encoding="utf-8")
    return path


def fact(no: str, object_: str, **more: object) -> dict[str, object]:
    told = {"external_id": no, "subject": "Ana", "predicate": "knows", "object": object_}
    return told | more


def test_facts_and_passages_are_read_and_what_says_nothing_is_counted(tmp_path: Path) -> None:
    passage = {
        "passage_id": 7,
        "entities": ["Ana", {"name": "Bo", "type": "person"}, "--"],
        "triples": [["Ana", "knows", "Bo"], ["Ana", "knows"], ["Ana", "", "Bo"]],
    }
    path = write(tmp_path, passage, fact("8", "Cy", subject_type="person", source="own"))
    [batch], contents = read_given(path, "feed")
    assert contents.as_json() == {"sources": 2, "facts": 2, "entities": 2, "skipped": 3}
    sources = [(each.external_id, each.source) for each in batch.facts]
    assert sources == [("7", "feed"), ("8", "own")]
    assert [(each.name, each.type) for each in batch.entities] == [("Ana", None), ("Bo", "person")]


def test_a_request_holds_whole_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given_files, "_FACTS_PER_CALL", 3)
    lines = [fact(no, object_) for object_ in ("Bo", "Cy") for no in ("1", "2")]
    batches, _ = read_given(write(tmp_path, *lines), None)
    assert [{each.external_id for each in batch.facts} for batch in batches] == [{"1"}, {"2"}]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([1], "line 2 is not a JSON object"),
        (fact("1", "Bo") | {"memory_id": "x"}, "line 2 names no memory, or two"),
        (fact("1", "Bo") | {"mispelt": 1}, "line 2: mispelt"),
        ({"passage_id": "1", "triples": "none"}, "line 2: triples"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        read_given(write(tmp_path, fact("1", "Bo"), line), None)
