"""Bodies about what organising says of memories, and about having it done."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool

from memsvc.api.schemas.evidence import EvidenceResponse
from memsvc.api.schemas.fields import RequestModel, ResponseModel
from memsvc.api.schemas.jobs import JobResponse
from memsvc.api.schemas.memories import MemoryResponse
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.links import LinkType, StoredLink
from memsvc.domain.organising.notes import AnnotationVersion, BankNotes
from memsvc.services.memory_details import MemoryDetail
from memsvc.services.organising.consolidate import ConsolidateCommand, ConsolidationPlan


class AnnotationsResponse(ResponseModel):
    """One version of what is said about a memory beside its text."""

    number: Annotated[int, Field(description="From 1; the text may have several.")]
    version: Annotated[int, Field(description="Which version of the text it is about.")]
    keywords: list[str]
    tags: list[str]
    context: str
    made_by: Annotated[str, Field(description="`rules/1`, or the language model's prompt.")]
    model_call: UUID | None
    because_of: Annotated[
        UUID | None, Field(description="The newer memory that made an older one's evolve.")
    ]
    recorded_at: UtcTime

    @classmethod
    def of(cls, version: AnnotationVersion) -> Self:
        """Render a version."""
        said = version.annotations
        return cls(
            number=version.number,
            version=version.version,
            keywords=list(said.keywords),
            tags=list(said.tags),
            context=said.context,
            made_by=version.made_by,
            model_call=version.model_call,
            because_of=version.because_of,
            recorded_at=version.recorded_at,
        )


class AnnotationsPage(PageResponse[AnnotationsResponse]):
    """Versions of one memory's annotations, first to last."""


class LinkResponse(ResponseModel):
    """A link of a memory, seen from it."""

    memory_id: Annotated[UUID, Field(description="The other end.")]
    type: LinkType
    direction: Annotated[
        Literal["out", "in"], Field(description="`out`: it begins at this memory.")
    ]
    weight: float
    reason: str | None
    recorded_at: UtcTime

    @classmethod
    def of(cls, stored: StoredLink, seen_from: MemoryId) -> Self:
        """Render a link."""
        link = stored.link
        return cls(
            memory_id=stored.other_end(seen_from),
            type=link.type,
            direction="out" if link.from_id == seen_from else "in",
            weight=link.weight,
            reason=link.reason,
            recorded_at=stored.recorded_at,
        )


class MemoryDetailResponse(MemoryResponse):
    """A memory with what organising says of it."""

    annotations: Annotated[
        AnnotationsResponse | None, Field(description="Those that hold; null until organised.")
    ]
    links: Annotated[list[LinkResponse], Field(description="The strongest 50.")]
    evidence: Annotated[
        list[EvidenceResponse],
        Field(
            description="Of a thought: the words of its sources (of a hundred at most) that bear"
            " it, found anew; empty where none do."
        ),
    ]

    @classmethod
    def of_detail(cls, detail: MemoryDetail) -> Self:
        """Render a memory with everything beside it."""
        said = detail.annotations
        return cls(
            **MemoryResponse.of(detail.memory).model_dump(),
            annotations=None if said is None else AnnotationsResponse.of(said),
            links=[LinkResponse.of(each, detail.memory.id) for each in detail.links],
            evidence=[EvidenceResponse.of(each) for each in detail.evidence],
        )


class ConsolidateRequest(RequestModel):
    """What to do of consolidating."""

    stages: Annotated[
        list[str] | None,
        Field(min_length=1, max_length=20, description="Some of the stages; all unless given."),
    ] = None
    retry_set_aside: Annotated[
        StrictBool, Field(description="Also try again what could not be organised before.")
    ] = False

    def to_command(self) -> ConsolidateCommand:
        """Return the command for the use case."""
        return ConsolidateCommand(stages=self.stages, retry_set_aside=self.retry_set_aside)


class StagePlanResponse(ResponseModel):
    """One stage, and how much there is for it to do."""

    name: str
    todo: int
    by_itself: Annotated[bool, Field(description="Whether it also runs without being asked for.")]


class BankNotesResponse(ResponseModel):
    """How far a bank is organised."""

    waiting: Annotated[int, Field(description="Active memories that are not organised yet.")]
    unembedded: Annotated[int, Field(description="Of these, those that lack a vector still.")]
    set_aside: Annotated[int, Field(description="Those that could not be; jobs say why.")]
    annotated: int
    annotation_versions: int
    links: Annotated[int, Field(description="Of type `related`.")]
    waiting_since: Annotated[
        UtcTime | None,
        Field(description="When the text that has waited longest was recorded; null: none waits."),
    ]

    @classmethod
    def of(cls, notes: BankNotes) -> Self:
        """Render the figures."""
        return cls(
            waiting=notes.waiting,
            unembedded=notes.unembedded,
            set_aside=notes.set_aside,
            annotated=notes.annotated,
            annotation_versions=notes.annotation_versions,
            links=notes.links,
            waiting_since=notes.waiting_since,
        )


class ConsolidationResponse(ResponseModel):
    """What consolidating would do now, and how far the bank is."""

    stages: list[StagePlanResponse]
    notes: BankNotesResponse
    job: Annotated[JobResponse | None, Field(description="The one that is under way.")]

    @classmethod
    def of(cls, plan: ConsolidationPlan) -> Self:
        """Render the plan."""
        return cls(
            stages=[
                StagePlanResponse(name=each.name, todo=each.todo, by_itself=each.by_itself)
                for each in plan.stages
            ],
            notes=BankNotesResponse.of(plan.notes),
            job=None if plan.job is None else JobResponse.of(plan.job),
        )
