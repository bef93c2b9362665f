"""The calibration of a bank, for recalls that judge whether they have an answer."""

from typing import LiteralString

from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.answerable.calibration import StoredCalibration
from memsvc.domain.memory import BankScope
from memsvc.store.calibrations import to_calibration
from memsvc.store.single_reads import read_named

_OF_BANK: LiteralString = "SELECT * FROM calibrations WHERE bank_id = %(bank)s"


class CalibrationReads:
    """Looks calibrations up in one round trip each: recalls that judge wait for it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, scope: BankScope) -> StoredCalibration | None:
        """Return the calibration of a bank, if it has one."""
        rows = await read_named(self._engine, scope.tenant_id, _OF_BANK, {"bank": scope.bank_id})
        return to_calibration(rows[0]) if rows else None
