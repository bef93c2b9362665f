"""Filters in SQL mean what they mean in plain Python, and always find everything they allow."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from memsvc.domain.filters import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    KeyCondition,
    Not,
    RecallFilter,
)
from memsvc.domain.memory import Json, Memory, MemoryKind, MemoryState, ScopeKeys
from memsvc.services.commands import BankReference, NewMemory
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.services import Service

NOW = datetime(2026, 5, 1, tzinfo=UTC)
VALUES: Sequence[Json] = (None, True, 0, 1, 2.5, "a", "abc", ["a", 1], {"x": "y"}, [])
TOKENS: Sequence[Json] = (0, 1, 2.5, "a", "b", "")
MISSING = object()


def holds(condition: Condition, metadata: Mapping[str, Json]) -> bool:
    """What a condition means, said in Python."""
    match condition:
        case AllOf(conditions=parts):
            return all(holds(part, metadata) for part in parts)
        case AnyOf(conditions=parts):
            return any(holds(part, metadata) for part in parts)
        case Not(condition=inner):
            return not holds(inner, metadata)
        case KeyCondition(key=key, op=op, value=value):
            return compare(look_up(metadata, key), op, value)


def look_up(metadata: Mapping[str, Json], path: str) -> object:
    found: object = metadata
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return MISSING
        found = found[key]
    return found


def kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def same(left: object, right: object) -> bool:
    return left is not MISSING and kind(left) == kind(right) and left == right


def compare(stored: object, op: Comparison, value: Json) -> bool:  # noqa: PLR0911 — a case each
    if op is Comparison.EQ:
        return same(stored, value)
    if op is Comparison.NE:
        return not same(stored, value)
    if op is Comparison.IN:
        return isinstance(value, list) and any(same(stored, each) for each in value)
    if op is Comparison.EXISTS:
        return (stored is not MISSING) == (value is not False)
    if op is Comparison.CONTAINS:
        if isinstance(stored, list):
            return any(same(each, value) for each in stored)
        return isinstance(stored, str) and isinstance(value, str) and value in stored
    if stored is MISSING or kind(stored) != kind(value) or kind(value) not in {"number", "str"}:
        return False
    assert isinstance(stored, int | float | str)
    assert isinstance(value, int | float | str)
    verdicts = {
        Comparison.LT: stored < value,  # type: ignore[operator]
        Comparison.LTE: stored <= value,  # type: ignore[operator]
        Comparison.GT: stored > value,  # type: ignore[operator]
        Comparison.GTE: stored >= value,  # type: ignore[operator]
    }
    return verdicts[op]


def random_condition(rng: random.Random, depth: int = 2) -> Condition:
    shape = rng.choice(["key", "key", "and", "or", "not"]) if depth else "key"
    if shape == "key":
        return random_comparison(rng)
    if shape == "not":
        return Not(condition=random_condition(rng, depth - 1))
    parts = [random_condition(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return AllOf(conditions=parts) if shape == "and" else AnyOf(conditions=parts)


def random_comparison(rng: random.Random) -> KeyCondition:
    op = rng.choice(list(Comparison))
    key = rng.choice(["k", "n.k", "other"])
    value: Json
    if op is Comparison.IN:
        return KeyCondition(key=key, op=op, value=rng.choices(VALUES, k=rng.randint(0, 3)))
    if op is Comparison.EXISTS:
        value = rng.random() < 0.5
    elif op is Comparison.CONTAINS:
        value = rng.choice(TOKENS)
    elif op in {Comparison.EQ, Comparison.NE}:
        value = rng.choice(VALUES)
    else:
        value = rng.choice(TOKENS)
    return KeyCondition(key=key, op=op, value=value)


async def test_random_metadata_conditions_mean_the_same_in_sql_and_in_python(
    service: Service,
) -> None:
    rng = random.Random(7)
    documents: list[dict[str, Json]] = [{}, {"n": {}}, {"n": 3}]
    documents += [{"k": value} for value in VALUES]
    documents += [{"n": {"k": value}, "k": "a"} for value in VALUES]
    written = await service.remember_items(
        "b", *(NewMemory(text=str(no), metadata=each) for no, each in enumerate(documents))
    )
    ids = [each.id for each in written.memories]
    scope = (await service.banks.get(service.caller, BankReference(value="b"))).scope

    async with service.database.store.read(DEFAULT_TENANT) as tx:
        for _ in range(300):
            condition = random_condition(rng)
            found = await tx.memories.allowed_ids(
                scope.bank_id, RecallFilter(metadata=condition), NOW
            )
            wanted = [
                each
                for each, document in zip(ids, documents, strict=True)
                if holds(condition, document)
            ]
            assert found == wanted, condition


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        (RecallFilter(), ["old", "new", "note"]),
        (RecallFilter(speakers=["Bo"]), ["new"]),
        (RecallFilter(kinds=[MemoryKind.NOTE]), ["note"]),
        (RecallFilter(keys=ScopeKeys(user_id="u1")), ["old"]),
        (RecallFilter(keys=ScopeKeys(user_id="u2")), []),
        (RecallFilter(occurred_after=NOW - timedelta(days=10)), ["new", "note"]),
        (RecallFilter(occurred_before=NOW - timedelta(days=10)), ["old"]),
        (RecallFilter(source="crm"), ["note"]),
        (RecallFilter(states=[MemoryState.ARCHIVED]), []),
    ],
)
async def test_each_filter_lets_through_just_what_it_names(
    service: Service, wanted: RecallFilter, texts: list[str]
) -> None:
    week = timedelta(days=7)
    written = await service.remember_items(
        "b",
        NewMemory(
            text="old", speaker="Ann", occurred_at=NOW - 4 * week, keys=ScopeKeys(user_id="u1")
        ),
        NewMemory(text="new", speaker="Bo", occurred_at=NOW - week),
        NewMemory(text="note", kind=MemoryKind.NOTE, source="crm", occurred_at=NOW - week),
        NewMemory(text="gone", occurred_at=NOW - week, expires_at=NOW),
    )
    by_id: dict[object, Memory] = {each.id: each for each in await service.stored("b", written)}
    scope = (await service.banks.get(service.caller, BankReference(value="b"))).scope

    async with service.database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.memories.allowed_ids(scope.bank_id, wanted, NOW)

    assert [by_id[each].text for each in found] == texts
