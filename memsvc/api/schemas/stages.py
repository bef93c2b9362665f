"""Optional stages of recall, as recalls and contexts ask for them."""

from typing import Annotated, Self, TypedDict
from uuid import UUID

from pydantic import Field, StrictBool, StrictFloat, StrictInt

from memsvc.api.schemas.fields import ResponseModel
from memsvc.domain.grains import AskedGrain, Grain, Unit
from memsvc.domain.widening import AskedAs, AskedRank
from memsvc.services.recalling.arms import ArmStatus
from memsvc.services.recalling.stage_reports import (
    GrainReport,
    IterateReport,
    RewriteReport,
    Round,
    SiftReport,
    StageReport,
    Stop,
)

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


RewriteField = Annotated[
    StrictBool,
    Field(
        description="Whether a language model adds queries and clues to the question; refused "
        "where the service has none."
    ),
]
IterateField = Annotated[
    StrictBool,
    Field(
        description="Whether a language model searches on in rounds, within the service's bounds; "
        "refused where the service has none."
    ),
]

SiftField = Annotated[
    StrictBool,
    Field(
        description="Whether a language model leaves out hits that do not bear on the question; "
        "refused where the service has none."
    ),
]


GrainField = Annotated[
    AskedGrain,
    Field(
        description="What a hit stands for. `event`, `episode`: the best hit of each stands for "
        "all of it (of its own user and session), and the hits are so many of these. `auto`: that "
        "grain at which the question's similarities stand out most clearly."
    ),
]


class _Common(TypedDict):
    status: ArmStatus
    reason: str | None
    model: str
    took_ms: float


def _common(report: StageReport) -> _Common:
    return _Common(
        status=report.status, reason=report.reason, model=report.model, took_ms=report.took_ms
    )


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
            **_common(report),
        )


class RewriteResponse(StageResponse):
    """What was asked beside the question."""

    queries: list[str]
    clues: list[str]

    @classmethod
    def of_rewrite(cls, report: RewriteReport | None) -> Self | None:
        """Render a report, ``None`` where the stage was not asked for."""
        if report is None:
            return None
        return cls(
            **_common(report),
            queries=list(report.queries),
            clues=list(report.clues),
        )


class SiftResponse(StageResponse):
    """Which hits do not bear on the question, by what a language model says."""

    read: Annotated[int, Field(description="How many hits it was shown.")]
    left_out: Annotated[
        list[UUID],
        Field(description="Best first; nothing takes the places of these."),
    ]

    @classmethod
    def of_sift(cls, report: SiftReport | None) -> Self | None:
        """Render a report, ``None`` where the stage was not asked for."""
        if report is None:
            return None
        return cls(
            **_common(report),
            read=report.read,
            left_out=list(report.left_out),
        )


class UnitResponse(ResponseModel):
    """The event, or the episode, that a hit stands for."""

    memory_ids: Annotated[list[UUID], Field(description="In the order of their positions.")]
    first: Annotated[int, Field(description="Position of its first memory, `seq`, from 0.")]
    last: int
    found: Annotated[
        list[UUID], Field(description="Those of them that were found, best first; the hit leads.")
    ]

    @classmethod
    def of_unit(cls, unit: Unit | None) -> Self | None:
        """Render what a hit stands for, ``None`` where that is the hit itself."""
        if unit is None:
            return None
        return cls(
            memory_ids=list(unit.memory_ids),
            first=unit.first,
            last=unit.last,
            found=list(unit.found),
        )


class GrainWeightResponse(ResponseModel):
    """How clearly the question's similarities stand out at a grain."""

    weight: Annotated[float, Field(description="0 to 1; those of all grains add up to 1.")]
    entropy: Annotated[float, Field(description="0 (one unit stands out) to 1 (all are alike).")]
    units: Annotated[int, Field(description="How many were compared.")]


class GrainResponse(ResponseModel):
    """What a hit stands for, and why."""

    grain: Grain
    weights: Annotated[
        dict[Grain, GrainWeightResponse],
        Field(description="By which `auto` chose: the greatest weight. Empty without `auto`."),
    ]
    reason: Annotated[str | None, Field(description="Why `auto` could not choose.")]

    @classmethod
    def of_grain(cls, report: GrainReport | None) -> Self | None:
        """Render a report, ``None`` where no other grain than memories was asked for."""
        if report is None:
            return None
        weights = {
            grain: GrainWeightResponse(weight=each.weight, entropy=each.entropy, units=each.units)
            for grain, each in report.weights.items()
        }
        return cls(grain=report.grain, weights=weights, reason=report.reason)


class RoundResponse(ResponseModel):
    """One round of search."""

    query: str
    read: Annotated[list[UUID], Field(description="Memories read in it for the first time.")]
    helped: Annotated[bool, Field(description="Whether the note says more after it.")]
    took_ms: float

    @classmethod
    def of(cls, done: Round) -> Self:
        """Render a round."""
        return cls(query=done.query, read=list(done.read), helped=done.helped, took_ms=done.took_ms)


class IterateResponse(StageResponse):
    """What was searched for round by round."""

    stop: Annotated[Stop, Field(description="Why it came to an end.")]
    rounds: list[RoundResponse]
    note: Annotated[str, Field(description="The model's, of what it read; not a stored memory.")]
    tokens: Annotated[int, Field(description="Of what was read and noted, as budgets are counted.")]

    @classmethod
    def of_iterate(cls, report: IterateReport | None) -> Self | None:
        """Render a report, ``None`` where the stage was not asked for."""
        if report is None:
            return None
        return cls(
            **_common(report),
            stop=report.stop,
            rounds=[RoundResponse.of(each) for each in report.rounds],
            note=report.note,
            tokens=report.tokens,
        )


class AskedRankResponse(ResponseModel):
    """Where one of several questions ranked a hit."""

    text: str
    asked_as: Annotated[
        AskedAs, Field(description="`question`: the caller's; else of a model's making.")
    ]
    rank: Annotated[int, Field(description="From 1.")]
    contribution: Annotated[
        float, Field(description="Share of the score; the shares add up to it.")
    ]

    @classmethod
    def of(cls, asked: AskedRank) -> Self:
        """Render a rank."""
        return cls(
            text=asked.text,
            asked_as=asked.asked_as,
            rank=asked.rank,
            contribution=asked.contribution,
        )
