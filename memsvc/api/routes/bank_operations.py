"""What was done to a bank: listed, looked into, undone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from memsvc.api.dependencies import Bank, CurrentCaller, IdempotencyKey, OperationsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.bank_operations import (
    EffectPage,
    EffectResponse,
    OperationPage,
    OperationResponse,
    OperationsQuery,
)
from memsvc.api.schemas.queries import PageQuery
from memsvc.domain.operations import OperationId
from memsvc.errors import (
    BankNotFoundError,
    OperationNotFoundError,
    OperationUndoneError,
    UndoPreventedError,
)

router = APIRouter(prefix="/v1/banks/{bank}/operations", tags=["history"])
_READ_PROBLEMS = problems(BankNotFoundError, OperationNotFoundError)


async def _operation_id(operation_id: Annotated[UUID, Path()]) -> OperationId:
    return OperationId(operation_id)


OperationIdPath = Annotated[OperationId, Depends(_operation_id)]


@router.get("", responses=problems(BankNotFoundError))
async def list_operations(
    query: Annotated[OperationsQuery, Query()],
    bank: Bank,
    operations: OperationsUseCase,
    caller: CurrentCaller,
) -> OperationPage:
    """List what was done to a bank, newest first."""
    page = await operations.list(caller, bank, query.to_listing(), query.to_page())
    return OperationPage.of(page, OperationResponse.of)


@router.get("/{operation_id}", responses=_READ_PROBLEMS)
async def get_operation(
    bank: Bank, operation_id: OperationIdPath, operations: OperationsUseCase, caller: CurrentCaller
) -> OperationResponse:
    """Read one operation."""
    return OperationResponse.of(await operations.get(caller, bank, operation_id))


@router.get("/{operation_id}/effects", responses=_READ_PROBLEMS)
async def list_effects(
    query: Annotated[PageQuery, Query()],
    bank: Bank,
    operation_id: OperationIdPath,
    operations: OperationsUseCase,
    caller: CurrentCaller,
) -> EffectPage:
    """List what an operation changed, in its order."""
    page = await operations.effects(caller, bank, operation_id, query.to_page())
    return EffectPage.of(page, EffectResponse.of)


@router.post(
    "/{operation_id}/undo",
    responses=problems(
        BankNotFoundError,
        OperationNotFoundError,
        OperationUndoneError,
        UndoPreventedError,
        changes=True,
    ),
)
async def undo_operation(
    bank: Bank,
    operation_id: OperationIdPath,
    operations: OperationsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> OperationResponse:
    """Set everything again as it was before the operation, or say what has changed since."""
    outcome = await operations.undo(caller, bank, operation_id, idempotency.key)
    return OperationResponse.of(idempotency.settle(outcome))
