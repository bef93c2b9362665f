"""What an answer says of an optional stage of its making."""

from dataclasses import dataclass

from memsvc.services.arms import ArmStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """How a stage fared; one that could not be done leaves the answer as it was."""

    status: ArmStatus
    reason: str | None
    """Why it was skipped or failed."""
    model: str
    took_ms: float
