"""Bodies about what memories claim."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from memsvc.api.schemas.evidence import EvidenceResponse
from memsvc.api.schemas.fields import Name, ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.api.schemas.times import QueryTime, UtcTime
from memsvc.services.facts import FactQuery, ShownFact


class FactsQuery(PageQuery):
    """Which facts of a bank."""

    subject: Annotated[Name | None, Field(description="Whom or what it is about.")] = None
    entity: Annotated[
        Name | None, Field(description="What it is about or says: its subject or object.")
    ] = None
    predicate: Annotated[Name | None, Field(examples=["lives in"])] = None
    as_of: Annotated[
        QueryTime | None, Field(description="What held then; by default what holds now.")
    ] = None
    known_at: Annotated[
        QueryTime | None,
        Field(
            description="By what was known then: facts of memories recorded or corrected later are "
            "left out, and end no others."
        ),
    ] = None
    all: Annotated[
        bool,
        Field(description="Also what holds no longer or not yet, and what denies."),
    ] = False

    @model_validator(mode="after")
    def _all_has_no_time(self) -> Self:
        if self.all and self.as_of is not None:
            raise ValueError("`all` facts and those `as_of` a time exclude each other; give one")
        return self

    def to_query(self) -> FactQuery:
        """Return the query for the use case."""
        return FactQuery(
            subject=self.subject,
            entity=self.entity,
            predicate=self.predicate,
            as_of=self.as_of,
            known_at=self.known_at,
            every=self.all,
        )


class FactResponse(ResponseModel):
    """What a memory claims, and from when up to, not including, when it holds."""

    id: Annotated[UUID, Field(description="Another one once its memory's text is read again.")]
    memory_id: UUID
    subject: Annotated[str, Field(description="In normal form, as are `predicate` and `object`.")]
    predicate: str
    object: Annotated[str | None, Field(description="Null in a denial of whatever it was.")]
    denies: Annotated[bool, Field(description="It says that this holds no longer.")]
    valid_from: UtcTime
    valid_to: Annotated[UtcTime | None, Field(description="Null while it holds.")]
    superseded_by: Annotated[UUID | None, Field(description="The fact that ended it.")]
    said_at: Annotated[UtcTime, Field(description="When its memory happened.")]
    rule: Annotated[
        str,
        Field(description="What it was read by; of what was given, `given:` and origin."),
    ]
    evidence: Annotated[
        list[EvidenceResponse],
        Field(description="The words of its memory that bear it, found anew; empty where none do."),
    ]

    @classmethod
    def of(cls, shown: ShownFact) -> Self:
        """Render a fact."""
        fact, claim = shown.fact, shown.fact.claim
        return cls(
            id=fact.id,
            memory_id=fact.memory_id,
            subject=claim.subject,
            predicate=claim.predicate,
            object=claim.object,
            denies=claim.denies,
            valid_from=claim.valid_from,
            valid_to=fact.held_until,
            superseded_by=fact.superseded_by,
            said_at=claim.said_at,
            rule=claim.rule,
            evidence=[EvidenceResponse.of(each) for each in shown.evidence],
        )


class FactPage(PageResponse[FactResponse]):
    """Facts, those that hold since latest first."""
