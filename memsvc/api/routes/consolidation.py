"""Consolidating a bank: what there is to do, and having it done."""

from fastapi import APIRouter, status

from memsvc.api.dependencies import Bank, ConsolidationUseCase, CurrentCaller, IdempotencyKey
from memsvc.api.documentation import problems
from memsvc.api.schemas.jobs import JobResponse
from memsvc.api.schemas.notes import ConsolidateRequest, ConsolidationResponse
from memsvc.errors import BankNotFoundError

router = APIRouter(prefix="/v1/banks/{bank}", tags=["banks"])


@router.get("/consolidation", responses=problems(BankNotFoundError))
async def get_consolidation(
    bank: Bank, consolidation: ConsolidationUseCase, caller: CurrentCaller
) -> ConsolidationResponse:
    """Tell what consolidating would do now, and how far the bank is organised."""
    return ConsolidationResponse.of(await consolidation.plan(caller, bank))


@router.post(
    "/consolidate",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(BankNotFoundError, changes=True),
)
async def consolidate_bank(
    body: ConsolidateRequest,
    bank: Bank,
    consolidation: ConsolidationUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> JobResponse:
    """Organise what waits, stage by stage; the answer is the job, or the one under way already."""
    outcome = await consolidation.start(caller, bank, body.to_command(), idempotency.key)
    return JobResponse.of(idempotency.settle(outcome))
