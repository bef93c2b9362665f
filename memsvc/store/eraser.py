"""Physical removal of memories and of every trace that other rows keep of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from memsvc.domain.erasure import Subject, SubjectKind
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.errors import BankNotFoundError
from memsvc.store.erased_entities import EntityEraser
from memsvc.store.erased_records import RecordEraser
from memsvc.store.session import Session

_OWN = {
    SubjectKind.USER: "user_id = ANY(CAST(:values AS text[]))",
    SubjectKind.SESSION: "session_id = ANY(CAST(:values AS text[]))",
    SubjectKind.MEMORIES: "memory_id = ANY(CAST(:values AS uuid[]))",
}
_IDS = "CAST(:ids AS uuid[])"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def _mentions(column: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM regexp_matches({column}::text, '({_UUID})', 'g') AS found"
        f" WHERE found[1]::uuid = ANY({_IDS}))"
    )


# What organising or merging made of the memories, in an order that foreign keys allow.
_OF_MEMORIES = {
    # Thoughts that go were made from others' memories too: these are read once more.
    "thought_readings": f"""
        DELETE FROM thought_readings WHERE bank_id = :bank AND memory_id IN (
            SELECT links.to_id FROM links WHERE links.bank_id = :bank
              AND links.from_id = ANY({_IDS}) AND links.type = 'derived_from')""",
    # Links that a memory took over from one merged into it go with the one they came from.
    "links": f"""
        DELETE FROM links USING operations, operation_effects
        WHERE links.bank_id = :bank AND operations.bank_id = :bank
          AND operation_effects.bank_id = :bank AND operations.kind = 'merge'
          AND operations.state = 'applied'
          AND (operations.details->>'merged')::uuid = ANY({_IDS})
          AND operation_effects.operation_id = operations.operation_id
          AND operation_effects.aspect = 'link' AND links.from_id = operation_effects.target_id
          AND links.type = operation_effects.after->>'type'
          AND links.to_id = (operation_effects.after->>'to_id')::uuid""",
    "audit_events": f"DELETE FROM audit_events WHERE bank_id = :bank AND memory_id = ANY({_IDS})",
    "operation_effects": f"""
        DELETE FROM operation_effects WHERE bank_id = :bank AND target_id = ANY({_IDS})""",
    "recall_hits": f"DELETE FROM recall_hits WHERE bank_id = :bank AND memory_id = ANY({_IDS})",
    "index_changes": f"DELETE FROM index_changes WHERE bank_id = :bank AND memory_id = ANY({_IDS})",
}
CARRIED = {
    "memory_versions": ("memory_id",),
    "lexical_forms": ("memory_id",),
    "embeddings": ("memory_id",),
    "mentions": ("memory_id",),
    "annotations": ("memory_id",),
    "facts": ("memory_id",),
    "fact_readings": ("memory_id",),
    "reinforcements": ("memory_id",),
    "given_sets": ("memory_id",),
    "entity_readings": ("memory_id",),
    "thoughts": ("memory_id",),
    "thought_readings": ("memory_id",),
    "compared_memories": ("memory_id",),
    "reviews": ("one_id", "other_id"),
    "links": ("from_id", "to_id"),
}
"""Tables whose rows foreign keys to their memories remove, by the columns; counted before."""

# Values elsewhere that name an erased memory; one pass over the bank when all are gone.
_TRACES = {
    "operation_effects": f"""
        DELETE FROM operation_effects WHERE bank_id = :bank
          AND ({_mentions("before")} OR {_mentions("after")})""",
    "operations": f"""
        DELETE FROM operations WHERE bank_id = :bank
          AND ((kind = 'merge' AND {_mentions("details")})
               OR (effect_count > 0 AND NOT EXISTS (SELECT 1 FROM operation_effects AS left_over
                   WHERE left_over.bank_id = :bank
                     AND left_over.operation_id = operations.operation_id)))""",
    "operations changed": f"""
        UPDATE operations SET details = '{{"erased": true}}'
        WHERE bank_id = :bank AND {_mentions("details")}""",
    # The audit trail is never rewritten, not even here: an event that names the erased goes whole.
    "audit_events": f"""
        DELETE FROM audit_events WHERE bank_id = :bank AND {_mentions("details")}""",
    "jobs changed": f"""
        UPDATE jobs SET payload = jsonb_set(payload, '{{memory_ids}}', (
            SELECT coalesce(jsonb_agg(each), '[]') FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(payload->'memory_ids') = 'array'
                     THEN payload->'memory_ids' ELSE '[]' END) AS each
            WHERE (each #>> '{{}}')::uuid <> ALL({_IDS})))
        WHERE bank_id = :bank AND payload ? 'memory_ids' AND {_mentions("payload")}""",
    "idempotency_keys": f"""
        DELETE FROM idempotency_keys
        WHERE (bank_id = :bank OR bank_id IS NULL) AND {_mentions("response")}""",
}
_EVOLVED = f"""
    DELETE FROM annotations WHERE bank_id = :bank AND because_of = ANY({_IDS})
    RETURNING memory_id"""
_REANNOTATE = """
    UPDATE memories SET annotation = (
        SELECT max(number) FROM annotations AS kept
        WHERE kept.bank_id = :bank AND kept.memory_id = memories.memory_id
          AND kept.version = memories.current_version AND kept.number <= memories.annotation)
    WHERE bank_id = :bank AND memory_id = ANY(CAST(:touched AS uuid[]))"""


class Eraser:
    """Removes rows; the caller's transaction says which and counts them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._records = RecordEraser(session)
        self._entities = EntityEraser(session)

    async def hold(self, bank_id: BankId) -> None:
        """Keep everybody from writing to the bank; raises ``BankNotFoundError``.

        Each row of bank data refers to its bank, so that a writer waits here at its first row.
        """
        rows = await self._run(
            "SELECT 1 FROM banks WHERE bank_id = :bank AND state = 'active' FOR UPDATE", bank_id
        )
        if rows.first() is None:
            raise BankNotFoundError

    async def doomed(self, bank_id: BankId, subject: Subject, limit: int) -> list[MemoryId]:
        """Return up to ``limit`` memories of the subject, and all that was made from them.

        What was made from others' memories as well goes too: its text may quote the erased.
        """
        found = await self._run(
            f"SELECT memory_id FROM memories WHERE bank_id = :bank AND {_OWN[subject.kind]}"
            " ORDER BY memory_id LIMIT :limit",
            bank_id,
            values=list(subject.values),
            limit=limit,
        )
        ids = set(found.scalars())
        edge = ids
        while edge:
            derived = await self._run(
                f"SELECT DISTINCT from_id FROM links WHERE bank_id = :bank AND to_id = ANY({_IDS})"
                " AND type IN ('derived_from', 'summarises')",
                bank_id,
                ids=list(edge),
            )
            edge = set(derived.scalars()) - ids
            ids |= edge
        return sorted(MemoryId(each) for each in ids)

    async def count(self, bank_id: BankId, subject: Subject) -> int:
        """Return how many memories the subject has, without what was made from them."""
        found = await self._run(
            f"SELECT count(*) FROM memories WHERE bank_id = :bank AND {_OWN[subject.kind]}",
            bank_id,
            values=list(subject.values),
        )
        return int(found.scalar_one())

    async def probes(self, bank_id: BankId, ids: Sequence[UUID], most: int) -> list[str]:
        """Return pieces of the memories' texts that no other memory's text contains."""
        found = await self._run(
            f"""
            WITH piece AS (
                SELECT DISTINCT substring(text FROM 1 FOR 80) AS text FROM memory_versions
                WHERE bank_id = :bank AND memory_id = ANY({_IDS})
                  AND length(text) >= 24 AND text !~ '["\\\\\\n\\r\\t]' LIMIT :most)
            SELECT text FROM piece WHERE NOT EXISTS (
                SELECT 1 FROM memory_versions AS other
                WHERE other.bank_id = :bank AND other.memory_id <> ALL({_IDS})
                  AND strpos(other.text, piece.text) > 0)""",
            bank_id,
            ids=list(ids),
            most=most,
        )
        return list(found.scalars())

    async def reinstate(self, bank_id: BankId, ids: Sequence[UUID]) -> list[MemoryId]:
        """Make active again what had been merged into the memories, or superseded by them."""
        found = await self._run(
            f"""
            UPDATE memories SET state = 'active', updated_at = :now
            WHERE bank_id = :bank AND memory_id <> ALL({_IDS}) AND (
                (state = 'merged' AND EXISTS (SELECT 1 FROM links WHERE links.bank_id = :bank
                    AND links.from_id = memories.memory_id AND type = 'merged_into'
                    AND links.to_id = ANY({_IDS})))
                OR (state = 'superseded'
                    AND EXISTS (SELECT 1 FROM links WHERE links.bank_id = :bank
                        AND links.to_id = memories.memory_id AND type = 'supersedes'
                        AND links.from_id = ANY({_IDS}))
                    AND NOT EXISTS (SELECT 1 FROM links WHERE links.bank_id = :bank
                        AND links.to_id = memories.memory_id AND type = 'supersedes'
                        AND links.from_id <> ALL({_IDS}))))
            RETURNING memory_id""",
            bank_id,
            ids=list(ids),
            now=self._session.clock.now(),
        )
        return sorted(MemoryId(each) for each in found.scalars())

    async def remove(self, bank_id: BankId, ids: Sequence[UUID]) -> dict[str, int]:
        """Remove the memories and all rows that are about them alone; return rows by table."""
        listed = list(ids)
        counts = Counter(await self._records.of_memories(bank_id, listed))
        for table, statement in _OF_MEMORIES.items():
            counts[table] += (await self._run(statement, bank_id, ids=listed)).rowcount
        for table, columns in CARRIED.items():
            named = " OR ".join(f"{column} = ANY({_IDS})" for column in columns)
            counted = await self._run(
                f"SELECT count(*) FROM {table} WHERE bank_id = :bank AND ({named})",
                bank_id,
                ids=listed,
            )
            counts[table] += int(counted.scalar_one())
        gone = await self._run(
            f"DELETE FROM memories WHERE bank_id = :bank AND memory_id = ANY({_IDS})",
            bank_id,
            ids=listed,
        )
        counts["memories"] = gone.rowcount
        return counts

    async def remove_traces(
        self, bank_id: BankId, ids: Sequence[UUID], subject: Subject, probes: Sequence[str]
    ) -> dict[str, int]:
        """Remove what other rows say of the memories, or quote of them; return rows by table."""
        listed = list(ids)
        evolved = (await self._run(_EVOLVED, bank_id, ids=listed)).scalars().all()
        touched = sorted(set(evolved))
        await self._run(_REANNOTATE, bank_id, touched=touched)
        views = await self._run(
            "DELETE FROM embeddings WHERE bank_id = :bank AND view <> 'text'"
            " AND memory_id = ANY(CAST(:touched AS uuid[]))",
            bank_id,
            touched=touched,
        )
        counts = {"annotations": len(evolved), "embeddings": views.rowcount}
        removed, renamed = await self._entities.remove(bank_id, listed)
        touched = sorted({*touched, *renamed})
        counts |= removed
        for table, statement in _TRACES.items():
            counts[table] = (await self._run(statement, bank_id, ids=listed)).rowcount
        counts |= await self._remove_episodes(bank_id, subject)
        counts |= await self._records.of_subject(bank_id, subject, probes)
        return counts

    async def _remove_episodes(self, bank_id: BankId, subject: Subject) -> dict[str, int]:
        emptied = await self._run(
            "DELETE FROM episodes WHERE bank_id = :bank AND memory_count > 0"
            " AND NOT EXISTS (SELECT 1 FROM memories"
            " WHERE memories.bank_id = :bank AND memories.episode_id = episodes.episode_id)",
            bank_id,
        )
        counts = {"episodes": emptied.rowcount}
        await self._run(
            "UPDATE episodes SET memory_count = kept.number FROM (SELECT episode_id,"
            " count(*) AS number FROM memories WHERE bank_id = :bank GROUP BY episode_id) AS kept"
            " WHERE episodes.bank_id = :bank AND episodes.episode_id = kept.episode_id"
            " AND episodes.memory_count > kept.number",
            bank_id,
        )
        if subject.kind is SubjectKind.MEMORIES:
            return counts
        column = "user_id" if subject.kind is SubjectKind.USER else "session_id"
        shared = await self._run(
            f"UPDATE episodes SET {column} = NULL, title = NULL, metadata = '{{}}'"
            f" WHERE bank_id = :bank AND {_OWN[subject.kind]}",
            bank_id,
            values=list(subject.values),
        )
        answers = await self._run(
            "DELETE FROM idempotency_keys WHERE (bank_id = :bank OR bank_id IS NULL)"
            " AND strpos(response::text, :pair) > 0",
            bank_id,
            pair=_pair(column, subject.values[0]),
        )
        return counts | {"episodes changed": shared.rowcount, "answers": answers.rowcount}

    async def _run(self, statement: str, bank_id: BankId, **values: object) -> Any:  # noqa: ANN401
        return await self._session.connection.execute(text(statement), {"bank": bank_id} | values)


def _pair(column: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{column}": "{escaped}"'
