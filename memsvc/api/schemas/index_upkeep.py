"""Bodies about the copies of banks in memory."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.domain.index_checks import Fault, Mismatch
from memsvc.services.index_upkeep import IndexState, RebuiltBank, VerifiedBank

MOST_LISTED = 100
"""Mismatches in one answer."""

HoldsVectors = Annotated[
    bool,
    Field(description="False where pgvector or an index server has the vectors: words only."),
]


class HeldBankResponse(ResponseModel):
    """A bank in memory."""

    bank_id: UUID
    memories: int


class IndexStateResponse(ResponseModel):
    """What the answering process holds in memory."""

    holds_vectors: HoldsVectors
    bytes: int
    banks: list[HeldBankResponse]

    @classmethod
    def of(cls, state: IndexState) -> Self:
        """Render the state."""
        banks = [HeldBankResponse(bank_id=i, memories=n) for i, n in state.banks.items()]
        return cls(holds_vectors=state.holds_vectors, bytes=state.nbytes, banks=banks)


class MismatchResponse(ResponseModel):
    """One difference from PostgreSQL."""

    memory_id: UUID | None
    vector_id: Annotated[int | None, Field(description="`null` when it is about words.")]
    fault: Fault

    @classmethod
    def of(cls, mismatch: Mismatch) -> Self:
        """Render the mismatch."""
        return cls(memory_id=mismatch.memory_id, vector_id=mismatch.vector_id, fault=mismatch.fault)


class VerificationResponse(ResponseModel):
    """A bank's copy compared with PostgreSQL."""

    holds_vectors: HoldsVectors
    memories: int
    vectors: int
    in_motion: Annotated[int, Field(description="Memories written to meanwhile, not judged.")]
    mismatch_count: int
    mismatches: Annotated[
        list[MismatchResponse], Field(description=f"The first {MOST_LISTED} of them.")
    ]

    @classmethod
    def of(cls, verified: VerifiedBank) -> Self:
        """Render the outcome."""
        outcome = verified.outcome
        return cls(
            holds_vectors=verified.holds_vectors,
            memories=outcome.memories,
            vectors=outcome.vectors,
            in_motion=outcome.in_motion,
            mismatch_count=len(outcome.mismatches),
            mismatches=[MismatchResponse.of(each) for each in outcome.mismatches[:MOST_LISTED]],
        )


class RebuiltResponse(ResponseModel):
    """A copy that was loaded afresh."""

    holds_vectors: HoldsVectors
    memories: int

    @classmethod
    def of(cls, rebuilt: RebuiltBank) -> Self:
        """Render the outcome."""
        return cls(holds_vectors=rebuilt.holds_vectors, memories=rebuilt.memories)
