"""Calibrations of banks: one each, or none."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.answerable.calibration import (
    Calibration,
    CaseSource,
    Measured,
    Origin,
    Platt,
    RankingStamp,
    StoredCalibration,
)
from memsvc.domain.identifiers import BankId
from memsvc.store import tables as t
from memsvc.store.session import Session

_MEASURED = TypeAdapter(Measured)


class CalibrationWriter:
    """Sets calibrations and takes them away."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def set(
        self, bank_id: BankId, actor: str, calibration: Calibration, origin: Origin
    ) -> StoredCalibration:
        """Have the bank judge by this calibration, instead of any that it has."""
        stored = StoredCalibration(
            calibration=calibration,
            origin=origin,
            actor=actor,
            recorded_at=self._session.clock.now(),
        )
        values = _to_row(stored)
        await self._session.connection.execute(
            insert(t.calibrations)
            .values(bank_id=bank_id, tenant_id=self._session.tenant_id, **values)
            .on_conflict_do_update(index_elements=["bank_id"], set_=values)
        )
        return stored

    async def clear(self, bank_id: BankId) -> None:
        """Take the bank's calibration away, if it has one."""
        await self._session.connection.execute(
            delete(t.calibrations).where(t.calibrations.c.bank_id == bank_id)
        )


def _to_row(stored: StoredCalibration) -> dict[str, object]:
    curve, origin = stored.calibration.curve, stored.origin
    return {
        "slope": curve.slope,
        "intercept": curve.intercept,
        "threshold": stored.calibration.threshold,
        "ranking_version": origin.stamp.ranking_version,
        "embedder": origin.stamp.embedder,
        "weights": origin.stamp.weights,
        "source": origin.source,
        "answerable": origin.answerable,
        "unanswerable": origin.unanswerable,
        "measured": _MEASURED.dump_python(origin.measured, mode="json"),
        "actor": stored.actor,
        "recorded_at": stored.recorded_at,
    }


def to_calibration(row: Any) -> StoredCalibration:  # noqa: ANN401 — a row of the table
    """Return what a row of the table holds."""
    return StoredCalibration(
        calibration=Calibration(
            curve=Platt(slope=row.slope, intercept=row.intercept), threshold=row.threshold
        ),
        origin=Origin(
            stamp=RankingStamp(
                ranking_version=row.ranking_version, embedder=row.embedder, weights=row.weights
            ),
            source=CaseSource(row.source),
            answerable=row.answerable,
            unanswerable=row.unanswerable,
            measured=_MEASURED.validate_python(row.measured),
        ),
        actor=row.actor,
        recorded_at=row.recorded_at,
    )
