"""Banks: create, read, list, change, delete."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from memsvc.api.dependencies import (
    Bank,
    BanksUseCase,
    CurrentCaller,
    IdempotencyKey,
    ReembeddingUseCase,
)
from memsvc.api.documentation import problems
from memsvc.api.schemas.banks import BankPage, BankResponse, CreateBankRequest, UpdateBankRequest
from memsvc.api.schemas.jobs import JobResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.api.schemas.reembedding import BankModelsResponse, ReembedRequest
from memsvc.errors import (
    BankExistsError,
    BankNotFoundError,
    EmbedderUnavailableError,
    ReembeddingUnderWayError,
)

router = APIRouter(prefix="/v1/banks", tags=["banks"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {"model": BankResponse, "description": "It existed, and `exist_ok` was set"},
        **problems(BankExistsError, EmbedderUnavailableError, changes=True),
    },
)
async def create_bank(
    body: CreateBankRequest,
    banks: BanksUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
    response: Response,
) -> BankResponse:
    """Create a bank; its vectors will come from the embedding model in use."""
    created = idempotency.settle(await banks.create(caller, body.to_command(), idempotency.key))
    if not created.created:
        response.status_code = status.HTTP_200_OK
    return BankResponse.of(created.bank)


@router.get("", responses=problems())
async def list_banks(
    query: Annotated[PageQuery, Query()], banks: BanksUseCase, caller: CurrentCaller
) -> BankPage:
    """List banks by name."""
    return BankPage.of(await banks.list(caller, query.to_page()), BankResponse.of)


@router.get("/{bank}", responses=problems(BankNotFoundError))
async def get_bank(bank: Bank, banks: BanksUseCase, caller: CurrentCaller) -> BankResponse:
    """Read one bank."""
    return BankResponse.of(await banks.get(caller, bank))


@router.patch("/{bank}", responses=problems(BankNotFoundError, changes=True))
async def update_bank(
    body: UpdateBankRequest,
    bank: Bank,
    banks: BanksUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> BankResponse:
    """Change a bank's description, language, metadata, arms or what becomes of its facts."""
    outcome = await banks.update(caller, bank, body.to_command(), idempotency.key)
    return BankResponse.of(idempotency.settle(outcome))


@router.delete(
    "/{bank}",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(BankNotFoundError, changes=True),
)
async def delete_bank(
    bank: Bank, banks: BanksUseCase, caller: CurrentCaller, idempotency: IdempotencyKey
) -> JobResponse:
    """Hide a bank at once; the job in the answer removes its rows."""
    outcome = await banks.delete(caller, bank, idempotency.key)
    return JobResponse.of(idempotency.settle(outcome))


@router.get("/{bank}/models", responses=problems(BankNotFoundError))
async def list_bank_models(
    bank: Bank, reembedding: ReembeddingUseCase, caller: CurrentCaller
) -> BankModelsResponse:
    """List the embedding models that a bank has vectors of, the serving one first."""
    return BankModelsResponse.of(await reembedding.models(caller, bank))


@router.post(
    "/{bank}:reembed",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(BankNotFoundError, ReembeddingUnderWayError, changes=True),
)
async def reembed_bank(
    body: ReembedRequest,
    bank: Bank,
    reembedding: ReembeddingUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> JobResponse:
    """Move a bank to another embedding model; it answers by its present one until then."""
    outcome = await reembedding.start(caller, bank, body.to_command(), idempotency.key)
    return JobResponse.of(idempotency.settle(outcome))
