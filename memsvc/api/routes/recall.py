"""Recall: a question, and the memories that answer it."""

from fastapi import APIRouter

from memsvc.api.dependencies import Bank, CurrentCaller, RecallUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.recall import RecallRequest, RecallResponse
from memsvc.errors import (
    BankNotFoundError,
    EmbedderUnavailableError,
    IndexUnavailableError,
    ModelMismatchError,
    NaiveTimestampError,
    NotIndexedError,
    PayloadTooLargeError,
)

router = APIRouter(prefix="/v1/banks/{bank}", tags=["recall"])


@router.post(
    "/recall",
    responses=problems(
        BankNotFoundError,
        NaiveTimestampError,
        NotIndexedError,
        PayloadTooLargeError,
        ModelMismatchError,
        EmbedderUnavailableError,
        IndexUnavailableError,
    ),
)
async def recall(
    body: RecallRequest, bank: Bank, use_case: RecallUseCase, caller: CurrentCaller
) -> RecallResponse:
    """Return the memories that answer a question, best first; nothing is changed.

    An arm that fails is reported in `arms`; the answer then comes from the others.
    """
    recalled = await use_case(caller, bank, body.to_query())
    return RecallResponse.of(recalled, explain=body.explain)
