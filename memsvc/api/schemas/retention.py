"""Bodies about forgetting: policies, sweeps, forecasts."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import RequestModel, ResponseModel
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.memory import MemoryKind
from memsvc.domain.paging import offset_of
from memsvc.domain.retention.curves import Curve, CurveForm
from memsvc.domain.retention.forecast import MOST_DAYS, Fading, Forecast
from memsvc.domain.retention.policy import KindRule, Reinforce, RetentionPolicy, StoredPolicy
from memsvc.domain.retention.sweep import Fate, FateReason, SweepPlan
from memsvc.services.retention import StartedSweep

_Days = Annotated[float, Field(gt=0, le=36_500, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1)]
_MOST_POLICIES = 5


class CurveModel(RequestModel):
    """A forgetting curve; see docs/forgetting.md for the formulas."""

    form: CurveForm = CurveForm.EXPONENTIAL
    days: Annotated[_Days, Field(description="c of R = exp(-t / (c S)), in days.")] = 5.0
    exponent: Annotated[float, Field(gt=0, le=10)] = 1.0
    weight: Annotated[float, Field(gt=0, le=10)] = 1.0
    rate: Annotated[float, Field(gt=0, le=10)] = 0.002
    bonus: Annotated[float, Field(ge=0, le=10)] = 0.5
    window_days: _Days = 100.0


class KindRuleModel(RequestModel):
    """What is different for one kind of memory."""

    keep: bool = False
    threshold: _Share | None = None
    days: _Days | None = None


class PolicyModel(RequestModel):
    """When memories fade, and how many may stay."""

    curve: Annotated[CurveModel, Field(default_factory=CurveModel)]
    threshold: Annotated[
        float, Field(ge=0, le=20, description="What retains less is archived.")
    ] = 0.05
    kinds: Annotated[dict[MemoryKind, KindRuleModel], Field(default_factory=dict)]
    minimum_age_days: Annotated[float, Field(ge=0, le=36_500)] = 0.0
    keep_pinned: bool = True
    capacity: Annotated[int | None, Field(ge=0)] = None
    ttl_days: Annotated[
        _Days | None, Field(description="Older memories expire for good, pinned ones too.")
    ] = None
    reinforce: Annotated[
        Reinforce,
        Field(
            description="What makes memories stronger: `used`, feedback alone; `returned`, being a"
            " hit as well; `none`, nothing."
        ),
    ] = Reinforce.USED

    def to_policy(self) -> RetentionPolicy:
        """Return the policy as use cases know it."""
        return RetentionPolicy(
            curve=Curve(**self.curve.model_dump()),
            threshold=self.threshold,
            kinds={kind: KindRule(**rule.model_dump()) for kind, rule in self.kinds.items()},
            minimum_age_days=self.minimum_age_days,
            keep_pinned=self.keep_pinned,
            capacity=self.capacity,
            ttl_days=self.ttl_days,
            reinforce=self.reinforce,
        )

    @classmethod
    def of(cls, policy: RetentionPolicy) -> Self:
        """Render a policy."""
        curve = policy.curve
        return cls(
            curve=CurveModel(
                form=curve.form,
                days=curve.days,
                exponent=curve.exponent,
                weight=curve.weight,
                rate=curve.rate,
                bonus=curve.bonus,
                window_days=curve.window_days,
            ),
            threshold=policy.threshold,
            kinds={
                kind: KindRuleModel(keep=rule.keep, threshold=rule.threshold, days=rule.days)
                for kind, rule in policy.kinds.items()
            },
            minimum_age_days=policy.minimum_age_days,
            keep_pinned=policy.keep_pinned,
            capacity=policy.capacity,
            ttl_days=policy.ttl_days,
            reinforce=policy.reinforce,
        )


class PolicyResponse(ResponseModel):
    """A bank's policy; without one nothing of the bank fades."""

    policy: PolicyModel | None
    version: Annotated[int | None, Field(description="`null` if there never was one.")]
    actor: str | None
    recorded_at: UtcTime | None

    @classmethod
    def of(cls, stored: StoredPolicy | None) -> Self:
        """Render what is stored."""
        if stored is None:
            return cls(policy=None, version=None, actor=None, recorded_at=None)
        policy = stored.policy
        return cls(
            policy=None if policy is None else PolicyModel.of(policy),
            version=stored.version,
            actor=stored.actor,
            recorded_at=stored.recorded_at,
        )


class SweepRequest(RequestModel):
    """Which policy to sweep by, and as of when."""

    policy: Annotated[
        PolicyModel | None, Field(description="For this time; the bank's own if not given.")
    ] = None
    now: Annotated[UtcTime | None, Field(description="The present if not given.")] = None

    def to_policy(self) -> RetentionPolicy | None:
        """Return the policy given, if any."""
        return None if self.policy is None else self.policy.to_policy()


