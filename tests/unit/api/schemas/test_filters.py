from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from memsvc.api.schemas.filters import RecallFilterBody
from memsvc.api.schemas.times import RequestZone
from memsvc.domain.filters import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    KeyCondition,
    Not,
    RecallFilter,
)
from memsvc.domain.memory import MemoryKind, MemoryState, ScopeKeys


def parse(body: dict[str, Any]) -> RecallFilter:
    return RecallFilterBody.model_validate(body).to_filter(RequestZone("UTC"))


def condition(metadata: dict[str, Any]) -> Condition | None:
    return parse({"metadata": metadata}).metadata


def eq(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "op": "eq", "value": value}


def nots(levels: int) -> dict[str, Any]:
    body = eq("k", 1)
    for _ in range(levels):
        body = {"not": body}
    return body


def test_no_filter_restricts_nothing() -> None:
    assert parse({}).is_trivial


def test_naming_the_default_state_is_the_same_as_not_naming_it() -> None:
    assert parse({"states": ["active"]}).is_trivial


def test_every_field_reaches_the_domain() -> None:
    body = {
        "kinds": ["turn", "note"],
        "speakers": ["Ada"],
        "user_id": "u",
        "agent_id": "a",
        "session_id": "s",
        "source": "f",
        "occurred_after": "2024-01-01",
        "occurred_before": "2024-02-01T00:00:00Z",
        "states": ["active", "archived"],
    }

    assert parse(body) == RecallFilter(
        kinds=(MemoryKind.TURN, MemoryKind.NOTE),
        speakers=("Ada",),
        keys=ScopeKeys(user_id="u", agent_id="a", session_id="s"),
        source="f",
        occurred_after=datetime(2024, 1, 1, tzinfo=UTC),
        occurred_before=datetime(2024, 2, 1, tzinfo=UTC),
        states=(MemoryState.ACTIVE, MemoryState.ARCHIVED),
    )


def test_conditions_nest() -> None:
    found = condition(
        {
            "and": [
                eq("channel", "chat"),
                {
                    "or": [
                        eq("a.b", [1, {"c": None}]),
                        {"not": {"key": "n", "op": "lt", "value": 5}},
                    ]
                },
            ]
        }
    )

    assert found == AllOf(
        conditions=[
            KeyCondition(key="channel", op=Comparison.EQ, value="chat"),
            AnyOf(
                conditions=[
                    KeyCondition(key="a.b", op=Comparison.EQ, value=[1, {"c": None}]),
                    Not(condition=KeyCondition(key="n", op=Comparison.LT, value=5)),
                ]
            ),
        ]
    )


@pytest.mark.parametrize(
    ("body", "value"), [({}, True), ({"value": True}, True), ({"value": False}, False)]
)
def test_exists_needs_no_value(body: dict[str, Any], value: bool) -> None:
    found = condition({"key": "k", "op": "exists"} | body)

    assert found == KeyCondition(key="k", op=Comparison.EXISTS, value=value)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        [],
        "k = 1",
        eq("", 1),
        {"key": "k"},
        {"key": "k", "op": "like", "value": "x"},
        {"key": "k", "op": "in", "value": "x"},
        {"key": "k", "op": "lt", "value": None},
        {"key": "k", "op": "gte", "value": True},
        {"key": "k", "op": "lte", "value": [1]},
        {"key": "k", "op": "exists", "value": 1},
        {"and": eq("k", 1)},
        {"and": [eq("k", 1)], "or": [eq("k", 1)]},
        {"not": [eq("k", 1)]},
        {"and": [eq("k", "nul\x00")]},
        eq("k", float("nan")),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(metadata: Any) -> None:
    with pytest.raises(ValidationError):
        parse({"metadata": metadata})


def test_a_condition_of_no_known_shape_is_told_the_shapes() -> None:
    with pytest.raises(ValidationError) as caught:
        parse({"metadata": {"xor": []}})

    assert "`and`, `or`, `not`" in caught.value.errors()[0]["msg"]


def test_conditions_are_bounded_in_depth_and_number() -> None:
    assert condition(nots(16)) is not None
    assert condition({"and": [eq("k", 1)] * 511}) is not None

    with pytest.raises(ValidationError, match="nested deeper"):
        parse({"metadata": nots(500)})
    with pytest.raises(ValidationError, match="more than 512 parts"):
        parse({"metadata": {"and": [eq("k", 1)] * 512}})


def test_values_of_in_lists_are_bounded_each_and_all_together() -> None:
    longest = {"key": "k", "op": "in", "value": ["x"] * 200}
    assert condition({"and": [longest, longest]}) is not None

    with pytest.raises(ValidationError, match="more than 200 values"):
        parse({"metadata": longest | {"value": ["x"] * 201}})
    with pytest.raises(ValidationError, match="more than 512 parts"):
        parse({"metadata": {"and": [longest] * 3}})


@pytest.mark.parametrize(
    "body",
    [
        {"kinds": []},
        {"speakers": []},
        {"states": []},
        {"speakers": ["x"] * 201},
        {"user_id": ""},
        {"kinds": ["rumour"]},
        {"since": "2024-01-01"},
    ],
)
def test_an_empty_or_unknown_restriction_is_refused_rather_than_read_as_none(
    body: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        parse(body)
