"""The copies of banks that the answering process holds in memory."""

from fastapi import APIRouter

from memsvc.api.dependencies import Bank, CurrentCaller, IndexUpkeepUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.index_upkeep import (
    IndexStateResponse,
    RebuiltResponse,
    VerificationResponse,
)
from memsvc.errors import BankNotFoundError, IndexUnavailableError

router = APIRouter(prefix="/v1", tags=["banks"])


@router.get("/index", responses=problems())
async def index_state(upkeep: IndexUpkeepUseCase, caller: CurrentCaller) -> IndexStateResponse:
    """Say what the answering process holds in memory."""
    return IndexStateResponse.of(await upkeep.state(caller))


@router.post(
    "/banks/{bank}/index:verify", responses=problems(BankNotFoundError, IndexUnavailableError)
)
async def verify_index(
    bank: Bank, upkeep: IndexUpkeepUseCase, caller: CurrentCaller
) -> VerificationResponse:
    """Compare the answering process' copy of a bank with PostgreSQL."""
    return VerificationResponse.of(await upkeep.verify(caller, bank))


@router.post(
    "/banks/{bank}/index:rebuild", responses=problems(BankNotFoundError, IndexUnavailableError)
)
async def rebuild_index(
    bank: Bank, upkeep: IndexUpkeepUseCase, caller: CurrentCaller
) -> RebuiltResponse:
    """Load the answering process' copy of a bank afresh; the old one answers until then."""
    return RebuiltResponse.of(await upkeep.rebuild(caller, bank))
