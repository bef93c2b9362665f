"""Recorded recalls: listed, looked into."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from memsvc.api.dependencies import Bank, CurrentCaller, RecordedRecallsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.queries import PageQuery
from memsvc.api.schemas.recorded_recalls import RecordedRecallPage, RecordedRecallResponse
from memsvc.domain.recorded_recalls import RecallId
from memsvc.errors import BankNotFoundError, RecallNotFoundError

router = APIRouter(prefix="/v1/banks/{bank}/recalls", tags=["recall"])


@router.get("", responses=problems(BankNotFoundError))
async def list_recalls(
    query: Annotated[PageQuery, Query()],
    bank: Bank,
    recalls: RecordedRecallsUseCase,
    caller: CurrentCaller,
) -> RecordedRecallPage:
    """List recorded recalls, newest first."""
    page = await recalls.list(caller, bank, query.to_page())
    return RecordedRecallPage.of(page, RecordedRecallResponse.of)


@router.get("/{recall_id}", responses=problems(BankNotFoundError, RecallNotFoundError))
async def get_recall(
    recall_id: Annotated[UUID, Path()],
    bank: Bank,
    recalls: RecordedRecallsUseCase,
    caller: CurrentCaller,
) -> RecordedRecallResponse:
    """Read a recorded recall."""
    return RecordedRecallResponse.of(await recalls.get(caller, bank, RecallId(recall_id)))
