"""What records of use say of the erased: recorded questions, and the sessions of feedback."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from memsvc.domain.erasure import Subject, SubjectKind
from memsvc.domain.identifiers import BankId
from memsvc.store.session import Session

_EMPTIED = text("""
    SELECT DISTINCT session_id FROM memories AS gone
    WHERE bank_id = :bank AND memory_id = ANY(CAST(:ids AS uuid[])) AND session_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM memories AS other
          WHERE other.bank_id = :bank AND other.session_id = gone.session_id
            AND other.memory_id <> ALL(CAST(:ids AS uuid[])))""")
"""Sessions of which nothing is left without these memories."""
_UNANSWERED = text("""
    DELETE FROM recalls WHERE bank_id = :bank
      AND EXISTS (SELECT 1 FROM recall_hits AS hit
          WHERE hit.bank_id = :bank AND hit.recall_id = recalls.recall_id
            AND hit.memory_id = ANY(CAST(:ids AS uuid[])) AND hit.dropped_for IS NULL)
      AND NOT EXISTS (SELECT 1 FROM recall_hits AS hit
          WHERE hit.bank_id = :bank AND hit.recall_id = recalls.recall_id
            AND hit.memory_id <> ALL(CAST(:ids AS uuid[])) AND hit.dropped_for IS NULL)""")
"""Questions that these memories alone have answered: they are about whoever is erased."""
_ASKED_FOR = (
    "DELETE FROM recalls WHERE bank_id = :bank"
    " AND (parameters #>> '{{filter,{key}}}' = ANY(CAST(:values AS text[]))"
    " OR parameters #>> '{{context,{key}}}' = ANY(CAST(:values AS text[])))"
)
_QUOTING = text("""
    DELETE FROM recalls WHERE bank_id = :bank
      AND EXISTS (SELECT 1 FROM unnest(CAST(:probes AS text[])) AS probe
          WHERE strpos(question, probe) > 0 OR strpos(parameters::text, probe) > 0)""")
_OCCASIONS = text(
    "DELETE FROM reinforcements WHERE bank_id = :bank AND occasion = ANY(CAST(:values AS text[]))"
)


class RecordEraser:
    """Removes rows; part of ``Eraser``, in its transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of_memories(self, bank_id: BankId, ids: Sequence[UUID]) -> dict[str, int]:
        """Remove what is about the memories alone, before they go; return rows by table.

        These are the recorded recalls that only they answered, and what names a session that ends
        with them: a session's id tells whose it was.
        """
        listed = list(ids)
        sessions = list((await self._run(_EMPTIED, bank_id, ids=listed)).scalars())
        unanswered = await self._run(_UNANSWERED, bank_id, ids=listed)
        counts = {"recalls": unanswered.rowcount, "reinforcements": 0}
        if sessions:
            of_sessions = await self._of_scope(bank_id, "session_id", sessions)
            counts = {name: counts[name] + of_sessions[name] for name in counts}
        return counts

    async def of_subject(
        self, bank_id: BankId, subject: Subject, probes: Sequence[str]
    ) -> dict[str, int]:
        """Remove what was asked for the subject, or quotes it; return rows by table."""
        quoting = await self._run(_QUOTING, bank_id, probes=list(probes))
        counts = {"recalls": quoting.rowcount, "reinforcements": 0}
        if subject.kind in {SubjectKind.USER, SubjectKind.SESSION}:
            key = "user_id" if subject.kind is SubjectKind.USER else "session_id"
            of_scope = await self._of_scope(bank_id, key, subject.values)
            counts = {name: counts[name] + of_scope[name] for name in counts}
        return counts

    async def _of_scope(self, bank_id: BankId, key: str, values: Sequence[str]) -> dict[str, int]:
        listed = list(values)
        asked = await self._run(text(_ASKED_FOR.format(key=key)), bank_id, values=listed)
        occasions = 0
        if key == "session_id":
            occasions = (await self._run(_OCCASIONS, bank_id, values=listed)).rowcount
        return {"recalls": asked.rowcount, "reinforcements": occasions}

    async def _run(self, statement: Any, bank_id: BankId, **values: object) -> Any:  # noqa: ANN401
        return await self._session.connection.execute(statement, {"bank": bank_id} | values)
