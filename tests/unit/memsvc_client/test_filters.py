from typing import Any

import pytest
from memsvc_client import Condition, Filter, all_of, any_of, meta, not_
from pydantic import ValidationError


@pytest.mark.parametrize(
    ("condition", "op", "value"),
    [
        (meta("a.b").eq(None), "eq", None),
        (meta("a.b").ne("x"), "ne", "x"),
        (meta("a.b").in_(("x", 1)), "in", ["x", 1]),
        (meta("a.b").lt(1), "lt", 1),
        (meta("a.b").lte(1.5), "lte", 1.5),
        (meta("a.b").gt("2026"), "gt", "2026"),
        (meta("a.b").gte(0), "gte", 0),
        (meta("a.b").exists(), "exists", True),
        (meta("a.b").contains("x"), "contains", "x"),
    ],
)
def test_a_comparison_becomes_json(condition: Condition, op: str, value: Any) -> None:
    assert condition.root == {"key": "a.b", "op": op, "value": value}


def test_conditions_nest() -> None:
    condition = all_of(any_of(meta("a").eq(1), meta("a").eq(2)), not_(meta("b").exists()))
    assert condition.root == {
        "and": [
            {
                "or": [
                    {"key": "a", "op": "eq", "value": 1},
                    {"key": "a", "op": "eq", "value": 2},
                ]
            },
            {"not": {"key": "b", "op": "exists", "value": True}},
        ]
    }


def test_a_null_to_compare_with_is_sent() -> None:
    body = Filter(metadata=meta("a").eq(None)).to_json()
    assert body == {"metadata": {"key": "a", "op": "eq", "value": None}}


def test_a_filter_is_read_from_json() -> None:
    raw = {"kinds": ["fact"], "metadata": {"key": "a", "op": "eq", "value": 1}}
    only = Filter.model_validate(raw)
    assert only.metadata == meta("a").eq(1)
    assert only.to_json() == raw


def test_one_text_is_no_list_of_kinds() -> None:
    with pytest.raises(ValidationError, match="kinds"):
        Filter(kinds="fact")


def test_a_value_beyond_json_is_refused() -> None:
    with pytest.raises(ValidationError):
        meta("a").eq(object())  # type: ignore[arg-type]
