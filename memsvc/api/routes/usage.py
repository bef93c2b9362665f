"""What language models were used for, and what it took."""

from typing import Annotated

from fastapi import APIRouter, Query

from memsvc.api.dependencies import CurrentCaller, ModelCallsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.usage import DayUsageResponse, UsageQuery, UsageResponse

router = APIRouter(prefix="/v1/usage", tags=["jobs"])


@router.get("", responses=problems())
async def model_usage(
    query: Annotated[UsageQuery, Query()], calls: ModelCallsUseCase, caller: CurrentCaller
) -> UsageResponse:
    """Sum up the calls of language models, newest day first."""
    found = await calls.usage(caller, query.days)
    budget = calls.budget_of(caller.tenant_id)
    return UsageResponse.of([DayUsageResponse.of(each) for each in found], budget)
