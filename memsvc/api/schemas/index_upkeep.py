"""Bodies about the copies of banks in memory."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.domain.index_checks import Fault, Holder, Mismatch
from memsvc.domain.index_states import FollowerState, HeldBank, ServerIndex
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
    vectors: Annotated[int | None, Field(description="`null` where none are held here.")]
    structure: Annotated[
        str | None, Field(description="`scan` where every vector is compared, else what guides.")
    ]
    structure_recall: Annotated[
        float | None, Field(description="recall@10 measured when the structure was calibrated.")
    ]
    vector_bytes: int | None
    snapshot_at: Annotated[
        datetime | None, Field(description="When the file that a restart resumes from was written.")
    ]
    snapshot_bytes: int | None

    @classmethod
    def of(cls, held: HeldBank) -> Self:
        """Render the bank."""
        vectors, snapshot = held.vectors, held.snapshot
        return cls(
            bank_id=held.bank_id,
            memories=held.memories,
            vectors=None if vectors is None else vectors.size,
            structure=None if vectors is None else vectors.structure,
            structure_recall=None if vectors is None else vectors.measured_recall,
            vector_bytes=None if vectors is None else vectors.nbytes,
            snapshot_at=None if snapshot is None else snapshot.written_at,
            snapshot_bytes=None if snapshot is None else snapshot.nbytes,
        )


class FollowerResponse(ResponseModel):
    """A process that follows the change log."""

    kind: str
    name: str
    horizon: Annotated[int, Field(description="Transactions below it are applied.")]
    started_at: datetime
    heartbeat_at: datetime

    @classmethod
    def of(cls, follower: FollowerState) -> Self:
        """Render the follower."""
        return cls(
            kind=follower.kind,
            name=follower.name,
            horizon=follower.horizon,
            started_at=follower.started_at,
            heartbeat_at=follower.heartbeat_at,
        )


class ServerIndexResponse(ResponseModel):
    """One model's vectors on the index server, of every tenant together."""

    model_id: str
    backend: str | None
    device: str | None
    precision: str | None
    vectors: int
    bytes: int
    failure: Annotated[str | None, Field(description="Why nothing is known of it.")]

    @classmethod
    def of(cls, index: ServerIndex) -> Self:
        """Render the index."""
        return cls(
            model_id=index.model_id,
            backend=index.backend,
            device=index.device,
            precision=index.precision,
            vectors=index.vectors,
            bytes=index.nbytes,
            failure=index.failure,
        )


class IndexStateResponse(ResponseModel):
    """What the answering process answers from."""

    backend: str
    holds_vectors: HoldsVectors
    bytes: int
    banks: list[HeldBankResponse]
    checks: Annotated[int, Field(description="Live answers compared with exact ones so far.")]
    measured_recall: Annotated[
        float | None, Field(description="Mean recall@10 of these comparisons.")
    ]
    followers: list[FollowerResponse]
    server: list[ServerIndexResponse]

    @classmethod
    def of(cls, state: IndexState) -> Self:
        """Render the state."""
        return cls(
            backend=state.backend,
            holds_vectors=state.holds_vectors,
            bytes=state.nbytes,
            banks=[HeldBankResponse.of(each) for each in state.banks],
            checks=state.checks,
            measured_recall=state.measured_recall,
            followers=[FollowerResponse.of(each) for each in state.followers],
            server=[ServerIndexResponse.of(each) for each in state.server],
        )


class MismatchResponse(ResponseModel):
    """One difference from PostgreSQL."""

    holder: Holder
    memory_id: UUID | None
    vector_id: Annotated[int | None, Field(description="`null` when it is about words.")]
    fault: Fault

    @classmethod
    def of(cls, mismatch: Mismatch) -> Self:
        """Render the mismatch."""
        return cls(
            holder=mismatch.holder,
            memory_id=mismatch.memory_id,
            vector_id=mismatch.vector_id,
            fault=mismatch.fault,
        )


class VerificationResponse(ResponseModel):
    """What is held of a bank, compared with PostgreSQL."""

    holds_vectors: HoldsVectors
    compared: Annotated[list[Holder], Field(description="Where there was something to compare.")]
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
            compared=list(outcome.compared),
            memories=outcome.memories,
            vectors=outcome.vectors,
            in_motion=outcome.in_motion,
            mismatch_count=len(outcome.mismatches),
            mismatches=[MismatchResponse.of(each) for each in outcome.mismatches[:MOST_LISTED]],
        )


class RebuiltResponse(ResponseModel):
    """A bank whose indexes were loaded afresh."""

    holds_vectors: HoldsVectors
    memories: int
    server_loaded: Annotated[
        bool | None,
        Field(description="Whether the index server has loaded it already; `null` without one."),
    ]

    @classmethod
    def of(cls, rebuilt: RebuiltBank) -> Self:
        """Render the outcome."""
        return cls(
            holds_vectors=rebuilt.holds_vectors,
            memories=rebuilt.memories,
            server_loaded=rebuilt.server_loaded,
        )
