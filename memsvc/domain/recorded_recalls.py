"""Recorded recalls: what was asked, with what, and which memories answered. No memory text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from memsvc.domain.filters import AllOf, AnyOf, Comparison, Condition, KeyCondition, Not
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import Json

RecallId = NewType("RecallId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedHit:
    """A memory of an answer, or a near miss, as it was then."""

    memory_id: MemoryId
    score: float
    parts: Mapping[str, Json]
    """By arm; with ``hop`` and ``factors`` where there were any."""
    version: int | None = None
    """``None`` for a near miss."""
    dropped_for: str | None = None
    """Why it is no hit; ``None`` for hits."""
    strength: float | None = None
    last_reinforced_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRecall:
    """A question and its answer."""

    id: RecallId
    bank_id: BankId
    question: str
    parameters: Mapping[str, Json]
    settings: Mapping[str, Json]
    """Weights and constants that the answer depends on."""
    model_id: str
    backend: str
    mode: str
    arms: Mapping[str, Json]
    took_ms: Mapping[str, float]
    actor: str
    asked_for: datetime
    """The instant that the question was answered at: its ``now``."""
    recorded_at: datetime
    hits: Sequence[RecordedHit]
    """By rank; near misses come last."""
    helped: Sequence[MemoryId] = ()
    """What was said to have been of use, hit or not, as far as it was not taken back."""
    misled: Sequence[MemoryId] = ()


def written_condition(condition: Condition) -> Json:
    """Return a condition as JSON that tells its four forms apart."""
    if isinstance(condition, AllOf):
        return {"and": [written_condition(each) for each in condition.conditions]}
    if isinstance(condition, AnyOf):
        return {"or": [written_condition(each) for each in condition.conditions]}
    if isinstance(condition, Not):
        return {"not": written_condition(condition.condition)}
    return {"key": condition.key, "op": condition.op.value, "value": condition.value}


def read_condition(written: Json) -> Condition:
    """Return the condition that ``written_condition`` wrote."""
    assert isinstance(written, Mapping)  # noqa: S101 — made by ``written_condition``
    for name, combined in (("and", AllOf), ("or", AnyOf)):
        parts = written.get(name)
        if isinstance(parts, list):
            return combined(conditions=[read_condition(each) for each in parts])
    if "not" in written:
        return Not(condition=read_condition(written["not"]))
    return KeyCondition(
        key=str(written["key"]), op=Comparison(str(written["op"])), value=written["value"]
    )
