"""Memories: write verbatim, read, list, history, annotate, archive, restore."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, status

from memsvc.api.dependencies import (
    Bank,
    BankToWrite,
    CurrentCaller,
    IdempotencyKey,
    MemoriesUseCase,
    MemoryDetailsUseCase,
    RememberUseCase,
)
from memsvc.api.documentation import problems
from memsvc.api.schemas.memories import (
    AddMemoriesRequest,
    AddMemoriesResponse,
    AddMemoryRequest,
    AddMemoryResponse,
    MemoryPage,
    MemoryResponse,
    MemoryVersionPage,
    MemoryVersionResponse,
    UpdateMemoryRequest,
)
from memsvc.api.schemas.notes import (
    AnnotationsPage,
    AnnotationsResponse,
    MemoryDetailResponse,
)
from memsvc.api.schemas.queries import MemoriesQuery, PageQuery
from memsvc.domain.identifiers import MemoryId
from memsvc.errors import (
    BankNotFoundError,
    IllegalTransitionError,
    MemoryNotFoundError,
    ModelMismatchError,
    NaiveTimestampError,
)

router = APIRouter(prefix="/v1/banks/{bank}")
_WRITE_PROBLEMS = problems(BankNotFoundError, ModelMismatchError, NaiveTimestampError, changes=True)
_CHANGE_PROBLEMS = problems(BankNotFoundError, MemoryNotFoundError, changes=True)
_MOVE_PROBLEMS = problems(
    BankNotFoundError, MemoryNotFoundError, IllegalTransitionError, changes=True
)


async def _memory_id(memory_id: Annotated[UUID, Path()]) -> MemoryId:
    return MemoryId(memory_id)


MemoryIdPath = Annotated[MemoryId, Depends(_memory_id)]


@router.post(
    "/memories", status_code=status.HTTP_201_CREATED, responses=_WRITE_PROBLEMS, tags=["write"]
)
async def add_memory(
    body: AddMemoryRequest,
    bank: BankToWrite,
    remember: RememberUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> AddMemoryResponse:
    """Remember one item word for word."""
    outcome = await remember.items(caller, bank, [body.to_command()], idempotency.key)
    return AddMemoryResponse.of_remembered(idempotency.settle(outcome))


@router.post(
    "/memories:batch",
    status_code=status.HTTP_201_CREATED,
    responses=_WRITE_PROBLEMS,
    tags=["write"],
)
async def add_memories(
    body: AddMemoriesRequest,
    bank: BankToWrite,
    remember: RememberUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> AddMemoriesResponse:
    """Remember several items word for word: all of them or none."""
    outcome = await remember.items(caller, bank, body.to_commands(), idempotency.key)
    return AddMemoriesResponse.of(idempotency.settle(outcome))


@router.get("/memories", responses=problems(BankNotFoundError), tags=["memories"])
async def list_memories(
    query: Annotated[MemoriesQuery, Query()],
    bank: Bank,
    memories: MemoriesUseCase,
    caller: CurrentCaller,
) -> MemoryPage:
    """List memories in the order they were recorded."""
    page = await memories.list(caller, bank, query.to_listing(), query.to_page())
    return MemoryPage.of(page, MemoryResponse.of)


@router.get(
    "/memories/{memory_id}",
    responses=problems(BankNotFoundError, MemoryNotFoundError),
    tags=["memories"],
)
async def get_memory(
    bank: Bank, memory_id: MemoryIdPath, details: MemoryDetailsUseCase, caller: CurrentCaller
) -> MemoryDetailResponse:
    """Read one memory at its current version, whatever its state, with annotations and links."""
    return MemoryDetailResponse.of_detail(await details.get(caller, bank, memory_id))


@router.get(
    "/memories/{memory_id}/annotations",
    responses=problems(BankNotFoundError, MemoryNotFoundError),
    tags=["memories"],
)
async def list_memory_annotations(
    query: Annotated[PageQuery, Query()],
    bank: Bank,
    memory_id: MemoryIdPath,
    details: MemoryDetailsUseCase,
    caller: CurrentCaller,
) -> AnnotationsPage:
    """List every version of a memory's annotations, oldest first."""
    page = await details.annotations(caller, bank, memory_id, query.to_page())
    return AnnotationsPage.of(page, AnnotationsResponse.of)


@router.get(
    "/memories/{memory_id}/versions",
    responses=problems(BankNotFoundError, MemoryNotFoundError),
    tags=["memories"],
)
async def list_memory_versions(
    query: Annotated[PageQuery, Query()],
    bank: Bank,
    memory_id: MemoryIdPath,
    memories: MemoriesUseCase,
    caller: CurrentCaller,
) -> MemoryVersionPage:
    """List every version of a memory, oldest first."""
    page = await memories.versions(caller, bank, memory_id, query.to_page())
    return MemoryVersionPage.of(page, MemoryVersionResponse.of)


@router.patch("/memories/{memory_id}", responses=_CHANGE_PROBLEMS, tags=["memories"])
async def update_memory(
    body: UpdateMemoryRequest,
    bank: Bank,
    memory_id: MemoryIdPath,
    memories: MemoriesUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> MemoryResponse:
    """Merge metadata and set the pin; the text of a version never changes."""
    outcome = await memories.patch(caller, bank, memory_id, body.to_command(), idempotency.key)
    return MemoryResponse.of(idempotency.settle(outcome))


@router.post("/memories/{memory_id}:archive", responses=_MOVE_PROBLEMS, tags=["memories"])
async def archive_memory(
    bank: Bank,
    memory_id: MemoryIdPath,
    memories: MemoriesUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> MemoryResponse:
    """Take a memory out of default recall; it can be restored."""
    outcome = await memories.archive(caller, bank, memory_id, idempotency.key)
    return MemoryResponse.of(idempotency.settle(outcome))


@router.post("/memories/{memory_id}:restore", responses=_MOVE_PROBLEMS, tags=["memories"])
async def restore_memory(
    bank: Bank,
    memory_id: MemoryIdPath,
    memories: MemoriesUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> MemoryResponse:
    """Bring a memory back that was archived, superseded, merged or quarantined."""
    outcome = await memories.restore(caller, bank, memory_id, idempotency.key)
    return MemoryResponse.of(idempotency.settle(outcome))
