"""Past recalls: listed, looked into and asked again where they were recorded; judged anyhow."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from memsvc.api.dependencies import (
    Bank,
    CurrentCaller,
    FeedbackUseCase,
    IdempotencyKey,
    RecordedRecallsUseCase,
    ReplayUseCase,
)
from memsvc.api.documentation import problems
from memsvc.api.schemas.feedback import FeedbackRequest, FeedbackResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.api.schemas.recorded_recalls import RecordedRecallPage, RecordedRecallResponse
from memsvc.api.schemas.replays import ReplayResponse
from memsvc.domain.recorded_recalls import RecallId
from memsvc.errors import (
    BankNotFoundError,
    EmbedderUnavailableError,
    IndexUnavailableError,
    MemoryNotFoundError,
    ModelMismatchError,
    NotIndexedError,
    RecallNotFoundError,
)

router = APIRouter(prefix="/v1/banks/{bank}/recalls", tags=["recall"])


async def _recall_id(recall_id: Annotated[UUID, Path()]) -> RecallId:
    return RecallId(recall_id)


RecallIdPath = Annotated[RecallId, Depends(_recall_id)]


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
    recall_id: RecallIdPath,
    bank: Bank,
    recalls: RecordedRecallsUseCase,
    caller: CurrentCaller,
) -> RecordedRecallResponse:
    """Read a recorded recall."""
    return RecordedRecallResponse.of(await recalls.get(caller, bank, recall_id))


@router.post(
    "/{recall_id}/feedback",
    responses=problems(BankNotFoundError, MemoryNotFoundError, changes=True),
)
async def give_feedback(
    body: FeedbackRequest,
    recall_id: RecallIdPath,
    bank: Bank,
    feedback: FeedbackUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> FeedbackResponse:
    """Say which memories of an answer were of use; the answer need not have been recorded."""
    given = body.to_feedback(recall_id)
    outcome = await feedback.give(caller, bank, given, idempotency.key)
    return FeedbackResponse.of(idempotency.settle(outcome))


@router.post(
    "/{recall_id}/replay",
    responses=problems(
        BankNotFoundError,
        RecallNotFoundError,
        NotIndexedError,
        ModelMismatchError,
        EmbedderUnavailableError,
        IndexUnavailableError,
    ),
)
async def replay_recall(
    recall_id: RecallIdPath, bank: Bank, replay: ReplayUseCase, caller: CurrentCaller
) -> ReplayResponse:
    """Ask a recorded recall again, as of its instant: what is different, and why.

    Nothing is changed.
    """
    return ReplayResponse.of(await replay(caller, bank, recall_id))
