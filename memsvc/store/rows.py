"""Between rows and records: what stands in `memories` and `memory_versions`, as domain records."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select

from memsvc.domain.filters import RecallFilter
from memsvc.domain.identifiers import BankId, EpisodeId, MemoryId
from memsvc.domain.memory import Memory, MemoryKind, MemoryState, ScopeKeys
from memsvc.domain.organising.notes import initial_state
from memsvc.store import tables as t

CURRENT_VERSION: ColumnElement[bool] = and_(
    t.memory_versions.c.bank_id == t.memories.c.bank_id,
    t.memory_versions.c.memory_id == t.memories.c.memory_id,
    t.memory_versions.c.version == t.memories.c.current_version,
)


def current_memories(bank_id: BankId) -> Select[Any]:
    """Return a SELECT of a bank's memories, each with the text of its current version."""
    return (
        select(t.memories, t.memory_versions.c.text)
        .join(t.memory_versions, CURRENT_VERSION)
        .where(t.memories.c.bank_id == bank_id, t.memory_versions.c.bank_id == bank_id)
    )


def shown_version(wanted: RecallFilter) -> ColumnElement[bool]:
    """Return how memories are joined with the version of them that a filter shows."""
    return CURRENT_VERSION if wanted.known_at is None else _version_at(wanted.known_at)


def shown_memories(bank_id: BankId, wanted: RecallFilter) -> Select[Any]:
    """Return a SELECT of a bank's memories as a filter shows them.

    With ``known_at`` each comes with the version that was its current one then: with the words,
    speaker and time of that. All else is as it is now.
    """
    if wanted.known_at is None:
        return current_memories(bank_id)
    memories, versions = t.memories.c, t.memory_versions.c
    versioned = {"current_version", "speaker", "occurred_at"}
    return (
        select(
            *(column for column in memories if column.name not in versioned),
            versions.version.label("current_version"),
            versions.speaker,
            versions.occurred_at,
            versions.text,
        )
        .select_from(t.memories)
        .join(t.memory_versions, _version_at(wanted.known_at))
        .where(memories.bank_id == bank_id, versions.bank_id == bank_id)
    )


def _version_at(instant: datetime) -> ColumnElement[bool]:
    memories, versions = t.memories.c, t.memory_versions.c
    earlier = t.memory_versions.alias("earlier").c
    latest = (
        select(func.max(earlier.version))
        .where(
            earlier.bank_id == memories.bank_id,
            earlier.memory_id == memories.memory_id,
            earlier.recorded_at <= instant,
        )
        .scalar_subquery()
    )
    return and_(
        versions.bank_id == memories.bank_id,
        versions.memory_id == memories.memory_id,
        versions.version == latest,
    )


def to_memory(row: Row[Any]) -> Memory:
    """Return the record of a row of ``current_memories``."""
    return Memory(
        id=MemoryId(row.memory_id),
        bank_id=BankId(row.bank_id),
        kind=MemoryKind(row.kind),
        state=MemoryState(row.state),
        text=row.text,
        speaker=row.speaker,
        source=row.source,
        external_id=row.external_id,
        episode_id=None if row.episode_id is None else EpisodeId(row.episode_id),
        seq=row.seq,
        keys=ScopeKeys(user_id=row.user_id, agent_id=row.agent_id, session_id=row.session_id),
        metadata=row.metadata,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        updated_at=row.updated_at,
        version=row.current_version,
        embedded=row.embedded,
        expires_at=row.expires_at,
        pinned=row.pinned,
        strength=row.strength,
        last_reinforced_at=row.last_reinforced_at,
        recall_count=row.recall_count,
    )


def from_memory(memory: Memory) -> dict[str, object]:
    """Return the columns of ``memories`` that a new version sets, ``tenant_id`` aside."""
    return {
        "bank_id": memory.bank_id,
        "memory_id": memory.id,
        "episode_id": memory.episode_id,
        "seq": memory.seq,
        "kind": memory.kind,
        "state": memory.state,
        "current_version": memory.version,
        "speaker": memory.speaker,
        "source": memory.source,
        "external_id": memory.external_id,
        "user_id": memory.keys.user_id,
        "agent_id": memory.keys.agent_id,
        "session_id": memory.keys.session_id,
        "metadata": dict(memory.metadata),
        "occurred_at": memory.occurred_at,
        "recorded_at": memory.recorded_at,
        "updated_at": memory.updated_at,
        "expires_at": memory.expires_at,
        "pinned": memory.pinned,
        "strength": memory.strength,
        "last_reinforced_at": memory.last_reinforced_at,
        "recall_count": memory.recall_count,
        "embedded": memory.embedded,
        # A new text has no annotations yet: those of an earlier one are about that one.
        "organising": initial_state(memory.kind),
        "annotation": None,
    }
