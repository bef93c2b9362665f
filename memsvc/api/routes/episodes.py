"""Episodes: conversations and documents, single and batched."""

from fastapi import APIRouter, status

from memsvc.api.dependencies import BankToWrite, CurrentCaller, IdempotencyKey, RememberUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.episodes import (
    AddEpisodeRequest,
    AddEpisodeResponse,
    AddEpisodesRequest,
    AddEpisodesResponse,
)
from memsvc.errors import BankNotFoundError, ModelMismatchError, NaiveTimestampError

router = APIRouter(prefix="/v1/banks/{bank}", tags=["write"])
_PROBLEMS = problems(BankNotFoundError, ModelMismatchError, NaiveTimestampError, changes=True)


@router.post("/episodes", status_code=status.HTTP_201_CREATED, responses=_PROBLEMS)
async def add_episode(
    body: AddEpisodeRequest,
    bank: BankToWrite,
    remember: RememberUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> AddEpisodeResponse:
    """Remember a conversation or a document."""
    outcome = await remember.episodes(caller, bank, [body.to_command()], idempotency.key)
    return AddEpisodeResponse.of_remembered(idempotency.settle(outcome))


@router.post("/episodes:batch", status_code=status.HTTP_201_CREATED, responses=_PROBLEMS)
async def add_episodes(
    body: AddEpisodesRequest,
    bank: BankToWrite,
    remember: RememberUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> AddEpisodesResponse:
    """Remember several conversations or documents: all of them or none."""
    outcome = await remember.episodes(caller, bank, body.to_commands(), idempotency.key)
    return AddEpisodesResponse.of(idempotency.settle(outcome))
