"""Contexts: what to put into a prompt before a question."""

from fastapi import APIRouter, Response

from memsvc.api.dependencies import Bank, ContextUseCase, CurrentCaller
from memsvc.api.documentation import problems
from memsvc.api.headers import server_timing
from memsvc.api.schemas.context import ContextRequest, ContextResponse
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
    "/context",
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
async def compose_context(
    body: ContextRequest,
    bank: Bank,
    use_case: ContextUseCase,
    caller: CurrentCaller,
    response: Response,
) -> ContextResponse:
    """Return what a model should read before it answers a question; nothing is changed.

    Everything, as it happened, if it fits `budget_tokens`. Else summaries, the memories that bear
    on the question with their neighbours, and the latest turns of a session. Cost and latency
    stand in the headers `X-Context-…` and `Server-Timing` too.
    """
    answer = ContextResponse.of(await use_case(caller, bank, body.to_query()))
    response.headers.update(_costs(answer))
    return answer


def _costs(answer: ContextResponse) -> dict[str, str]:
    """Return what an answer cost as headers, so that a proxy or log need not read the body."""
    return {
        "X-Context-Mode": answer.mode,
        "X-Context-Tokens": str(answer.total_tokens),
        "X-Context-Memories": str(len(answer.citations)),
        "X-Context-Took-Ms": f"{answer.took_ms.get('total', 0.0):.1f}",
        "Server-Timing": server_timing(answer.took_ms),
        **answer.model_calls.headers(),
    }
