"""Bodies of the context route."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, StrictBool, StrictInt

from memsvc.api.schemas import limits
from memsvc.api.schemas.answerable import AnswerableField, AnswerableResponse
from memsvc.api.schemas.asked import (
    AskedOrderResponse,
    AskedTimeResponse,
    AskedTimes,
    ElapsedResponse,
    TimesField,
)
from memsvc.api.schemas.fields import Name, QueryText, RequestModel, ResponseModel
from memsvc.api.schemas.filters import RecallFilterBody
from memsvc.api.schemas.memories import MemoryResponse
from memsvc.api.schemas.model_calls import ModelCallsResponse
from memsvc.api.schemas.recall import ArmResponse
from memsvc.api.schemas.stages import (
    DiversityField,
    GrainField,
    GrainResponse,
    IterateField,
    IterateResponse,
    RerankField,
    RewriteField,
    RewriteResponse,
    SiftField,
    SiftResponse,
    StageResponse,
    UnitResponse,
)
from memsvc.api.schemas.times import RequestZone, Timestamp, ZoneName
from memsvc.domain.context.material import CitedPiece, Role, Section, SectionName
from memsvc.domain.fusion import Arm
from memsvc.domain.grains import AskedGrain, Unit
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.times.asked_times import TimeUse
from memsvc.services.recalling.compose_context import ComposedContext, ContextQuery
from memsvc.services.recalling.pass_through import Mode


class ContextRequest(RequestModel):
    """A question, and how much may be read before it is answered."""

    query: Annotated[QueryText, Field(examples=["Where does Ada live now?"])]
    budget_tokens: Annotated[
        StrictInt,
        Field(
            ge=1,
            le=limits.BUDGET_TOKENS,
            description="What the whole text may cost, as `MEMSVC_TOKENS__MODEL` counts.",
        ),
    ] = 2000
    mode: Annotated[
        Literal["auto", "ranked"],
        Field(description="`auto`: everything, as it happened, if it fits; else the best of it."),
    ] = "auto"
    k: Annotated[
        StrictInt, Field(ge=1, le=limits.RECALL_HITS, description="How many hits at most.")
    ] = 20
    neighbours: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=limits.NEIGHBOURS,
            description="How many memories before and after each hit in its episode. Of a hit "
            "that stands for its event or episode, what is in that comes instead, nearest first.",
        ),
    ] = 2
    summaries: Annotated[StrictInt, Field(ge=0, le=limits.SUMMARIES)] = 5
    session_id: Annotated[
        Name | None, Field(description="The session whose latest turns are shown too.")
    ] = None
    recent: Annotated[
        StrictInt, Field(ge=0, le=limits.RECENT_TURNS, description="How many of its turns.")
    ] = 6
    filter: Annotated[
        RecallFilterBody, Field(description="Holds for everything that is shown.")
    ] = RecallFilterBody()
    arms: Annotated[list[Arm], Field(min_length=1)] | Literal["all"] = "all"
    grain: GrainField = AskedGrain.MEMORY
    diversity: DiversityField = None
    rewrite: RewriteField = False
    iterate: IterateField = False
    rerank: RerankField = False
    sift: SiftField = False
    answerable: AnswerableField = False
    record: Annotated[
        StrictBool | None,
        Field(description="Whether to record the recall in it; by default a share of them is."),
    ] = None
    times: TimesField = TimeUse.BOOST
    now: Timestamp | None = None
    as_of: Annotated[
        Timestamp | None,
        Field(
            description="What was true then, of everything that is shown: later memories are "
            "hidden, and those are found again that were superseded by what came to hold later."
        ),
    ] = None
    known_at: Annotated[
        Timestamp | None,
        Field(
            description="What was known then, as it was: memories recorded later are hidden and "
            "supersede nothing; those corrected, archived or merged since are shown as they were."
        ),
    ] = None
    timezone: Annotated[
        ZoneName | None, Field(description="Also the zone in which times are shown; else UTC.")
    ] = None

    def to_query(self) -> ContextQuery:
        """Return the query for the use case; raises ``NaiveTimestampError``."""
        zone = RequestZone(self.timezone)
        name = self.timezone or "UTC"
        return ContextQuery(
            text=self.query,
            budget_tokens=self.budget_tokens,
            pass_through=self.mode == "auto",
            k=self.k,
            reach=self.neighbours,
            summaries=self.summaries,
            session_id=self.session_id,
            recent=self.recent,
            filter=replace(
                self.filter.to_filter(zone),
                as_of=zone.instant(self.as_of, "as_of"),
                known_at=zone.instant(self.known_at, "known_at"),
            ),
            arms=None if self.arms == "all" else frozenset(map(Arm, self.arms)),
            grain=self.grain,
            diversity=self.diversity,
            rewrite=self.rewrite,
            iterate=self.iterate,
            rerank=self.rerank,
            sift=self.sift,
            answerable=self.answerable,
            record=self.record,
            times=self.times,
            now=zone.instant(self.now, "now"),
            zone=ZoneInfo(name),
            zone_name=name,
        )


class PieceResponse(ResponseModel):
    """A memory in a context."""

    citation: Annotated[int, Field(description="The n of its [n] in the text.")]
    role: Annotated[Role, Field(description="Why it is there.")]
    memory: MemoryResponse
    of: Annotated[UUID | None, Field(description="The hit that a neighbour belongs to.")]
    score: Annotated[float | None, Field(description="Of a hit, between 0 and 1.")]
    unit: Annotated[
        UnitResponse | None, Field(description="What a hit stands for, if that is more.")
    ]
    tokens: int
    is_cut: Annotated[bool, Field(description="Whether the text shows its beginning only.")]

    @classmethod
    def of_piece(cls, cited: CitedPiece, units: Mapping[MemoryId, Unit]) -> Self:
        """Render a piece; ``units`` are by hit."""
        piece = cited.piece
        return cls(
            citation=cited.citation,
            role=piece.role,
            memory=MemoryResponse.of(piece.memory),
            of=piece.of,
            score=piece.score,
            unit=UnitResponse.of_unit(
                units.get(piece.memory.id) if piece.role is Role.HIT else None
            ),
            tokens=cited.tokens,
            is_cut=piece.is_cut,
        )


class SectionResponse(ResponseModel):
    """One part of a context."""

    name: SectionName
    pieces: list[PieceResponse]

    @classmethod
    def of_section(cls, section: Section, units: Mapping[MemoryId, Unit]) -> Self:
        """Render a section; ``units`` are by hit."""
        pieces = [PieceResponse.of_piece(each, units) for each in section.pieces]
        return cls(name=section.name, pieces=pieces)


class ContextResponse(ResponseModel):
    """What to read before answering: as a text ready for a prompt, and in parts."""

    recall_id: Annotated[
        UUID | None, Field(description="Of the recall in it, recorded or not: for feedback.")
    ]
    recorded: Annotated[
        bool,
        Field(
            description="Whether that recall was taken to be recorded; it is written soon after."
        ),
    ]
    mode: Annotated[Mode, Field(description="`passthrough`: everything, as it happened.")]
    text: Annotated[
        str,
        Field(
            description="The whole block. Lines at its left margin are the service's; it ends at "
            "a tag with a boundary that no memory contains."
        ),
    ]
    sections: list[SectionResponse]
    citations: Annotated[
        dict[str, UUID], Field(description="Which memory each [n] of the text stands for.")
    ]
    total_tokens: Annotated[int, Field(description="What `text` costs; never over the budget.")]
    budget_tokens: int
    tokenizer: Annotated[str, Field(description="Whose tokens these are.")]
    left_out: Annotated[int, Field(description="How many memories were found and did not fit.")]
    arms: Annotated[dict[Arm, ArmResponse], Field(description="Empty when nothing was ranked.")]
    times: AskedTimes
    order: AskedOrderResponse | None
    elapsed: ElapsedResponse | None
    took_ms: Annotated[dict[str, float], Field(description="By stage, and in `total`.")]
    model_calls: Annotated[
        ModelCallsResponse,
        Field(
            description="Of language and rerank models, for this answer. Embeddings, and models "
            "within the service, are not among them."
        ),
    ]
    rewrite: Annotated[RewriteResponse | None, Field(description="Null unless it was asked for.")]
    iterate: Annotated[IterateResponse | None, Field(description="Null unless it was asked for.")]
    rerank: Annotated[StageResponse | None, Field(description="Null unless it was asked for.")]
    sift: Annotated[SiftResponse | None, Field(description="Null unless it was asked for.")]
    grain: Annotated[
        GrainResponse | None, Field(description="Null unless `event`, `episode` or `auto` ranked.")
    ]
    answerable: AnswerableResponse | None

    @classmethod
    def of(cls, composed: ComposedContext) -> Self:
        """Render a context."""
        context, recalled = composed.context, composed.recall.answer
        units = {hit.memory.id: hit.unit for hit in recalled.hits if hit.unit is not None}
        return cls(
            recall_id=composed.id,
            recorded=composed.recorded,
            mode=recalled.mode,
            text=context.text,
            sections=[SectionResponse.of_section(each, units) for each in context.sections],
            citations={
                str(each.citation): each.piece.memory.id
                for section in context.sections
                for each in section.pieces
            },
            total_tokens=context.tokens,
            budget_tokens=composed.budget_tokens,
            tokenizer=composed.tokenizer,
            left_out=context.left_out,
            arms={arm: ArmResponse.of(report) for arm, report in recalled.arms.items()},
            times=[AskedTimeResponse.of(each) for each in recalled.when.spans],
            order=AskedOrderResponse.of_told(recalled.when),
            elapsed=ElapsedResponse.of_told(recalled.when),
            took_ms=dict(composed.took_ms),
            model_calls=ModelCallsResponse.of(composed.model_calls),
            rewrite=RewriteResponse.of_rewrite(recalled.rewrite),
            iterate=IterateResponse.of_iterate(recalled.iterate),
            rerank=StageResponse.of(recalled.rerank),
            sift=SiftResponse.of_sift(recalled.sift),
            grain=GrainResponse.of_grain(recalled.grain),
            answerable=AnswerableResponse.of_asked(recalled.answerable, explain=False),
        )
