"""Whether a question is answered by what was found."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.records import Record


class Answerable(Record):
    """Whether what was found answers the question."""

    probability: float | None = None
    """0 to 1; ``None`` if it could not be judged, for which ``reason`` says why."""
    uncalibrated: float | None = None
    """As the model has it; differs where the bank's calibration was used."""
    is_answerable: bool | None = None
    statement: str | None = None
    """A sentence: what nothing is stored about, and what is closest."""
    missing: tuple[str, ...] = ()
    """Rare words of the question that no good candidate holds."""
    closest: UUID | None = None
    reason: str | None = None
    model: str | None = None
    calibrated_at: AwareDatetime | None = None
    """When the bank's calibration was made; ``None`` if none was used."""
    note: str | None = None
    """Why a calibration was not used that the bank has."""
    features: Mapping[str, float] | None = None
    """What was weighed; only when asked to explain."""
