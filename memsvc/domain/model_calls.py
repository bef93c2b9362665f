"""Calls of language models: what each was for and what it took; never what was said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

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
    """The provider does not take the request: key, model or form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModelCall:
    """A call about to be made, with what it takes at most."""

    purpose: str
    model: str
    prompt_id: str
    prompt_version: int
    most_tokens: int
    """Of question and answer together, estimated high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnding:
    """What a call has taken."""

    outcome: CallOutcome
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    """As litellm's price list has it, ``None`` for a model it does not know."""
    latency_ms: int = 0
    validation_errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a tenant may use in a day (UTC); ``None``: any amount."""

    tokens_per_day: int | None = None
    usd_per_day: float | None = None


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
    failures: int
    """Calls without a usable answer."""
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
