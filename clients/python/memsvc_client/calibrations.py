"""How a bank judges whether questions are answered; records and calls."""

from pydantic import AwareDatetime

from memsvc_client.call import Call, Reference, bank_path
from memsvc_client.records import Body, Record


class RankingStamp(Body):
    """What a calibration depends on: with another ranking it is not used."""

    ranking_version: int
    embedder: str
    weights: str


class DiscriminationFigures(Body):
    """How well questions with an answer are told from those without."""

    area_under_roc: float
    calibration_error: float
    answerable_refused: float
    unanswerable_caught: float


class Calibration(Body):
    """How a bank judges: probability = σ(slope · log-odds of the model + intercept)."""

    slope: float
    intercept: float
    threshold: float
    """Below this calibrated probability there is no answer."""
    stamp: RankingStamp
    source: str
    """``golden`` or ``feedback``."""
    answerable: int
    """Questions with an answer that it is made of."""
    unanswerable: int
    before: DiscriminationFigures
    after: DiscriminationFigures
    """By cross-validation."""


class BankCalibration(Record):
    """How a bank judges; without a calibration as the model does."""

    calibration: Calibration | None = None
    actor: str | None = None
    recorded_at: AwareDatetime | None = None
    in_use: bool
    note: str | None = None
    """Why a calibration is not used that the bank has."""
    current: RankingStamp
    """What one has to be made for, to be used."""
    model_threshold: float
    """Where the model refuses by itself."""


def get_calibration(bank: Reference) -> Call[BankCalibration]:
    """Describe the reading of a bank's calibration."""
    return Call(method="GET", path=_path(bank), result=BankCalibration)


def set_calibration(bank: Reference, calibration: Calibration) -> Call[BankCalibration]:
    """Describe the setting of a bank's calibration."""
    return Call(
        method="PUT",
        path=_path(bank),
        result=BankCalibration,
        json=calibration.to_json(),
        mutates=True,
    )


def clear_calibration(bank: Reference) -> Call[BankCalibration]:
    """Describe the end of a bank's calibration."""
    return Call(method="DELETE", path=_path(bank), result=BankCalibration, mutates=True)


def _path(bank: Reference) -> str:
    return f"{bank_path(bank)}/calibration"
