"""What every recall looks up: its bank, and the rows of what it has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import LiteralString, TypeAlias, cast
from uuid import UUID

import numpy as np
from sqlalchemy import bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.episode_evidence import Places
from memsvc.domain.filters import RecallFilter
from memsvc.domain.fusion import Arm
from memsvc.domain.identifiers import BankId, MemoryId, TenantId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import (
    BankScope,
    BankState,
    Memory,
    MemoryKind,
    MemoryState,
    ResolvedBank,
)
from memsvc.domain.retention.sweep import SweepItem
from memsvc.domain.speakers import ASSISTANT_SPELLINGS
from memsvc.errors import BankNotFoundError
from memsvc.store import tables as t
from memsvc.store.filters import conditions
from memsvc.store.rows import current_memories, to_memory
from memsvc.store.single_reads import read_named, read_once
from memsvc.store.wire_types import UuidArray

_BANK: LiteralString = """
SELECT b.bank_id, b.name, b.language, b.model_id, m.partition_no, b.arms_off, EXISTS (
    SELECT 1 FROM memories s WHERE s.bank_id = b.bank_id AND s.speaker = ANY(%(assistants)s)
)
FROM banks b LEFT JOIN bank_models m ON m.bank_id = b.bank_id AND m.model_id = b.model_id
WHERE b.tenant_id = %(tenant)s AND b.state = %(state)s
"""
_BY_NAME: LiteralString = _BANK + "AND b.name = %(reference)s"
_BY_ID: LiteralString = _BANK + "AND b.bank_id = %(reference)s"
# Packed into one value: a thousand rows one by one would take longer to read than to find. Ends of
# ranges are put down before the join: sums may fail, and what may fail is no condition for an index
# where rows are hidden from tenants, so that whole episodes would be read.
_PLACES_NEAR: LiteralString = """
WITH near AS MATERIALIZED (
    SELECT m.episode_id, m.seq - %(reach)s::int AS first, m.seq + %(reach)s::int AS last
    FROM memories m
    WHERE m.bank_id = %(bank)s AND m.memory_id = ANY(%(ids)s) AND m.episode_id IS NOT NULL
)
SELECT string_agg(uuid_send(p.memory_id) || uuid_send(p.episode_id) || int4send(p.seq), '')
FROM (
    SELECT DISTINCT n.memory_id, n.episode_id, n.seq
    FROM near JOIN memories n ON n.bank_id = %(bank)s AND n.episode_id = near.episode_id
        AND n.seq >= near.first AND n.seq <= near.last
    WHERE (n.state = %(state)s OR n.memory_id = ANY(%(beside)s))
        AND (n.expires_at IS NULL OR n.expires_at > %(now)s)
) p
"""
_LINKED: LiteralString = """
SELECT e.hit, e.other, e.weight FROM (
    SELECT l.from_id AS hit, l.to_id AS other, l.weight FROM links l
    WHERE l.bank_id = %(bank)s AND l.type = ANY(%(types)s) AND l.from_id = ANY(%(ids)s)
    UNION ALL
    SELECT l.to_id, l.from_id, l.weight FROM links l
    WHERE l.bank_id = %(bank)s AND l.type = ANY(%(types)s) AND l.to_id = ANY(%(ids)s)
) e JOIN memories m ON m.bank_id = %(bank)s AND m.memory_id = e.other
WHERE (m.state = %(state)s OR m.memory_id = ANY(%(beside)s))
    AND (m.expires_at IS NULL OR m.expires_at > %(now)s)
ORDER BY e.weight DESC, e.hit, e.other LIMIT %(most)s
"""
_LINK_TYPES = [str(LinkType.RELATED), str(LinkType.DERIVED_FROM)]
_MOST_LINKS = 1_000
_TELLINGS: LiteralString = """
SELECT memory_id, occurred_at, speaker FROM memories
WHERE bank_id = %(bank)s AND memory_id = ANY(%(ids)s)
"""
_STANDINGS: LiteralString = """
SELECT memory_id, kind, recorded_at, last_reinforced_at, strength, pinned,
    CASE jsonb_typeof(metadata -> 'importance')
        WHEN 'number' THEN least(greatest((metadata -> 'importance')::numeric, 0), 1)::float8
    END
FROM memories WHERE bank_id = %(bank)s AND memory_id = ANY(%(ids)s)
"""
_PLACE = np.dtype([("key", "S16"), ("episode", "S16"), ("seq", ">i4")])


@dataclass(frozen=True, slots=True)
class Telling:
    """When what a memory tells of happened, and who tells it."""

    occurred_at: datetime
    speaker: str | None


@dataclass(frozen=True, slots=True)
class MemoryStanding:
    """How a memory stands with its bank's retention policy, and with who wrote it."""

    item: SweepItem
    importance: float | None
    """What the number ``importance`` of its metadata is, held within [0, 1]."""


Standings: TypeAlias = Mapping[MemoryId, MemoryStanding]


