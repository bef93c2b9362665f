"""The rules that merge names, on pairs that were labelled by hand."""

import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from memsvc.domain.graph.entity_evaluation import (
    NamePair,
    NameVerdict,
    decide,
    evaluate,
)
from memsvc.domain.graph.entity_forms import entity_form
from memsvc.domain.graph.joined_names import joined_name

PAIRS = Path(__file__).parents[4] / "memsvc" / "cli" / "labelled" / "entities.jsonl"


@pytest.fixture(scope="module")
def pairs() -> Sequence[NamePair]:
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    return [
        NamePair(
            number=row["id"],
            language=row["language"],
            group=row["class"],
            is_same=row["same"],
            one=row["one"],
            other=row["other"],
            one_type=row.get("one_type"),
            other_type=row.get("other_type"),
        )
        for row in rows
    ]


def test_what_is_merged_is_one_entitys(pairs: Sequence[NamePair]) -> None:
    """Promise: precision 0.98; what is told apart by a person still counts as found."""
    measured = evaluate(pairs)
    assert measured.all.pairs >= 150
    assert measured.all.precision is not None
    assert measured.all.precision >= 0.98
    assert measured.all.recall is not None
    assert measured.all.recall >= 0.7
    assert measured.all.found is not None
    assert measured.all.found >= 0.9


def test_the_set_is_of_several_languages_and_kinds_of_likeness(pairs: Sequence[NamePair]) -> None:
    measured = evaluate(pairs)
    assert {"en", "de", "es", "ja", "zh", "ko", "ru"} <= {e.name for e in measured.by_language}
    wanted = {"homonym", "nickname", "title", "initials", "legal form", "other person"}
    assert wanted <= {each.name for each in measured.by_group}
    assert len({(e.one, e.other, e.one_type, e.other_type) for e in pairs}) == len(pairs)


def test_no_homonym_and_no_nickname_is_ever_merged(pairs: Sequence[NamePair]) -> None:
    groups = {each.name: each for each in evaluate(pairs).by_group}
    assert groups["homonym"].merged == 0
    assert groups["nickname"].merged == 0
    assert groups["nickname"].found == 1.0


def test_the_order_of_two_names_is_of_no_account(pairs: Sequence[NamePair]) -> None:
    for each in pairs:
        turned = NamePair(
            number=each.number,
            language=each.language,
            group=each.group,
            is_same=each.is_same,
            one=each.other,
            other=each.one,
            one_type=each.other_type,
            other_type=each.one_type,
        )
        assert decide(turned) is decide(each), each


@pytest.mark.parametrize(
    ("name", "bare", "is_full"),
    [
        ("山本太郎さん", "山本太郎", True),
        ("佐々木さん", "佐々木", False),
        ("王小明先生", "王小明", True),
        ("김민수 씨", "김민수", True),
        ("株式会社青空", "青空", False),
        ("先生", "先生", False),
        ("トヨタ", "トヨタ", False),
    ],
)
def test_titles_and_legal_forms_are_cut_off_names_without_spaces(
    name: str, bare: str, *, is_full: bool
) -> None:
    form = entity_form(name)
    assert form is not None
    found = joined_name(form)
    assert found is not None
    assert (found.bare, found.is_full) == (bare, is_full)


def test_a_mistake_and_a_miss_are_named() -> None:
    mistaken, missed = (
        NamePair(number=number, language="en", group="title", is_same=is_same, one=one, other=other)
        for number, is_same, one, other in (
            (1, False, "Dr. Ana Silva", "Ana Silva"),
            (2, True, "NYC", "New York City"),
        )
    )
    for some in permutations([mistaken, missed]):
        measured = evaluate(some)
        assert (measured.mistakes, measured.missed) == ([mistaken], [missed])
        assert (measured.all.precision, measured.all.recall) == (0.0, 0.0)
    assert decide(missed) is NameVerdict.APART
