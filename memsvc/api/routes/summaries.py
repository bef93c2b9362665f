"""Summaries of sessions, of days and of everything."""

from typing import Annotated

from fastapi import APIRouter, Query

from memsvc.api.dependencies import Bank, CurrentCaller, SummariesUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.summaries import SummariesQuery, SummaryPage, SummaryResponse
from memsvc.errors import BankNotFoundError

router = APIRouter(prefix="/v1/banks/{bank}/summaries", tags=["memories"])


@router.get("", responses=problems(BankNotFoundError))
async def list_summaries(
    query: Annotated[SummariesQuery, Query()],
    bank: Bank,
    summaries: SummariesUseCase,
    caller: CurrentCaller,
) -> SummaryPage:
    """List summaries with the time they cover and whether they are up to date, newest first."""
    page = await summaries.list(caller, bank, query.to_listing(), query.to_page())
    return SummaryPage.of(page, SummaryResponse.of)