class RecallReads:
    """Single statements, each in one round trip: on the hot path the rest costs more than they."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def resolve(self, tenant_id: TenantId, reference: str) -> ResolvedBank:
        """Return the bank of this name or id; raises ``BankNotFoundError``."""
        statement, named = _named(reference)
        parameters = {
            "tenant": tenant_id,
            "state": str(BankState.ACTIVE),
            "reference": named,
            "assistants": ASSISTANT_SPELLINGS,
        }
        rows = await read_once(self._engine, tenant_id, statement, parameters)
        if not rows:
            raise BankNotFoundError(bank=reference)
        bank_id, name, language, model_id, partition_no, arms_off, replies = rows[0]
        return ResolvedBank(
            scope=BankScope(tenant_id=tenant_id, bank_id=BankId(bank_id)),
            name=name,
            language=language,
            model_id=model_id,
            partition_no=partition_no,
            arms_off=frozenset(map(Arm, arms_off or ())),
            may_hold_replies=replies,
        )

    async def places_near(
        self,
        scope: BankScope,
        memory_ids: Sequence[MemoryId],
        reach: int,
        now: datetime,
        beside: Sequence[MemoryId] = (),
    ) -> Places:
        """Return the places of memories at most ``reach`` from one of these, and theirs.

        Of active ones, and of those ``beside`` whatever their state.
        """
        parameters = {
            "bank": scope.bank_id,
            "ids": UuidArray(memory_ids),
            "reach": reach,
            "beside": UuidArray(beside),
            "state": str(MemoryState.ACTIVE),
            "now": now,
        }
        [[packed]] = await read_once(self._engine, scope.tenant_id, _PLACES_NEAR, parameters)
        rows = np.frombuffer(packed or b"", _PLACE)
        _, episodes = np.unique(rows["episode"], return_inverse=True)
        return Places(
            keys=np.ascontiguousarray(rows["key"]),
            episodes=episodes.astype(np.int64),
            seqs=rows["seq"].astype(np.int64),
        )

    async def linked(
        self,
        scope: BankScope,
        memory_ids: Sequence[MemoryId],
        now: datetime,
        beside: Sequence[MemoryId] = (),
    ) -> Sequence[tuple[MemoryId, MemoryId, float]]:
        """Return the strongest links of these: the one of them, the other end, and the weight.

        To active memories, and to those ``beside`` whatever their state.
        """
        parameters = {
            "bank": scope.bank_id,
            "ids": UuidArray(memory_ids),
            "types": _LINK_TYPES,
            "beside": UuidArray(beside),
            "state": str(MemoryState.ACTIVE),
            "now": now,
            "most": _MOST_LINKS,
        }
        rows = await read_once(self._engine, scope.tenant_id, _LINKED, parameters)
        return [(MemoryId(hit), MemoryId(other), weight) for hit, other, weight in rows]

    async def tellings(
        self, scope: BankScope, memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, Telling]:
        """Return when and by whom memories were told, whatever their state."""
        parameters = {"bank": scope.bank_id, "ids": UuidArray(memory_ids)}
        rows = await read_once(self._engine, scope.tenant_id, _TELLINGS, parameters)
        return {MemoryId(key): Telling(when, speaker) for key, when, speaker in rows}

    async def standings(self, scope: BankScope, memory_ids: Sequence[MemoryId]) -> Standings:
        """Return how memories stand, whatever their state."""
        parameters = {"bank": scope.bank_id, "ids": UuidArray(memory_ids)}
        rows = await read_once(self._engine, scope.tenant_id, _STANDINGS, parameters)
        return {
            MemoryId(key): MemoryStanding(
                SweepItem(
                    memory_id=MemoryId(key),
                    kind=MemoryKind(kind),
                    recorded_at=recorded_at,
                    last_reinforced_at=last_reinforced_at,
                    strength=strength,
                    pinned=pinned,
                ),
                importance,
            )
            for key, kind, recorded_at, last_reinforced_at, strength, pinned, importance in rows
        }

    async def active(
        self, scope: BankScope, memory_ids: Sequence[MemoryId], now: datetime
    ) -> Mapping[MemoryId, Memory]:
        """Return those of the memories that a recall without a filter may show at ``now``."""
        if not memory_ids:
            return {}
        parameters = {"bank": scope.bank_id, "ids": UuidArray(memory_ids), "now": now}
        statement, fixed = _active_memories()
        values = {**fixed, **parameters}
        rows = await read_named(self._engine, scope.tenant_id, statement, values)
        return {MemoryId(row.memory_id): to_memory(row) for row in rows}


def _named(reference: str) -> tuple[LiteralString, str | UUID]:
    try:
        return _BY_ID, UUID(reference)
    except ValueError:
        return _BY_NAME, reference


@cache
def _active_memories() -> tuple[LiteralString, Mapping[str, object]]:
    """Return the statement of ``MemoryReader.fetch_visible`` for a trivial filter, and its values.

    It is made by the same functions, once: putting it together takes longer than running it.
    """
    # Stand-ins: the types of the columns say how they are compared, not Python's.
    bank = cast("BankId", bindparam("bank", type_=UUID_TYPE(as_uuid=True)))
    now = cast("datetime", bindparam("now", type_=TIMESTAMP(timezone=True)))
    ids = bindparam("ids", type_=ARRAY(UUID_TYPE(as_uuid=True)))
    statement = current_memories(bank).where(
        t.memories.c.memory_id == func.any(ids), *conditions(RecallFilter(), now)
    )
    compiled = statement.compile(dialect=PGDialect_psycopg())  # type: ignore[no-untyped-call]
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), fixed
