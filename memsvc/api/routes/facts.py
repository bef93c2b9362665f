"""What the memories of a bank claim, with the time it holds."""

from typing import Annotated

from fastapi import APIRouter, Query

from memsvc.api.dependencies import (
    Bank,
    CurrentCaller,
    FactsUseCase,
    GiveFactsUseCase,
    IdempotencyKey,
)
from memsvc.api.documentation import problems
from memsvc.api.schemas.facts import FactPage, FactResponse, FactsQuery
from memsvc.api.schemas.given import GaveFactsResponse, GiveFactsRequest
from memsvc.errors import BankNotFoundError, MemoryNotFoundError

router = APIRouter(prefix="/v1/banks/{bank}/graph/facts", tags=["graph"])


@router.get("", responses=problems(BankNotFoundError))
async def list_facts(
    query: Annotated[FactsQuery, Query()],
    bank: Bank,
    facts: FactsUseCase,
    caller: CurrentCaller,
) -> FactPage:
    """List facts: what holds now, what held at a time, or all; latest beginning first."""
    page = await facts.list(caller, bank, query.to_query(), query.to_page())
    return FactPage.of(page, FactResponse.of)


@router.post("", responses=problems(BankNotFoundError, MemoryNotFoundError, changes=True))
async def give_facts(
    body: GiveFactsRequest,
    bank: Bank,
    give: GiveFactsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> GaveFactsResponse:
    """Give facts and entities that were read from memories elsewhere; again changes nothing."""
    outcome = await give(caller, bank, body.to_command(), idempotency.key)
    return GaveFactsResponse.of(idempotency.settle(outcome))
