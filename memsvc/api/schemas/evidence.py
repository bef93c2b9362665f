"""Bodies about what bears facts and thoughts."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.domain.evidence import Evidence


class EvidenceResponse(ResponseModel):
    """Words of a memory."""

    memory_id: UUID
    version: Annotated[int, Field(description="Of the text, which does not change within it.")]
    start: Annotated[int, Field(description="In characters (Unicode code points), from 0.")]
    end: Annotated[int, Field(description="After the last character.")]

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """Render where the words stand."""
        return cls(
            memory_id=evidence.memory_id,
            version=evidence.version,
            start=evidence.start,
            end=evidence.end,
        )
