"""Where derived indexes come from: the change log, and each memory's state as it is now.

Why nothing is skipped: a transaction's changes become visible when it commits, whatever their
sequence numbers. Below the snapshot horizon (``pg_snapshot_xmin``) every transaction has ended, so
what is visible there is all there will ever be. At or above it, a follower remembers which
sequence numbers it has seen and asks for the others each time.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, LiteralString

import numpy as np
import psycopg
from psycopg.rows import TupleRow
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.filters import ACTIVE_ONLY, INACTIVE_SHOWN
from memsvc.domain.graph.aliases import Alias, read_as
from memsvc.domain.graph.entities import EntityId, StoredEntity, aliases_of
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.sorts import Sort
from memsvc.domain.identifiers import EpisodeId, MemoryId, VectorId
from memsvc.domain.lexical import ANALYZER_VERSION, LexicalForm
from memsvc.domain.memory import BankScope, MemoryState
from memsvc.ports import (
    FeedRequest,
    IndexChanges,
    IndexedVector,
    IndexEntry,
    Watermark,
)
from memsvc.store.change_reads import Change, ChangeReads
from memsvc.store.given import read_mentions
from memsvc.store.session import driver_of
from memsvc.store.single_reads import read_once
from memsvc.store.source import SourceIdentity
from memsvc.store.transactions import transaction

_HORIZON: LiteralString = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       b.changes_trimmed_below::text::bigint,
       {source}
FROM banks b WHERE b.tenant_id = %(tenant)s AND b.bank_id = %(bank)s
"""

_ENTRIES: LiteralString = """
SELECT m.memory_id, l.terms, l.counts, l.length, l.language, v.ids, v.vectors,
       CASE WHEN %(mentions)s THEN m.episode_id END, g.entities, g.counts, g.subjects, s.given
FROM memories m
LEFT JOIN LATERAL (
    SELECT jsonb_agg(each.mentioned) AS given FROM given_sets each
    WHERE %(mentions)s AND each.bank_id = %(bank)s AND each.memory_id = m.memory_id
      AND each.version = m.current_version AND each.holds
) s ON true
LEFT JOIN mentions g
  ON %(mentions)s AND g.bank_id = %(bank)s AND g.bank_id = m.bank_id
 AND g.memory_id = m.memory_id AND g.version = m.current_version
LEFT JOIN lexical_forms l
  ON %(lexical)s AND l.bank_id = %(bank)s AND l.bank_id = m.bank_id AND l.memory_id = m.memory_id
 AND l.version = m.current_version AND l.analyzer_version = %(analyzer)s
LEFT JOIN LATERAL (
    SELECT array_agg(e.vector_id ORDER BY e.vector_id) AS ids,
           array_agg(e.vector ORDER BY e.vector_id) AS vectors
    FROM embeddings e
    WHERE e.bank_id = %(bank)s AND e.memory_id = m.memory_id AND e.version = m.current_version
      AND e.model_id = %(model)s
) v ON true
WHERE m.bank_id = %(bank)s AND m.state = ANY(%(states)s)
"""

_JOINED: LiteralString = """
SELECT e.entity_id, e.form, e.sort, e.merged_into FROM entities e
WHERE e.bank_id = %(bank)s AND e.merged_into IS NOT NULL
UNION
SELECT kept.entity_id, kept.form, kept.sort, kept.merged_into
FROM entities gone JOIN entities kept
  ON kept.bank_id = gone.bank_id AND kept.entity_id = gone.merged_into
WHERE gone.bank_id = %(bank)s AND kept.bank_id = %(bank)s AND gone.merged_into IS NOT NULL
"""
_OF_THESE: LiteralString = " AND m.memory_id = ANY(%(ids)s)"
_PAGE = 2_000


