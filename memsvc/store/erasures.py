"""Erasures as they are kept: their notes while they run, their receipts for good."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from memsvc.domain.erasure import Erasure, ErasureId, ErasureState, Subject, SubjectKind
from memsvc.domain.identifiers import BankId, JobId, uuid7
from memsvc.domain.memory import Json
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import ErasureNotFoundError, InvalidRequestError
from memsvc.store import tables as t
from memsvc.store.session import Session


class ErasureReader:
    """Looks erasures up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, bank_id: BankId, erasure_id: ErasureId) -> Erasure:
        """Return the erasure; raises ``ErasureNotFoundError``."""
        return _to_erasure(await self._row(bank_id, erasure_id))

    async def list(self, bank_id: BankId, request: PageRequest) -> Page[Erasure]:
        """Return the bank's erasures, newest first."""
        statement = select(t.erasures).where(t.erasures.c.bank_id == bank_id)
        if request.cursor is not None:
            statement = statement.where(t.erasures.c.erasure_id < _parsed(request.cursor))
        statement = statement.order_by(t.erasures.c.erasure_id.desc()).limit(request.limit + 1)
        found = [_to_erasure(row) for row in await self._session.connection.execute(statement)]
        return cut_page(found, request, [str(each.id) for each in found])

    async def deleted_bank(self, reference: str) -> BankId | None:
        """Return the id of a bank that has erasures, if ``reference`` is one."""
        try:
            bank_id = UUID(reference)
        except ValueError:
            return None
        found = await self._session.connection.execute(
            select(t.erasures.c.bank_id).where(t.erasures.c.bank_id == bank_id).limit(1)
        )
        return None if found.first() is None else BankId(bank_id)

    async def notes(
        self, bank_id: BankId, erasure_id: ErasureId
    ) -> tuple[Sequence[UUID], Sequence[str]]:
        """Return the ids erased so far, and the pieces of text to look for."""
        row = await self._row(bank_id, erasure_id)
        return row.memory_ids, row.probes

    async def _row(self, bank_id: BankId, erasure_id: ErasureId) -> Row[Any]:
        found = await self._session.connection.execute(
            select(t.erasures).where(
                t.erasures.c.bank_id == bank_id, t.erasures.c.erasure_id == erasure_id
            )
        )
        row = found.one_or_none()
        if row is None:
            raise ErasureNotFoundError
        return row


class ErasureWriter(ErasureReader):
    """Begins, follows and closes erasures."""

    def new_id(self) -> ErasureId:
        """Return an id for an erasure that begins now."""
        return ErasureId(uuid7(self._session.clock.now()))

    async def begin(
        self,
        bank_id: BankId,
        erasure_id: ErasureId,
        job_id: JobId,
        actor: str,
        subject: Subject,
    ) -> None:
        """Note what is to be erased."""
        await self._session.connection.execute(
            insert(t.erasures).values(
                bank_id=bank_id,
                erasure_id=erasure_id,
                tenant_id=self._session.tenant_id,
                job_id=job_id,
                state=ErasureState.OPEN,
                actor=actor,
                subject={"kind": subject.kind.value, "values": list(subject.values)},
                memory_ids=[],
                probes=[],
                memory_count=0,
                counts={},
                recorded_at=self._session.clock.now(),
            )
        )

    async def note(
        self,
        bank_id: BankId,
        erasure_id: ErasureId,
        memory_ids: Sequence[UUID],
        probes: Sequence[str],
        counts: Mapping[str, int],
        *,
        unnamed: int = 0,
    ) -> None:
        """Add what a batch has erased, in the batch's own transaction.

        ``unnamed`` memories are counted without their ids.
        """
        row = await self._row(bank_id, erasure_id)
        total = {
            name: row.counts.get(name, 0) + counts.get(name, 0) for name in {*row.counts, *counts}
        }
        await self._set(
            bank_id,
            erasure_id,
            memory_ids=[*row.memory_ids, *memory_ids],
            probes=[*row.probes, *probes],
            memory_count=row.memory_count + len(memory_ids) + unnamed,
            counts=total,
        )

    async def close(
        self,
        bank_id: BankId,
        erasure_id: ErasureId,
        state: ErasureState,
        receipt: Mapping[str, Json],
    ) -> None:
        """Keep the receipt; a complete erasure forgets whom it was about."""
        emptied: dict[str, object] = {"subject": None, "memory_ids": [], "probes": []}
        await self._set(
            bank_id,
            erasure_id,
            state=state,
            receipt=dict(receipt),
            finished_at=self._session.clock.now(),
            **(emptied if state is ErasureState.COMPLETE else {}),
        )

    async def _set(self, bank_id: BankId, erasure_id: ErasureId, **values: object) -> None:
        await self._session.connection.execute(
            update(t.erasures)
            .where(t.erasures.c.bank_id == bank_id, t.erasures.c.erasure_id == erasure_id)
            .values(**values)
        )


def _parsed(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequestError("The cursor is not one of this listing.") from error


def _to_erasure(row: Row[Any]) -> Erasure:
    told = row.subject
    return Erasure(
        id=ErasureId(row.erasure_id),
        bank_id=BankId(row.bank_id),
        job_id=JobId(row.job_id),
        state=ErasureState(row.state),
        actor=row.actor,
        subject=told and Subject(kind=SubjectKind(told["kind"]), values=told["values"]),
        memory_count=row.memory_count,
        counts=row.counts,
        receipt=row.receipt,
        recorded_at=row.recorded_at,
        finished_at=row.finished_at,
    )
