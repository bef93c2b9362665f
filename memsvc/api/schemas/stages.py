"""Optional stages of recall, as recalls and contexts ask for them."""

from typing import Annotated, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt

from memsvc.api.schemas.fields import ResponseModel
from memsvc.services.arms import ArmStatus
from memsvc.services.stage_reports import StageReport

DiversityField = Annotated[
    StrictFloat | StrictInt | None,
    Field(
        ge=0,
        le=1,
        description="Share of its score that a near-duplicate of a better hit loses (same "
        "speaker, nearly the same words, no other number or negation); by default the "
        "service's setting.",
    ),
]
RerankField = Annotated[
    StrictBool,
    Field(
        description="Whether a cross-encoder reads the best candidates together with the question; "
        "refused where the service has none."
    ),
]


class StageResponse(ResponseModel):
    """How an optional stage fared; one that could not be done leaves the answer as it was."""

    status: ArmStatus
    reason: Annotated[str | None, Field(description="Why it was skipped or failed.")]
    model: str
    took_ms: float

    @classmethod
    def of(cls, report: StageReport | None) -> Self | None:
        """Render a report, ``None`` where the stage was not asked for."""
        if report is None:
            return None
        return cls(
            status=report.status,
            reason=report.reason,
            model=report.model,
            took_ms=report.took_ms,
        )
