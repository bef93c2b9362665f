"""Bodies of the recall route."""

from dataclasses import replace
from datetime import UTC
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, StrictBool, StrictInt, model_validator

from memsvc.api.schemas import limits
from memsvc.api.schemas.answerable import AnswerableField, AnswerableResponse
from memsvc.api.schemas.asked import (
    AskedOrderResponse,
    AskedTimeResponse,
    AskedTimes,
    ElapsedResponse,
    TimesField,
)
from memsvc.api.schemas.fields import QueryText, RequestModel, ResponseModel
from memsvc.api.schemas.filters import RecallFilterBody
from memsvc.api.schemas.hits import DroppedResponse, HitResponse
from memsvc.api.schemas.model_calls import ModelCallsResponse
from memsvc.api.schemas.neighbours import AccompanyingResponse, NeighbourResponse
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
)
from memsvc.api.schemas.times import RequestZone, Timestamp, ZoneName
from memsvc.api.schemas.walks import WalkResponse
from memsvc.domain.fusion import Arm
from memsvc.domain.grains import AskedGrain
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.times.asked_times import TimeUse
from memsvc.services.recalling.arms import ArmReport, ArmStatus
from memsvc.services.recalling.pass_through import Mode
from memsvc.services.recalling.recalled import Recalled, RecallQuery


class RecallRequest(RequestModel):
    """A question to a bank."""

    query: Annotated[QueryText, Field(examples=["Where does Ada live now?"])]
    k: Annotated[
        StrictInt,
        Field(
            ge=1,
            le=limits.RECALL_HITS,
            description="How many hits. Where it is given, `auto` ranks.",
        ),
    ] = 10
    mode: Annotated[
        Literal["ranked", "auto"],
        Field(
            description="`auto`: everything that the filter lets through, as it happened, if that "
            "fits `budget_tokens`, which must be given."
        ),
    ] = "ranked"
    filter: RecallFilterBody = RecallFilterBody()
    arms: Annotated[
        Annotated[list[Arm], Field(min_length=1)] | Literal["all"],
        Field(description="Which candidate generators take part; `all`: those the bank lets."),
    ] = "all"
    budget_tokens: Annotated[
        StrictInt | None,
        Field(
            ge=1,
            le=limits.BUDGET_TOKENS,
            description="What the hits' texts may cost in all; hits that do not fit are left out.",
        ),
    ] = None
    now: Annotated[
        Timestamp | None,
        Field(
            description="Decides which memories have expired; by default the present. Memories "
            "of later times are not hidden."
        ),
    ] = None
    as_of: Annotated[
        Timestamp | None,
        Field(
            description="What was true then: later memories are hidden, and those are found again "
            "that were superseded by what came to hold later."
        ),
    ] = None
    known_at: Annotated[
        Timestamp | None,
        Field(
            description="What was known then, as it was: memories recorded later are hidden and "
            "supersede nothing; those corrected, archived or merged since are shown as they were."
        ),
    ] = None
    timezone: ZoneName | None = None
    times: TimesField = TimeUse.BOOST
    neighbours: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=limits.RECALL_NEIGHBOURS,
            description="Memories linked to the hits, returned beside them, at most.",
        ),
    ] = 0
    neighbours_before: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=limits.NEIGHBOURS,
            description="Memories directly before each hit in its session, returned in `beside`.",
        ),
    ] = 0
    neighbours_after: Annotated[StrictInt, Field(ge=0, le=limits.NEIGHBOURS)] = 0
    grain: GrainField = AskedGrain.MEMORY
    diversity: DiversityField = None
    rewrite: RewriteField = False
    iterate: IterateField = False
    rerank: RerankField = False
    sift: SiftField = False
    answerable: AnswerableField = False
    walk: Annotated[
        WalkMode | None,
        Field(
            description="How the graph arm looks for memories: from the `hits` of the others, "
            "from `entities` that the question names, from the `facts` nearest to it, or by "
            "expanding to whole `episodes`. By default as the service is set."
        ),
    ] = None
    record: Annotated[
        StrictBool | None,
        Field(description="Whether to record the recall; by default a share of them is."),
    ] = None
    reinforce: Annotated[
        StrictBool,
        Field(description="`false`: being a hit is no use, whatever the bank's policy."),
    ] = True
    explain: Annotated[StrictBool, Field(description="Also tell what was left out, and why.")] = (
        False
    )

    @model_validator(mode="after")
    def _auto_has_a_budget(self) -> Self:
        if self.mode == "auto" and self.budget_tokens is None:
            raise ValueError("`auto` needs `budget_tokens`: what everything has to fit into")
        return self

    def to_query(self) -> RecallQuery:
        """Return the query for the use case; raises ``NaiveTimestampError``."""
        zone = RequestZone(self.timezone)
        return RecallQuery(
            text=self.query,
            k=self.k,
            filter=replace(
                self.filter.to_filter(zone),
                as_of=zone.instant(self.as_of, "as_of"),
                known_at=zone.instant(self.known_at, "known_at"),
            ),
            arms=None if self.arms == "all" else frozenset(map(Arm, self.arms)),
            budget_tokens=self.budget_tokens,
            now=zone.instant(self.now, "now"),
            explain=self.explain,
            neighbours=self.neighbours,
            neighbours_before=self.neighbours_before,
            neighbours_after=self.neighbours_after,
            times=self.times,
            zone=UTC if self.timezone is None else ZoneInfo(self.timezone),
            grain=self.grain,
            diversity=self.diversity,
            rewrite=self.rewrite,
            iterate=self.iterate,
            rerank=self.rerank,
            sift=self.sift,
            answerable=self.answerable,
            walk=self.walk,
            record=self.record,
            reinforce=self.reinforce,
            pass_through=self.mode == "auto" and "k" not in self.model_fields_set,
        )


