"""The models that a bank has vectors of: looking them up, and moving the bank between them.

``banks.model_id`` names the serving one, which writers read with the row they lock; the rows here
say what the others are.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.bank_models import BankModel, ModelState
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import BankState, Json
from memsvc.errors import BankNotFoundError
from memsvc.store import tables as t
from memsvc.store.session import Session


class BankModelReader:
    """Looks up the models of banks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, bank_id: BankId) -> list[BankModel]:
        """Return the bank's models, the serving one first, then the newest."""
        columns = t.bank_models.c
        statement = (
            select(t.bank_models)
            .where(columns.bank_id == bank_id)
            .order_by(columns.state != ModelState.SERVING, columns.created_at.desc())
        )
        return [
            BankModel(
                model_id=row.model_id,
                dimension=row.dimension,
                state=ModelState(row.state),
                created_at=row.created_at,
                retired_at=row.retired_at,
                report=row.report,
            )
            for row in await self._session.connection.execute(statement)
        ]


class BankModelWriter(BankModelReader):
    """Moves banks between models."""

    async def lock_bank(self, bank_id: BankId) -> tuple[str, int]:
        """Wait for the bank's writers, keep others out until the transaction ends.

        Returns the serving model's id and dimension. Raises ``BankNotFoundError``.
        """
        statement = (
            select(t.banks.c.model_id, t.banks.c.dimension)
            .where(
                t.banks.c.tenant_id == self._session.tenant_id,
                t.banks.c.bank_id == bank_id,
                t.banks.c.state == BankState.ACTIVE,
            )
            .with_for_update()
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        if row is None:
            raise BankNotFoundError(bank=str(bank_id))
        return row.model_id, row.dimension

    async def set_state(
        self, bank_id: BankId, model_id: str, dimension: int, state: ModelState
    ) -> None:
        """Make the model what ``state`` says to the bank; it may be new to it."""
        now = self._session.clock.now()
        retired_at = now if state is ModelState.RETIRED else None
        statement = insert(t.bank_models).values(
            bank_id=bank_id,
            model_id=model_id,
            tenant_id=self._session.tenant_id,
            dimension=dimension,
            partition_no=t.partition_numbers.next_value(),
            state=state,
            created_at=now,
            retired_at=retired_at,
        )
        await self._session.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["bank_id", "model_id"],
                set_={"state": state, "retired_at": retired_at},
            )
        )

    async def serve_with(self, bank_id: BankId, model_id: str, dimension: int) -> None:
        """Have the bank's vectors be the model's from this transaction on; its row is locked.

        The model that served is retired, and every memory counts as embedded: all have vectors
        of the new one.
        """
        retiring, old_dimension = await self.lock_bank(bank_id)
        await self.set_state(bank_id, retiring, old_dimension, ModelState.RETIRED)
        await self.set_state(bank_id, model_id, dimension, ModelState.SERVING)
        await self._session.connection.execute(
            update(t.banks)
            .where(t.banks.c.bank_id == bank_id)
            .values(model_id=model_id, dimension=dimension, updated_at=self._session.clock.now())
        )
        await self._session.connection.execute(
            update(t.memories)
            .where(t.memories.c.bank_id == bank_id, t.memories.c.embedded.is_(False))
            .values(embedded=True)
        )

    async def renumber(self, bank_id: BankId, model_id: str) -> None:
        """Have shared indexes load the model's vectors afresh, under a number never used before."""
        await self._session.connection.execute(
            update(t.bank_models)
            .where(t.bank_models.c.bank_id == bank_id, t.bank_models.c.model_id == model_id)
            .values(partition_no=t.partition_numbers.next_value())
        )

    async def note_report(self, bank_id: BankId, model_id: str, report: Mapping[str, Json]) -> None:
        """Keep the figures of the last comparison."""
        await self._session.connection.execute(
            update(t.bank_models)
            .where(t.bank_models.c.bank_id == bank_id, t.bank_models.c.model_id == model_id)
            .values(report=dict(report))
        )

    async def retire_other_building(self, bank_id: BankId, model_id: str) -> None:
        """Give up models that were being built, but for this one."""
        await self._session.connection.execute(
            update(t.bank_models)
            .where(
                t.bank_models.c.bank_id == bank_id,
                t.bank_models.c.model_id != model_id,
                t.bank_models.c.state == ModelState.BUILDING,
            )
            .values(state=ModelState.RETIRED, retired_at=self._session.clock.now())
        )

    async def purge_some_retired(self, bank_id: BankId, before: datetime, limit: int) -> int:
        """Remove up to ``limit`` vectors of models retired before then; return how many went.

        A model without vectors left is forgotten.
        """
        columns = t.bank_models.c
        gone = select(columns.model_id).where(
            columns.bank_id == bank_id,
            columns.state == ModelState.RETIRED,
            columns.retired_at < before,
        )
        # Held until the end: nobody makes a model serve while its vectors go.
        models = list(await self._session.connection.scalars(gone.with_for_update()))
        if not models:
            return 0
        doomed = (
            select(t.embeddings.c.vector_id)
            .where(
                t.embeddings.c.bank_id == bank_id,
                t.embeddings.c.model_id == func.any(models),
            )
            .limit(limit)
        )
        result = await self._session.connection.execute(
            delete(t.embeddings).where(
                t.embeddings.c.bank_id == bank_id, t.embeddings.c.vector_id.in_(doomed)
            )
        )
        if result.rowcount < limit:
            await self._session.connection.execute(
                delete(t.bank_models).where(
                    columns.bank_id == bank_id, columns.model_id == func.any(models)
                )
            )
        return result.rowcount
