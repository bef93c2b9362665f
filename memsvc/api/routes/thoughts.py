"""Thoughts: what follows from memories, kept as memories of their own."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, status

from memsvc.api.dependencies import Bank, CurrentCaller, IdempotencyKey, ThoughtsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.jobs import JobResponse
from memsvc.api.schemas.thoughts import (
    ForgetThoughtRequest,
    InsertThoughtRequest,
    MergeThoughtsRequest,
    ThinkRequest,
    ThoughtResponse,
)
from memsvc.domain.identifiers import MemoryId
from memsvc.errors import BankNotFoundError, IllegalTransitionError, MemoryNotFoundError

router = APIRouter(prefix="/v1/banks/{bank}", tags=["memories"])
_CHANGE_PROBLEMS = problems(
    BankNotFoundError, MemoryNotFoundError, IllegalTransitionError, changes=True
)


@router.post(
    "/thoughts:think",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(BankNotFoundError, changes=True),
)
async def think(
    body: ThinkRequest,
    bank: Bank,
    thoughts: ThoughtsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> JobResponse:
    """Make thoughts of what was not read yet, forget, merge; the answer is the job."""
    outcome = await thoughts.think(caller, bank, body.to_command(), idempotency.key)
    return JobResponse.of(idempotency.settle(outcome))


@router.post("/thoughts", status_code=status.HTTP_201_CREATED, responses=_CHANGE_PROBLEMS)
async def insert_thought(
    body: InsertThoughtRequest,
    bank: Bank,
    thoughts: ThoughtsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> ThoughtResponse:
    """Keep a thought of your own, with links to what it follows from."""
    outcome = await thoughts.insert(caller, bank, body.to_command(), idempotency.key)
    return ThoughtResponse.of(idempotency.settle(outcome))


@router.post("/thoughts:merge", status_code=status.HTTP_201_CREATED, responses=_CHANGE_PROBLEMS)
async def merge_thoughts(
    body: MergeThoughtsRequest,
    bank: Bank,
    thoughts: ThoughtsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> ThoughtResponse:
    """Make one thought of several about the same head; theirs become `merged`."""
    outcome = await thoughts.merge(caller, bank, body.to_command(), idempotency.key)
    return ThoughtResponse.of(idempotency.settle(outcome))


@router.post("/thoughts/{memory_id}:forget", responses=_CHANGE_PROBLEMS)
async def forget_thought(
    body: ForgetThoughtRequest,
    memory_id: Annotated[UUID, Path()],
    bank: Bank,
    thoughts: ThoughtsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> ThoughtResponse:
    """Archive a thought, with the reason."""
    command = body.to_command(MemoryId(memory_id))
    outcome = await thoughts.forget(caller, bank, command, idempotency.key)
    return ThoughtResponse.of(idempotency.settle(outcome))
