"""Bodies about the calibration of a bank."""

from typing import Annotated, Self

from pydantic import Field

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import RequestModel, ResponseModel
from memsvc.api.schemas.times import UtcTime
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

_Share = Annotated[float, Field(ge=0, le=1)]
_Name = Annotated[str, Field(min_length=1, max_length=limits.NAME_CHARS)]
_Count = Annotated[int, Field(ge=0, le=10_000_000)]


class FiguresModel(RequestModel):
    """How well questions with an answer are told from those without."""

    area_under_roc: Annotated[
        _Share, Field(description="How often an answerable question gets more than another.")
    ]
    calibration_error: Annotated[_Share, Field(description="Mean of |probability - share|.")]
    answerable_refused: _Share
    unanswerable_caught: _Share

    def to_figures(self) -> Figures:
        """Return the figures as use cases know them."""
        return Figures(**self.model_dump())

    @classmethod
    def of(cls, figures: Figures) -> Self:
        """Render figures."""
        return cls(
            area_under_roc=figures.area_under_roc,
            calibration_error=figures.calibration_error,
            answerable_refused=figures.answerable_refused,
            unanswerable_caught=figures.unanswerable_caught,
        )


class StampModel(RequestModel):
    """What a calibration depends on: with another ranking it is not used."""

    ranking_version: Annotated[int, Field(ge=0, le=1_000_000)]
    embedder: Annotated[_Name, Field(description="The bank's embedding model.")]
    weights: Annotated[_Name, Field(description="The training whose probability is calibrated.")]

    def to_stamp(self) -> RankingStamp:
        """Return the stamp as use cases know it."""
        return RankingStamp(**self.model_dump())

    @classmethod
    def of(cls, stamp: RankingStamp) -> Self:
        """Render a stamp."""
        return cls(
            ranking_version=stamp.ranking_version, embedder=stamp.embedder, weights=stamp.weights
        )


class CalibrationModel(RequestModel):
    """How a bank judges: probability = σ(slope · log-odds of the model + intercept)."""

    slope: Annotated[float, Field(gt=0, le=1000)]
    intercept: Annotated[float, Field(ge=-1000, le=1000)]
    threshold: Annotated[
        _Share, Field(description="Below this calibrated probability there is no answer.")
    ]
    stamp: StampModel
    source: Annotated[
        CaseSource,
        Field(description="`golden`: questions with known answers; `feedback`: what was said."),
    ]
    answerable: Annotated[_Count, Field(description="Questions with an answer it is made of.")]
    unanswerable: _Count
    before: Annotated[FiguresModel, Field(description="Of the model by itself.")]
    after: Annotated[FiguresModel, Field(description="By cross-validation.")]

    def to_calibration(self) -> Calibration:
        """Return what judges."""
        return Calibration(
            curve=Platt(slope=self.slope, intercept=self.intercept), threshold=self.threshold
        )

    def to_origin(self) -> Origin:
        """Return how it was made."""
        return Origin(
            stamp=self.stamp.to_stamp(),
            source=self.source,
            answerable=self.answerable,
            unanswerable=self.unanswerable,
            measured=Measured(before=self.before.to_figures(), after=self.after.to_figures()),
        )

    @classmethod
    def of(cls, stored: StoredCalibration) -> Self:
        """Render what is stored."""
        calibration, origin = stored.calibration, stored.origin
        return cls(
            slope=calibration.curve.slope,
            intercept=calibration.curve.intercept,
            threshold=calibration.threshold,
            stamp=StampModel.of(origin.stamp),
            source=origin.source,
            answerable=origin.answerable,
            unanswerable=origin.unanswerable,
            before=FiguresModel.of(origin.measured.before),
            after=FiguresModel.of(origin.measured.after),
        )


class CalibrationResponse(ResponseModel):
    """How a bank judges whether questions are answered; without a calibration as the model does."""

    calibration: CalibrationModel | None
    actor: str | None
    recorded_at: UtcTime | None
    in_use: bool
    note: Annotated[
        str | None, Field(description="Why a calibration is not used that the bank has.")
    ]
    current: Annotated[StampModel, Field(description="What one has to be made for, to be used.")]
    model_threshold: Annotated[float, Field(description="Where the model refuses by itself.")]

    @classmethod
    def of(cls, bank: BankCalibration) -> Self:
        """Render how a bank judges."""
        stored = bank.stored
        return cls(
            calibration=None if stored is None else CalibrationModel.of(stored),
            actor=None if stored is None else stored.actor,
            recorded_at=None if stored is None else stored.recorded_at,
            in_use=stored is not None and bank.note is None,
            note=bank.note,
            current=StampModel.of(bank.current),
            model_threshold=bank.model_threshold,
        )
