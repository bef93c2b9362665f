"""Bodies of the bank routes."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StrictBool, model_validator

from memsvc.api.schemas.fields import (
    BankName,
    Description,
    Language,
    MetadataBody,
    RequestModel,
    ResponseModel,
)
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.fusion import Arm
from memsvc.domain.memory import Bank, BankChange, BankState, FactPolicy
from memsvc.services.commands import NewBank

_FACT_POLICY = Field(
    description="`supersede`: a fact ends where another holds later in its place. `append_only`: "
    "both stand. `fuse`: memories that say nothing else become one that says both with their "
    "times. A change takes hold when facts are settled next, by consolidating."
)


class CreateBankRequest(RequestModel):
    """A bank to create."""

    name: Annotated[BankName, Field(description="Unique per tenant.")]
    description: Description | None = None
    language: Language = "auto"
    fact_policy: Annotated[FactPolicy, _FACT_POLICY] = FactPolicy.SUPERSEDE
    metadata: MetadataBody = Field(default_factory=dict)
    exist_ok: Annotated[
        StrictBool, Field(description="Answer 200 with the bank there is instead of `bank_exists`.")
    ] = False

    def to_command(self) -> NewBank:
        """Return the command for the use case."""
        return NewBank(
            name=self.name,
            description=self.description,
            language=self.language,
            metadata=self.metadata,
            fact_policy=self.fact_policy,
            exist_ok=self.exist_ok,
        )


class UpdateBankRequest(RequestModel):
    """What to change; a field that is absent or null stays as it is."""

    description: Description | None = None
    language: Language | None = None
    fact_policy: Annotated[FactPolicy | None, _FACT_POLICY] = None
    arms_off: Annotated[
        list[Arm] | None,
        Field(
            description="Arms that recalls do not ask unless they name them; an empty list "
            "switches all on. `dense` or `lexical` must stay on."
        ),
    ] = None
    metadata: Annotated[
        MetadataBody | None, Field(description="Replaces the bank's metadata as a whole.")
    ] = None

    @model_validator(mode="after")
    def _something_searches(self) -> Self:
        if {Arm.DENSE, Arm.LEXICAL} <= set(self.arms_off or ()):
            raise ValueError("`dense` or `lexical` must stay on: the other arms go on from theirs")
        return self

    def to_command(self) -> BankChange:
        """Return the command for the use case."""
        return BankChange(
            description=self.description,
            language=self.language,
            metadata=self.metadata,
            fact_policy=self.fact_policy,
            arms_off=self.arms_off,
        )


class EmbeddingModelResponse(ResponseModel):
    """The vector space of a bank."""

    id: Annotated[str, Field(description="Hash of everything that shapes the vectors.")]
    dimension: int


class BankResponse(ResponseModel):
    """A bank: one agent's or user's memory."""

    id: UUID
    name: str
    description: str | None
    language: str
    fact_policy: FactPolicy
    arms_off: list[Arm]
    metadata: dict[str, Any]
    state: BankState
    embedding_model: EmbeddingModelResponse
    memory_count: Annotated[int, Field(description="Active memories.")]
    created_at: UtcTime
    updated_at: UtcTime

    @classmethod
    def of(cls, bank: Bank) -> Self:
        """Render a bank."""
        return cls(
            id=bank.id,
            name=bank.name,
            description=bank.description,
            language=bank.language,
            fact_policy=bank.fact_policy,
            arms_off=list(bank.arms_off),
            metadata=dict(bank.metadata),
            state=bank.state,
            embedding_model=EmbeddingModelResponse(id=bank.model_id, dimension=bank.dimension),
            memory_count=bank.memory_count,
            created_at=bank.created_at,
            updated_at=bank.updated_at,
        )


class BankPage(PageResponse[BankResponse]):
    """Banks by name."""
