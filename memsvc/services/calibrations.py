"""Calibrations of banks: read, set, taken away."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from memsvc.domain.answerable.calibration import (
    Calibration,
    Origin,
    RankingStamp,
    StoredCalibration,
    mismatch,
)
from memsvc.domain.answerable.model import AnswerableModel
from memsvc.domain.fusion import RANKING_VERSION
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import ResolvedBank
from memsvc.errors import ConflictError
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.store.calibration_reads import CalibrationReads
from memsvc.store.recall_reads import RecallReads
from memsvc.store.transactions import Store, WriteTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class BankCalibration:
    """How a bank judges whether questions are answered."""

    bank_id: BankId
    stored: StoredCalibration | None
    """``None``: as the model does."""
    current: RankingStamp
    """What a calibration has to be made for, to be used."""
    model_threshold: float
    """Where the model refuses by itself."""

    @property
    def note(self) -> str | None:
        """Why the stored calibration is not used; ``None`` if it is, or if there is none."""
        return None if self.stored is None else mismatch(self.stored.origin.stamp, self.current)


class Calibrations:
    """What operators do about calibrations."""

    def __init__(
        self,
        store: Store,
        reads: RecallReads,
        calibrations: CalibrationReads,
        model: AnswerableModel,
    ) -> None:
        self._store = store
        self._reads = reads
        self._calibrations = calibrations
        self._model = model
        self._once = Once(
            store=store, result=TypeAdapter(BankCalibration), bank_of=lambda done: done.bank_id
        )

    async def get(self, caller: Caller, bank: BankReference) -> BankCalibration:
        """Return the calibration of a bank, and whether it is used."""
        resolved = await self._reads.resolve(caller.tenant_id, bank.value)
        return self._of(resolved, await self._calibrations.of(resolved.scope))

    async def set(
        self,
        caller: Caller,
        bank: BankReference,
        calibration: Calibration,
        origin: Origin,
        key: RequestKey | None = None,
    ) -> Outcome[BankCalibration]:
        """Have a bank judge by this calibration from now on.

        Raises ``ConflictError`` if it was made for another ranking than that of now.
        """

        async def work(tx: WriteTransaction) -> BankCalibration:
            found = await tx.banks.resolve(bank.value)
            await tx.models.lock_bank(found.scope.bank_id)
            reason = mismatch(origin.stamp, stamp_of(found, self._model))
            if reason is not None:
                raise ConflictError(reason)
            stored = await tx.calibrations.set(
                found.scope.bank_id, caller.actor, calibration, origin
            )
            return self._of(found, stored)

        return await self._once.run(caller, key, work)

    async def clear(
        self, caller: Caller, bank: BankReference, key: RequestKey | None = None
    ) -> Outcome[BankCalibration]:
        """Have a bank judge as the model does from now on."""

        async def work(tx: WriteTransaction) -> BankCalibration:
            found = await tx.banks.resolve(bank.value)
            await tx.models.lock_bank(found.scope.bank_id)
            await tx.calibrations.clear(found.scope.bank_id)
            return self._of(found, None)

        return await self._once.run(caller, key, work)

    def _of(self, bank: ResolvedBank, stored: StoredCalibration | None) -> BankCalibration:
        return BankCalibration(
            bank_id=bank.scope.bank_id,
            stored=stored,
            current=stamp_of(bank, self._model),
            model_threshold=self._model.threshold,
        )


def stamp_of(bank: ResolvedBank, model: AnswerableModel) -> RankingStamp:
    """Return what a calibration of the bank depends on, as it is now."""
    return RankingStamp(
        ranking_version=RANKING_VERSION, embedder=bank.model_id, weights=model.version
    )
