"""Bodies of the recall route."""

from dataclasses import replace
from datetime import UTC
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, StrictBool, StrictInt, model_validator

from memsvc.api.schemas import limits
from memsvc.api.schemas.answerable import AnswerableField, AnswerableResponse
from memsvc.api.schemas.asked import AskedOrderResponse, AskedTimeResponse
from memsvc.api.schemas.fields import QueryText, RequestModel, ResponseModel
from memsvc.api.schemas.filters import RecallFilterBody
from memsvc.api.schemas.memories import MemoryResponse
from memsvc.api.schemas.model_calls import ModelCallsResponse
from memsvc.api.schemas.neighbours import NeighbourResponse
from memsvc.api.schemas.stages import (
    AskedRankResponse,
    DiversityField,
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
from memsvc.api.schemas.walks import NodeResponse, WalkResponse
from memsvc.domain.asked_times import TimeUse
from memsvc.domain.fusion import Arm, ScorePart
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.services.arms import ArmReport, ArmStatus
from memsvc.services.pass_through import Mode
from memsvc.services.recalled import Dropped, Hit, Recalled, RecallQuery
from memsvc.services.second_hop import Hop


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
    times: Annotated[
        TimeUse,
        Field(
            description="What to make of times that the question names (`last May`, `before 2022`, "
            "`上个月`), seen from `now` in `timezone`: with `boost` what happened at another time "
            "counts less, with `filter` it is left out. Words of order (`first`, `latest`, "
            "`before the move`, `第一次`) favour that end among what bears on the question; "
            "`ignore` reads neither."
        ),
    ] = TimeUse.BOOST
    neighbours: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=limits.RECALL_NEIGHBOURS,
            description="Memories linked to the hits, returned beside them, at most.",
        ),
    ] = 0
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
            times=self.times,
            zone=UTC if self.timezone is None else ZoneInfo(self.timezone),
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


class ScorePartResponse(ResponseModel):
    """What one arm said of a memory and how much that counted."""

    rank: Annotated[StrictInt, Field(description="From 1.")]
    score: Annotated[float, Field(description="The arm's own; not comparable between arms.")]
    contribution: Annotated[
        float, Field(description="Share of the hit's score; the shares add up to it.")
    ]

    @classmethod
    def of(cls, part: ScorePart) -> Self:
        """Render a part."""
        return cls(rank=part.rank, score=part.score, contribution=part.contribution)


class HopResponse(ResponseModel):
    """What the graph arm added to a hit; with it the parts add up to the score."""

    linked: Annotated[float, Field(description="For what a better hit names it by.")]
    similar: Annotated[float, Field(description="For the cosine with the question.")]
    open: Annotated[
        float, Field(description="For the part of the question that the best hit leaves open.")
    ]
    via: Annotated[UUID | None, Field(description="The hit that led here.")]
    entity: Annotated[str | None, Field(description="By which entity.")]
    path: Annotated[
        list[NodeResponse] | None,
        Field(description="How the walk came here from a seed; null unless `explain` was asked."),
    ]

    @classmethod
    def of(cls, hop: Hop) -> Self:
        """Render a hop."""
        return cls(
            linked=hop.linked,
            similar=hop.similar,
            open=hop.open,
            via=hop.via,
            entity=hop.entity,
            path=[NodeResponse.of(each) for each in hop.path] or None,
        )


class HitResponse(ResponseModel):
    """A memory that answers the query, with the reasons."""

    memory: MemoryResponse
    score: Annotated[float, Field(ge=0, le=1)]
    parts: Annotated[
        dict[Arm, ScorePartResponse], Field(description="By arm, for the arms that found it.")
    ]
    arms: Annotated[list[Arm], Field(description="The arms that found it.")]
    hop: HopResponse | None
    factors: Annotated[
        dict[str, float],
        Field(description="What the sum of the parts was multiplied by, by reason."),
    ]
    asked: Annotated[
        list[AskedRankResponse],
        Field(description="Which of several questions found it; empty where there was one."),
    ]
    relevance: Annotated[
        float | None, Field(description="By the cross-encoder, 0 to 1, if it read this.")
    ]
    tokens: int

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """Render a hit."""
        return cls(
            memory=MemoryResponse.of(hit.memory),
            score=hit.score,
            parts={arm: ScorePartResponse.of(part) for arm, part in hit.parts.items()},
            arms=[arm for arm in Arm if arm in hit.parts],
            hop=None if hit.hop is None else HopResponse.of(hit.hop),
            factors=dict(hit.factors),
            asked=[AskedRankResponse.of(each) for each in hit.asked],
            relevance=hit.relevance,
            tokens=hit.tokens,
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


class DroppedResponse(ResponseModel):
    """A candidate that is no hit, and why."""

    memory_id: UUID
    reason: str
    score: float

    @classmethod
    def of(cls, dropped: Dropped) -> Self:
        """Render a dropped candidate."""
        return cls(memory_id=dropped.memory_id, reason=dropped.reason, score=dropped.score)


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
    times: Annotated[
        list[AskedTimeResponse],
        Field(description="That the question names, if asked to read them."),
    ]
    order: Annotated[
        AskedOrderResponse | None,
        Field(description="That the question names (`first`, `latest`, `after the move`)."),
    ]
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
            times=[AskedTimeResponse.of(each) for each in recalled.times],
            order=None if recalled.order is None else AskedOrderResponse.of(recalled.order),
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
            answerable=AnswerableResponse.of_asked(recalled.answerable, explain=explain),
        )