class PreviewRequest(SweepRequest):
    """What of the plan to show."""

    limit: Annotated[int, Field(ge=1, le=limits.PAGE_ITEMS)] = limits.PAGE_ITEMS_BY_DEFAULT
    cursor: Annotated[
        str | None, Field(description="The last page's `next_cursor`; send its `now` as well.")
    ] = None

    def start(self) -> int:
        """Return how many fates come before this page."""
        return offset_of(self.cursor)


class FateResponse(ResponseModel):
    """What becomes of a memory, and why."""

    memory_id: UUID
    kind: MemoryKind
    reason: FateReason
    retention: float
    threshold: float
    age_days: Annotated[float, Field(description="Since it was recorded or last reinforced.")]
    strength: float

    @classmethod
    def of(cls, fate: Fate) -> Self:
        """Render a fate."""
        return cls(
            memory_id=fate.memory_id,
            kind=fate.kind,
            reason=fate.reason,
            retention=round(fate.retention, 6),
            threshold=fate.threshold,
            age_days=round(fate.age_days, 4),
            strength=fate.strength,
        )


class PreviewResponse(ResponseModel):
    """What a sweep would do; nothing is changed."""

    now: UtcTime
    examined: int
    staying: int
    leaving: int
    reasons: dict[FateReason, int]
    items: Annotated[list[FateResponse], Field(description="Lowest retention first.")]
    has_more: bool
    next_cursor: str | None

    @classmethod
    def of(cls, plan: SweepPlan, start: int, limit: int) -> Self:
        """Render a page of the plan."""
        reasons: dict[FateReason, int] = {}
        for fate in plan.fates:
            reasons[fate.reason] = reasons.get(fate.reason, 0) + 1
        end = start + limit
        has_more = end < len(plan.fates)
        return cls(
            now=plan.now,
            examined=plan.examined,
            staying=plan.staying,
            leaving=len(plan.fates),
            reasons=reasons,
            items=[FateResponse.of(fate) for fate in plan.fates[start:end]],
            has_more=has_more,
            next_cursor=str(end) if has_more else None,
        )


class SweepResponse(ResponseModel):
    """A sweep that was started."""

    job_id: UUID
    operation_id: Annotated[UUID, Field(description="Undo it to have everything back.")]
    now: UtcTime
    policy_version: int | None

    @classmethod
    def of(cls, sweep: StartedSweep) -> Self:
        """Render the sweep."""
        return cls(
            job_id=sweep.job_id,
            operation_id=sweep.operation_id,
            now=sweep.now,
            policy_version=sweep.policy_version,
        )


class ForecastRequest(RequestModel):
    """How far to look, and under which policies."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 90
    policies: Annotated[
        list[PolicyModel],
        Field(
            default_factory=list,
            max_length=_MOST_POLICIES,
            description="Compared; the bank's own if none is given.",
        ),
    ]
    with_current: Annotated[bool, Field(description="Put the bank's own before those given.")] = (
        False
    )
    listed: Annotated[int, Field(ge=0, le=limits.PAGE_ITEMS)] = 20

    def to_policies(self) -> list[RetentionPolicy | None]:
        """Return the policies; ``None`` stands for the bank's own."""
        given: list[RetentionPolicy | None] = [each.to_policy() for each in self.policies]
        return [None, *given] if self.with_current or not given else given


class FadingResponse(ResponseModel):
    """A memory that will leave recall."""

    memory_id: UUID
    kind: MemoryKind
    reason: FateReason
    at: UtcTime

    @classmethod
    def of(cls, fading: Fading) -> Self:
        """Render it."""
        return cls(memory_id=fading.memory_id, kind=fading.kind, reason=fading.reason, at=fading.at)


class ForecastResponse(ResponseModel):
    """What leaves in the days to come, if nothing is reinforced or added."""

    now: UtcTime
    examined: int
    staying: int
    leaving: Annotated[list[int], Field(description="For each day how many memories leave in it.")]
    soonest: list[FadingResponse]

    @classmethod
    def of(cls, forecast: Forecast) -> Self:
        """Render a forecast."""
        return cls(
            now=forecast.now,
            examined=forecast.examined,
            staying=forecast.staying,
            leaving=list(forecast.leaving),
            soonest=[FadingResponse.of(each) for each in forecast.soonest],
        )


class ForecastsResponse(ResponseModel):
    """One forecast for each policy, in the order asked for."""

    forecasts: list[ForecastResponse]
