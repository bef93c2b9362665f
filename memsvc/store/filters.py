"""A recall filter as SQL conditions on `memories`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    JSON,
    ColumnElement,
    Uuid,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from memsvc.domain.filters import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    KeyCondition,
    Not,
    RecallFilter,
)
from memsvc.domain.memory import Json, MemoryState
from memsvc.store import tables as t

Clause: TypeAlias = ColumnElement[bool]


def conditions(wanted: RecallFilter, now: datetime) -> list[Clause]:
    """Return what a memory must satisfy to be shown at ``now``; expired ones never are."""
    memories = t.memories.c
    clauses: list[Clause] = [
        memories.state == func.any(literal(list(wanted.states), ARRAY(TEXT))),
        or_(memories.expires_at.is_(None), memories.expires_at > now),
    ]
    if wanted.kinds:
        clauses.append(memories.kind == func.any(literal(list(wanted.kinds), ARRAY(TEXT))))
    if wanted.speakers:
        clauses.append(memories.speaker == func.any(literal(list(wanted.speakers), ARRAY(TEXT))))
    equalities = {
        memories.user_id: wanted.keys.user_id,
        memories.agent_id: wanted.keys.agent_id,
        memories.session_id: wanted.keys.session_id,
        memories.source: wanted.source,
    }
    clauses.extend(column == value for column, value in equalities.items() if value is not None)
    if wanted.occurred_after is not None:
        clauses.append(memories.occurred_at >= wanted.occurred_after)
    if wanted.occurred_before is not None:
        clauses.append(memories.occurred_at < wanted.occurred_before)
    clauses.extend(_of_another_time(wanted))
    if wanted.metadata is not None:
        clauses.append(_condition(wanted.metadata))
    return clauses


def _of_another_time(wanted: RecallFilter) -> Iterator[Clause]:
    memories, facts, versions = t.memories.c, t.facts.c, t.memory_versions.alias("known").c
    if wanted.as_of is not None:
        # What is told later may have begun before: "I moved in March", said in June.
        has_begun = exists().where(
            facts.bank_id == memories.bank_id,
            facts.memory_id == memories.memory_id,
            facts.valid_from <= wanted.as_of,
        )
        yield or_(memories.occurred_at <= wanted.as_of, has_begun)
    if wanted.known_at is not None:
        yield exists().where(
            versions.bank_id == memories.bank_id,
            versions.memory_id == memories.memory_id,
            versions.recorded_at <= wanted.known_at,
        )
    if wanted.held is not None:
        yield or_(
            memories.state == MemoryState.ACTIVE,
            memories.memory_id == func.any(literal(list(wanted.held), ARRAY(Uuid()))),
        )
    if wanted.hidden:
        yield memories.memory_id != func.all(literal(list(wanted.hidden), ARRAY(Uuid())))


def _condition(condition: Condition) -> Clause:
    match condition:
        case AllOf(conditions=parts):
            return and_(true(), *map(_condition, parts))
        case AnyOf(conditions=parts):
            return or_(false(), *map(_condition, parts))
        case Not(condition=inner):
            return not_(_condition(inner))
        case KeyCondition():
            # A missing key compares as NULL; it must count as plain false under NOT.
            return func.coalesce(_comparison(condition), false())


def _comparison(condition: KeyCondition) -> Clause:
    path = literal(condition.key.split("."), ARRAY(TEXT))
    stored = t.memories.c.metadata.op("#>", return_type=JSONB())(path)
    value = condition.value
    match condition.op:
        case Comparison.EQ:
            return stored == _json(value)
        case Comparison.NE:
            return not_(func.coalesce(stored == _json(value), false()))
        case Comparison.IN:
            return or_(false(), *(stored == _json(each) for each in _listed(value)))
        case Comparison.EXISTS:
            return stored.is_(None) if value is False else stored.is_not(None)
        case Comparison.CONTAINS:
            return _contains(stored, value)
        case Comparison.LT | Comparison.LTE | Comparison.GT | Comparison.GTE as op:
            return _ordered(stored, op, value)


_ORDER_OPERATORS: Mapping[Comparison, str] = {
    Comparison.LT: "<",
    Comparison.LTE: "<=",
    Comparison.GT: ">",
    Comparison.GTE: ">=",
}


def _ordered(stored: ColumnElement[Any], op: Comparison, value: Json) -> Clause:
    """Compare numbers with numbers and strings with strings; other pairs never match."""
    given = _json(value)
    same_type = func.jsonb_typeof(stored) == func.jsonb_typeof(given)
    compared: Clause = stored.op(_ORDER_OPERATORS[op], is_comparison=True)(given)
    return and_(same_type, compared)


def _contains(stored: ColumnElement[Any], value: Json) -> Clause:
    """Membership in a list, or, for two strings, a substring."""
    kind = func.jsonb_typeof(stored)
    member: Clause = stored.op("@>", is_comparison=True)(_json(value))
    as_text = stored.op("#>>", return_type=TEXT())(literal([], ARRAY(TEXT)))
    substring: Clause = (
        func.strpos(as_text, literal(value, TEXT)) > 0 if isinstance(value, str) else false()
    )
    return case((kind == "array", member), (kind == "string", substring), else_=false())


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else [value]


def _json(value: Json) -> ColumnElement[Any]:
    return literal(JSON.NULL if value is None else value, JSONB)
