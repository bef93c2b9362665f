"""Erasing whose data it is, and the receipts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response, status

from memsvc.api.dependencies import Bank, CurrentCaller, EraseUseCase, IdempotencyKey
from memsvc.api.documentation import problems
from memsvc.api.schemas.erasures import (
    EraseRequest,
    ErasureKeyResponse,
    ErasurePage,
    ErasurePreviewResponse,
    ErasureResponse,
)
from memsvc.api.schemas.queries import PageQuery
from memsvc.domain.erasure import ErasureId
from memsvc.errors import BankNotFoundError, ErasureNotFoundError

router = APIRouter(prefix="/v1", tags=["erasure"])


async def _erasure_id(erasure_id: Annotated[UUID, Path()]) -> ErasureId:
    return ErasureId(erasure_id)


ErasureIdPath = Annotated[ErasureId, Depends(_erasure_id)]


@router.post(
    "/banks/{bank}/erasures",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        200: {"model": ErasurePreviewResponse, "description": "`dry_run` was set"},
        **problems(BankNotFoundError, changes=True),
    },
)
async def erase_memories(
    body: EraseRequest,
    bank: Bank,
    erase: EraseUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
    response: Response,
) -> ErasureResponse | ErasurePreviewResponse:
    """Erase what a user or a session said, or named memories, for good; a job does it."""
    subject = body.to_subject()
    if body.dry_run:
        response.status_code = status.HTTP_200_OK
        return ErasurePreviewResponse(memories=await erase.preview(caller, bank, subject))
    started = idempotency.settle(await erase.start(caller, bank, subject, idempotency.key))
    return ErasureResponse.of(await erase.get(caller, bank, started.erasure_id))


@router.get("/banks/{bank}/erasures", responses=problems(BankNotFoundError))
async def list_erasures(
    query: Annotated[PageQuery, Query()], bank: Bank, erase: EraseUseCase, caller: CurrentCaller
) -> ErasurePage:
    """List erasures with their receipts, newest first."""
    return ErasurePage.of(await erase.list(caller, bank, query.to_page()), ErasureResponse.of)


@router.get(
    "/banks/{bank}/erasures/{erasure_id}",
    responses=problems(BankNotFoundError, ErasureNotFoundError),
)
async def get_erasure(
    bank: Bank, erasure_id: ErasureIdPath, erase: EraseUseCase, caller: CurrentCaller
) -> ErasureResponse:
    """Read an erasure, with its signed receipt once it is finished."""
    return ErasureResponse.of(await erase.get(caller, bank, erasure_id))


@router.get("/erasures/public-key", responses=problems())
async def get_erasure_key(erase: EraseUseCase, _: CurrentCaller) -> ErasureKeyResponse:
    """Read the key that receipts are checked with; keep it somewhere else."""
    return ErasureKeyResponse(algorithm="Ed25519", public_key=await erase.public_key())
