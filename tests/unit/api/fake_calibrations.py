"""Calibrations from a script, and one to answer with."""

from dataclasses import dataclass, replace

from memsvc.domain.answerable.calibration import (
    Calibration,
    CaseSource,
    Measured,
    Origin,
    Platt,
    RankingStamp,
    StoredCalibration,
)
from memsvc.domain.answerable.discrimination import Figures
from memsvc.services.calibrations import BankCalibration
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Outcome
from tests.unit.api.answers import BANK_ID, NOON
from tests.unit.api.script import Script

STAMP = RankingStamp(ranking_version=3, embedder="minilm", weights="abc")
FIGURES = Figures(
    area_under_roc=0.9,
    calibration_error=0.04,
    answerable_refused=0.05,
    unanswerable_caught=0.5,
)
STORED = StoredCalibration(
    calibration=Calibration(curve=Platt(slope=0.5, intercept=-1.0), threshold=0.25),
    origin=Origin(
        stamp=STAMP,
        source=CaseSource.GOLDEN,
        answerable=80,
        unanswerable=20,
        measured=Measured(before=replace(FIGURES, calibration_error=0.2), after=FIGURES),
    ),
    actor="api",
    recorded_at=NOON,
)
CALIBRATED = BankCalibration(bank_id=BANK_ID, stored=STORED, current=STAMP, model_threshold=0.4)
PLAIN = replace(CALIBRATED, stored=None)


@dataclass(slots=True)
class FakeCalibrations:
    script: Script

    async def get(self, caller: Caller, reference: BankReference) -> BankCalibration:
        found: BankCalibration = self.script.play("calibrations.get", CALIBRATED, caller, reference)
        return found

    async def set(
        self,
        caller: Caller,
        reference: BankReference,
        calibration: Calibration,
        origin: Origin,
        key: RequestKey | None = None,
    ) -> Outcome[BankCalibration]:
        return self.script.change(
            "calibrations.set", CALIBRATED, caller, reference, calibration, origin, key
        )

    async def clear(
        self, caller: Caller, reference: BankReference, key: RequestKey | None = None
    ) -> Outcome[BankCalibration]:
        return self.script.change("calibrations.clear", PLAIN, caller, reference, key)
