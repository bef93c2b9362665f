"""Calibrating a bank: its questions asked, and its calibration fitted to how they were judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from memsvc_client import (
    AsyncBank,
    BankCalibration,
    Calibration,
    DiscriminationFigures,
    RankingStamp,
)
from memsvc_client.models import Recall
from pydantic import JsonValue

from memsvc.cli.evaluation.asking import Advance, in_turn
from memsvc.cli.evaluation.cases import Case
from memsvc.cli.failures import CommandError
from memsvc.domain.answerable.discrimination import Figures
from memsvc.domain.answerable.fitting import Cases, Fitted, fit_calibration

Source = Literal["golden", "feedback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What was found, and what it replaces."""

    calibration: Calibration
    was: BankCalibration
    left_out: int
    """Questions for which nothing was found at all: no calibration has to judge them."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        was = self.was.calibration
        return {
            "calibration": self.calibration.to_json(),
            "was": None if was is None else was.to_json(),
            "left_out": self.left_out,
        }


async def calibrate(
    bank: AsyncBank, cases: Sequence[Case], source: Source, workers: int, advance: Advance
) -> Calibrated:
    """Ask every case, and fit a calibration; nothing is recorded, and being a hit is no use.

    A case that expects nothing has no answer. Raises ``InvalidRequestError`` where there are too
    few of either sort, and ``CommandError`` where the service does not judge one.
    """
    was = await bank.calibration()
    said = await in_turn(
        cases, lambda case: _uncalibrated(bank, case, was.current), workers, advance
    )
    judged = [
        (each, bool(case.expected))
        for each, case in zip(said, cases, strict=True)
        if each is not None
    ]
    fitted = fit_calibration(
        Cases(
            uncalibrated=np.array([each for each, _ in judged]),
            has_answer=np.array([has_answer for _, has_answer in judged], dtype=np.bool_),
        ),
        was.model_threshold,
    )
    answerable = sum(has_answer for _, has_answer in judged)
    return Calibrated(
        calibration=_written(fitted, was.current, source, answerable, len(judged) - answerable),
        was=was,
        left_out=len(cases) - len(judged),
    )


async def _uncalibrated(bank: AsyncBank, case: Case, stamp: RankingStamp) -> float | None:
    """Return the model's probability; ``None`` where nothing was found."""
    found = await bank.recall(
        case.text,
        filter=case.filter if case.filter.to_json() else None,
        now=case.now,
        as_of=case.as_of,
        known_at=case.known_at,
        timezone=case.timezone,
        answerable=True,
        record=False,
        reinforce=False,
    )
    return _judged(found, case, stamp)


def _judged(found: Recall, case: Case, stamp: RankingStamp) -> float | None:
    judged = found.answerable
    if judged is None or judged.uncalibrated is None:
        reason = None if judged is None else judged.reason
        raise CommandError(f"The question {case.id} is not judged: {reason or 'no reason given'}")
    if judged.model != stamp.weights:
        raise CommandError("The service changed its weights meanwhile: calibrate again.")
    return None if judged.closest is None else judged.uncalibrated


def _written(
    fitted: Fitted, stamp: RankingStamp, source: Source, answerable: int, unanswerable: int
) -> Calibration:
    return Calibration(
        slope=fitted.calibration.curve.slope,
        intercept=fitted.calibration.curve.intercept,
        threshold=fitted.calibration.threshold,
        stamp=stamp,
        source=source,
        answerable=answerable,
        unanswerable=unanswerable,
        before=_figures(fitted.measured.before),
        after=_figures(fitted.measured.after),
    )


def _figures(figures: Figures) -> DiscriminationFigures:
    return DiscriminationFigures(
        area_under_roc=figures.area_under_roc,
        calibration_error=figures.calibration_error,
        answerable_refused=figures.answerable_refused,
        unanswerable_caught=figures.unanswerable_caught,
    )
