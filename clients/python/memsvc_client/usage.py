"""What language models were used for, and what it took: records, and the call."""

from datetime import date

from memsvc_client.call import Call
from memsvc_client.records import Record


class DayUsage(Record):
    """What was used on one day (UTC) for one purpose with one model."""

    day: date
    purpose: str
    model: str
    calls: int
    tries: int
    """How often the provider was asked for them."""
    failures: int
    """Calls without a usable answer."""
    validation_errors: int
    """Faults of answers that did not hold to their form."""
    input_tokens: int
    output_tokens: int
    cost_usd: float
    """Of calls whose price is known."""


class ModelUsage(Record):
    """The account of a tenant."""

    days: tuple[DayUsage, ...]
    tokens_per_day: int | None = None
    """The budget; ``None``: any amount."""
    usd_per_day: float | None = None


def model_usage(*, days: int = 30) -> Call[ModelUsage]:
    """Describe the reading of the account."""
    return Call(method="GET", path="/v1/usage", result=ModelUsage, params={"days": days})
