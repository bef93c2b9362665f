"""What the calls of language and rerank models that one answer took have come to."""

from typing import Annotated, Self

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.domain.model_calls import CallsMade, CallTotals


class CallTotalsResponse(ResponseModel):
    """What calls have taken together."""

    calls: Annotated[int, Field(description="Failed ones too.")]
    input_tokens: Annotated[int, Field(description="As the provider counts.")]
    output_tokens: int
    cost_usd: Annotated[
        float | None, Field(description="Null where what one of them cost is not known.")
    ]

    @classmethod
    def of_calls(cls, totals: CallTotals) -> Self:
        """Render totals."""
        cost = totals.cost_usd
        return cls(
            calls=totals.calls,
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
            cost_usd=None if cost is None else round(cost, 6),
        )


class ModelCallsResponse(CallTotalsResponse):
    """The calls on the tenant's account that an answer took; zeros where it took none."""

    by_purpose: Annotated[
        dict[str, CallTotalsResponse],
        Field(description="`rewrite`, `iterate`, `rerank`, `sift`, or `recall`: choosing facts."),
    ]

    @classmethod
    def of(cls, made: CallsMade) -> Self:
        """Render the calls of an answer."""
        total = CallTotalsResponse.of_calls(made.total)
        return cls(
            **total.model_dump(),
            by_purpose={
                purpose: CallTotalsResponse.of_calls(each)
                for purpose, each in sorted(made.by_purpose.items())
            },
        )

    def headers(self) -> dict[str, str]:
        """Return the totals as headers; without a cost where it is not known."""
        cost = {} if self.cost_usd is None else {"X-Context-Model-Cost-USD": f"{self.cost_usd:.6f}"}
        return {
            "X-Context-Model-Calls": str(self.calls),
            "X-Context-Model-Tokens": str(self.input_tokens + self.output_tokens),
            **cost,
        }
