"""What language models were used for, and what it took."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field

from memsvc.api.schemas.fields import RequestModel, ResponseModel
from memsvc.domain.model_calls import Budget, Usage


class UsageQuery(RequestModel):
    """How far back."""

    days: Annotated[int, Field(ge=1, le=366)] = 30


class DayUsageResponse(ResponseModel):
    """What was used on one day for one purpose with one model."""

    day: Annotated[date, Field(description="In UTC.")]
    purpose: str
    model: str
    calls: int
    tries: Annotated[int, Field(description="How often the provider was asked for them.")]
    failures: Annotated[int, Field(description="Calls without a usable answer.")]
    validation_errors: Annotated[
        int, Field(description="Faults of answers that did not hold to their form.")
    ]
    input_tokens: int
    output_tokens: int
    cost_usd: Annotated[float, Field(description="Of calls whose price is known.")]

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """Render a day."""
        return cls(
            day=usage.day,
            purpose=usage.purpose,
            model=usage.model,
            calls=usage.calls,
            tries=usage.tries,
            failures=usage.failures,
            validation_errors=usage.validation_errors,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=round(usage.cost_usd, 6),
        )


class UsageResponse(ResponseModel):
    """The account of a tenant."""

    days: list[DayUsageResponse]
    tokens_per_day: Annotated[int | None, Field(description="The budget; `null`: any amount.")]
    usd_per_day: float | None

    @classmethod
    def of(cls, days: list[DayUsageResponse], budget: Budget) -> Self:
        """Render the account."""
        return cls(days=days, tokens_per_day=budget.tokens_per_day, usd_per_day=budget.usd_per_day)