class StoreFeed:
    """The ``IndexFeed`` of production."""

    def __init__(self, engine: AsyncEngine, *, reload_after_changes: int) -> None:
        self._engine = engine
        self._identity = SourceIdentity()
        self._changes = ChangeReads(engine, self._identity, limit=reload_after_changes)

    async def source(self) -> str:
        """Return the fingerprint of the database's history, as watermarks bear it."""
        return await self._identity.fingerprint(self._engine)

    async def changes_since(
        self, scope: BankScope, watermark: Watermark, request: FeedRequest
    ) -> IndexChanges:
        """Return what changed after ``watermark``, each memory at its current state."""
        found = await self._changes.since(scope, watermark)
        if found is None:  # the bank is gone
            return _reload(watermark)
        if found.is_cut or _is_cut(watermark, found.trimmed_below, found.source):
            return _reload(watermark)
        changed_ids = sorted({change.memory_id for change in found.changes})
        upserts = await self._entries(scope, request, changed_ids) if changed_ids else []
        present = {entry.memory_id for entry in upserts}
        removals = [each for each in changed_ids if each not in present]
        lag_s = max((change.age_s for change in found.changes), default=0.0)
        return IndexChanges(
            watermark=_advance(watermark, found.horizon, found.changes),
            upserts=upserts,
            removals=removals,
            lag_s=max(0.0, lag_s),
        )

    async def is_followed(self, scope: BankScope, watermark: Watermark) -> bool:
        """Tell whether the log still has everything since ``watermark``."""
        parameters = {"tenant": scope.tenant_id, "bank": scope.bank_id}
        statement = _HORIZON.format(source=await self._identity.runtime_expression(self._engine))
        rows = await read_once(self._engine, scope.tenant_id, statement, parameters)
        return bool(rows) and not _is_cut(watermark, *rows[0][1:])

    async def _entries(
        self,
        scope: BankScope,
        request: FeedRequest,
        memory_ids: Sequence[MemoryId],
        states: Sequence[MemoryState] = ACTIVE_ONLY,
    ) -> list[IndexEntry]:
        """Return what is current of these memories now, which may be later than the changes."""
        parameters = _entry_parameters(scope, request, states) | {"ids": list(memory_ids)}
        # Names first: a merge that comes between is among the changes of the next time.
        aliases: Mapping[EntityForm, Alias] = {}
        if request.mentions:
            given = {"bank": scope.bank_id}
            joined = await read_once(self._engine, scope.tenant_id, _JOINED, given)
            aliases = _to_aliases(joined)
        rows = await read_once(self._engine, scope.tenant_id, _ENTRIES + _OF_THESE, parameters)
        return [_to_entry(row, aliases) for row in rows]

    async def inactive(
        self, scope: BankScope, memory_ids: Sequence[MemoryId]
    ) -> Sequence[IndexEntry]:
        """Return words and entities of those of the memories that no index holds."""
        request = FeedRequest(model_id=None, mentions=True)
        return await self._entries(scope, request, memory_ids, INACTIVE_SHOWN)

    async def load(
        self, scope: BankScope, request: FeedRequest
    ) -> AsyncIterator[tuple[Watermark, Sequence[IndexEntry]]]:
        """Yield every active memory of the bank in pages of one consistent snapshot.

        The horizon is read first: what commits between it and the rows' snapshot is in the rows
        already and comes once more as a change, which does no harm.
        """
        source = await self._identity.runtime_expression(self._engine)
        async with transaction(self._engine, scope.tenant_id, read_only=True) as connection:
            driver = await driver_of(connection)
            watermark = await _present_horizon(driver, scope, source)
            yielded, aliases = False, await _aliases(driver, scope, request)
            async with driver.cursor("memsvc_index_load", binary=True) as cursor:
                await cursor.execute(_ENTRIES, _entry_parameters(scope, request))
                while rows := await cursor.fetchmany(_PAGE):
                    yielded = True
                    yield watermark, [_to_entry(row, aliases) for row in rows]
            if not yielded:
                yield watermark, []