class ArmResponse(ResponseModel):
    """How one arm did."""

    status: ArmStatus
    reason: Annotated[str | None, Field(description="Why it was skipped or failed.")]
    candidates: int
    took_ms: float

    @classmethod
    def of(cls, report: ArmReport) -> Self:
        """Render an arm's report."""
        return cls(
            status=report.status,
            reason=report.reason,
            candidates=report.candidates,
            took_ms=report.took_ms,
        )


class IndexResponse(ResponseModel):
    """What answered the dense arm."""

    backend: str


class RecallResponse(ResponseModel):
    """Hits, best first, and how they were found."""

    id: Annotated[UUID | None, Field(description="Of this answer, recorded or not.")]
    recorded: Annotated[
        bool, Field(description="Whether it was taken to be recorded; it is written soon after.")
    ]
    mode: Annotated[
        Mode,
        Field(description="`passthrough`: everything, as it happened; nothing has a score then."),
    ]
    hits: list[HitResponse]
    neighbours: Annotated[
        list[NeighbourResponse], Field(description="Beside the hits, if they were asked for.")
    ]
    beside: Annotated[
        list[AccompanyingResponse],
        Field(description="What stands directly before and after the hits, if it was asked for."),
    ]
    times: AskedTimes
    order: AskedOrderResponse | None
    elapsed: ElapsedResponse | None
    arms: dict[Arm, ArmResponse]
    total_tokens: Annotated[int, Field(description="What all texts of the answer cost.")]
    budget_tokens: int | None
    tokenizer: Annotated[
        str, Field(description="Whose tokens these are: the service's `MEMSVC_TOKENS__MODEL`.")
    ]
    dropped: Annotated[
        list[DroppedResponse] | None, Field(description="Null unless `explain` was asked.")
    ]
    walk: Annotated[
        WalkResponse | None,
        Field(description="Where the graph arm began; null unless `explain` was asked."),
    ]
    took_ms: Annotated[
        dict[str, float],
        Field(description="By stage: `embed`, `search`, `fetch`, `total` and others."),
    ]
    index: IndexResponse
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
    def of(cls, recalled: Recalled, *, explain: bool) -> Self:
        """Render what was recalled."""
        return cls(
            id=recalled.id,
            recorded=recalled.recorded,
            mode=recalled.mode,
            hits=[HitResponse.of(hit) for hit in recalled.hits],
            neighbours=[NeighbourResponse.of(each) for each in recalled.neighbours],
            beside=[AccompanyingResponse.of_accompanying(each) for each in recalled.beside],
            times=[AskedTimeResponse.of(each) for each in recalled.when.spans],
            order=AskedOrderResponse.of_told(recalled.when),
            elapsed=ElapsedResponse.of_told(recalled.when),
            arms={arm: ArmResponse.of(report) for arm, report in recalled.arms.items()},
            total_tokens=recalled.total_tokens,
            budget_tokens=recalled.budget_tokens,
            tokenizer=recalled.tokenizer,
            dropped=[DroppedResponse.of(each) for each in recalled.dropped] if explain else None,
            walk=None if recalled.walk is None else WalkResponse.of(recalled.walk),
            took_ms=dict(recalled.took_ms),
            index=IndexResponse(backend=recalled.backend),
            model_calls=ModelCallsResponse.of(recalled.model_calls),
            rewrite=RewriteResponse.of_rewrite(recalled.rewrite),
            iterate=IterateResponse.of_iterate(recalled.iterate),
            rerank=StageResponse.of(recalled.rerank),
            sift=SiftResponse.of_sift(recalled.sift),
            grain=GrainResponse.of_grain(recalled.grain),
            answerable=AnswerableResponse.of_asked(recalled.answerable, explain=explain),
        )
