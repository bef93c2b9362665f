"""Calls of language models: what each was for and what it took; never what was said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from memsvc.domain.identifiers import TenantId

ModelCallId = NewType("ModelCallId", UUID)


class CallOutcome(StrEnum):
    """How a call ended."""

    RUNNING = "running"
    """It has not ended, or its process has; its estimate counts."""
    OK = "ok"
    INVALID = "invalid"
    """The answer did not hold to its form."""
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    """The provider does not take the request: key, model, form or text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModelCall:
    """A call about to be made, with what it takes at most."""

    purpose: str
    model: str
    prompt_id: str
    prompt_version: int
    most_tokens: int
    """Of question and answer together, estimated high."""
    most_usd: float | None
    """What these cost at most; ``None`` where the model's price is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnding:
    """What a call has taken."""

    outcome: CallOutcome
    is_known: bool = True
    """Without it nobody knows what was taken, and tokens and cost stay at their estimate."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    """``None`` where the model's price is not known."""
    latency_ms: int = 0
    tries: int = 1
    """How often the provider was asked; the repair of an answer is a call of its own."""
    validation_errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a tenant may use in a day (UTC); ``None``: any amount."""

    tokens_per_day: int | None = None
    usd_per_day: float | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether there is anything to keep to."""
        return self.tokens_per_day is not None or self.usd_per_day is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What each tenant may use in a day."""

    everybody: Budget = Budget()
    own: Mapping[TenantId, Budget] = field(default_factory=dict)
    """Of tenants with a budget of their own."""

    def of(self, tenant_id: TenantId) -> Budget:
        """Return what this tenant may use."""
        return self.own.get(tenant_id, self.everybody)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used on one day for one purpose with one model."""

    day: date
    purpose: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    tries: int
    """How often providers were asked for these calls."""
    failures: int
    """Calls without a usable answer."""
    validation_errors: int
    """Faults of answers that did not hold to their form."""
    latest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTotals:
    """What several calls have taken together; nothing for no calls."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    """``None`` where what one of them has cost is not known."""

    @classmethod
    def of(cls, endings: Iterable[CallEnding]) -> "CallTotals":
        """Add calls up."""
        return cls.together(
            cls(
                calls=1,
                input_tokens=each.input_tokens,
                output_tokens=each.output_tokens,
                cost_usd=0.0 if each.outcome is CallOutcome.REFUSED else each.cost_usd,
            )
            for each in endings
        )

    @classmethod
    def together(cls, parts: "Iterable[CallTotals]") -> "CallTotals":
        """Add totals up; what is not known of one is not known of all."""
        listed = list(parts)
        costs = [each.cost_usd for each in listed if each.cost_usd is not None]
        return cls(
            calls=sum(each.calls for each in listed),
            input_tokens=sum(each.input_tokens for each in listed),
            output_tokens=sum(each.output_tokens for each in listed),
            cost_usd=sum(costs) if len(costs) == len(listed) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsMade:
    """The calls on the account that one request has led to."""

    by_purpose: Mapping[str, CallTotals] = field(default_factory=dict)

    @property
    def total(self) -> CallTotals:
        """All of them."""
        return CallTotals.together(self.by_purpose.values())