async def _present_horizon(
    driver: psycopg.AsyncConnection[Any], scope: BankScope, source: LiteralString
) -> Watermark:
    parameters = {"tenant": scope.tenant_id, "bank": scope.bank_id}
    row = await (await driver.execute(_HORIZON.format(source=source), parameters)).fetchone()
    if row is None:
        return Watermark(horizon=0)
    return Watermark(horizon=row[0], trimmed_below=row[1], source=row[2])


async def _aliases(
    driver: psycopg.AsyncConnection[Any], scope: BankScope, request: FeedRequest
) -> Mapping[EntityForm, Alias]:
    if not request.mentions:
        return {}
    return _to_aliases(await (await driver.execute(_JOINED, {"bank": scope.bank_id})).fetchall())


def _to_aliases(rows: Sequence[TupleRow]) -> Mapping[EntityForm, Alias]:
    return aliases_of(
        StoredEntity(
            id=EntityId(entity_id),
            form=EntityForm(form),
            sort=Sort(sort) if sort else None,
            name=form,
            type=None,
            merged_into=None if merged_into is None else EntityId(merged_into),
        )
        for entity_id, form, sort, merged_into in rows
    )


def _entry_parameters(
    scope: BankScope, request: FeedRequest, states: Sequence[MemoryState] = ACTIVE_ONLY
) -> dict[str, object]:
    return {
        "bank": scope.bank_id,
        "lexical": request.lexical,
        "mentions": request.mentions,
        "model": request.model_id,
        "analyzer": ANALYZER_VERSION,
        "states": [str(each) for each in states],
    }


def _to_entry(row: TupleRow, aliases: Mapping[EntityForm, Alias]) -> IndexEntry:
    memory_id, terms, counts, length, language, ids, vectors, episode_id, *mentioned = row
    form = (
        None
        if terms is None
        else LexicalForm(terms=terms, counts=counts, length=length, language=language)
    )
    extracted = _to_extracted(*mentioned)
    return IndexEntry(
        memory_id=MemoryId(memory_id),
        lexical=form,
        vectors=[
            IndexedVector(
                vector_id=VectorId(vector_id), vector=np.asarray(vector.to_numpy(), np.float32)
            )
            for vector_id, vector in zip(ids or (), vectors or (), strict=True)
        ],
        mentions=None if extracted is None else read_as(extracted, aliases),
        episode_id=None if episode_id is None else EpisodeId(episode_id),
    )


def _to_extracted(
    entities: Sequence[str] | None,
    counts: Sequence[int] | None,
    subjects: Sequence[bool] | None,
    given: Sequence[Mapping[str, Any]] | None,
) -> Extracted | None:
    if entities is None and given is None:
        return None
    forms = [EntityForm(each) for each in entities or ()]
    read = Extracted(
        subjects=frozenset(f for f, about in zip(forms, subjects or (), strict=True) if about),
        mentions=Counter(dict(zip(forms, counts or (), strict=True))),
    )
    return read if given is None else read.with_given(map(read_mentions, given))


def _advance(watermark: Watermark, horizon: int, changes: Sequence[Change]) -> Watermark:
    """Return the watermark after these changes: remember only what lies above the horizon."""
    reached = max(horizon, watermark.horizon)
    seen = watermark.applied | {(change.xid, change.seq) for change in changes}
    return Watermark(
        horizon=reached,
        trimmed_below=watermark.trimmed_below,
        source=watermark.source,
        applied=frozenset(change for change in seen if change[0] >= reached),
    )


def _is_cut(watermark: Watermark, trimmed_below: int, source: str) -> bool:
    # A log cut where it was at the load misses nothing, whatever the horizon: a restored dump
    # brings cuts that cannot be compared with the new server's transaction ids.
    return source != watermark.source or trimmed_below > max(
        watermark.horizon, watermark.trimmed_below
    )


def _reload(watermark: Watermark) -> IndexChanges:
    return IndexChanges(watermark=watermark, upserts=(), removals=(), must_reload=True)
