"""Recall: a question, and the memories that answer it."""

from fastapi import APIRouter, Response

from memsvc.api.dependencies import Bank, CurrentCaller, RecallUseCase
from memsvc.api.documentation import problems
from memsvc.api.headers import server_timing
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
    body: RecallRequest,
    bank: Bank,
    use_case: RecallUseCase,
    caller: CurrentCaller,
    response: Response,
) -> RecallResponse:
    """Return the memories that answer a question, best first; nothing is changed.

    An arm that fails is reported in `arms`; the answer then comes from the others. What calls of
    models came to stands in the headers `X-Context-Model-…` too, and latency in `Server-Timing`.
    """
    recalled = await use_case(caller, bank, body.to_query())
    answer = RecallResponse.of(recalled, explain=body.explain)
    response.headers.update(answer.model_calls.headers())
    response.headers["Server-Timing"] = server_timing(answer.took_ms)
    return answer
