"""The graph of a bank: entities, who speaks of them, and how they hang together."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from memsvc.api.dependencies import Bank, CurrentCaller, GraphUseCase, IdempotencyKey
from memsvc.api.documentation import problems
from memsvc.api.schemas.graph import (
    AroundQuery,
    EntitiesQuery,
    EntityDetailResponse,
    EntityPage,
    EntityQuery,
    EntityResponse,
    GraphStatisticsResponse,
    MentioningPage,
    MentioningResponse,
    PathQuery,
    PathResponse,
    SubgraphResponse,
)
from memsvc.api.schemas.jobs import JobResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.errors import (
    BankNotFoundError,
    EmbedderUnavailableError,
    EntityNotFoundError,
    IndexUnavailableError,
    ModelMismatchError,
    NotIndexedError,
)

router = APIRouter(prefix="/v1/banks/{bank}/graph", tags=["graph"])
_BANK_PROBLEMS = problems(BankNotFoundError)
_ENTITY_PROBLEMS = problems(BankNotFoundError, EntityNotFoundError)


@router.get("", responses=_BANK_PROBLEMS)
async def graph_statistics(
    bank: Bank, graph: GraphUseCase, caller: CurrentCaller
) -> GraphStatisticsResponse:
    """Say how large the graph of a bank is."""
    return GraphStatisticsResponse.of(await graph.statistics(caller, bank))


@router.get("/entities", responses=_BANK_PROBLEMS)
async def list_entities(
    query: Annotated[EntitiesQuery, Query()],
    bank: Bank,
    graph: GraphUseCase,
    caller: CurrentCaller,
) -> EntityPage:
    """List what memories speak of, most mentioned first."""
    page = await graph.entities(caller, bank, query.containing, query.to_page())
    return EntityPage.of(page, EntityResponse.of)


@router.get("/entity", responses=_ENTITY_PROBLEMS)
async def get_entity(
    query: Annotated[EntityQuery, Query()],
    bank: Bank,
    graph: GraphUseCase,
    caller: CurrentCaller,
) -> EntityDetailResponse:
    """Show an entity with the memories that speak of it and its neighbours."""
    found = await graph.entity(caller, bank, query.name, most=query.limit)
    return EntityDetailResponse.of(found)


@router.get("/path", responses=_ENTITY_PROBLEMS)
async def find_path(
    query: Annotated[PathQuery, Query()],
    bank: Bank,
    graph: GraphUseCase,
    caller: CurrentCaller,
) -> PathResponse:
    """Find a shortest way between two entities, over the memories that name both."""
    steps = await graph.path(caller, bank, query.start, query.end)
    return PathResponse.of([*steps])


@router.get(
    "/around",
    responses=problems(
        BankNotFoundError,
        NotIndexedError,
        ModelMismatchError,
        EmbedderUnavailableError,
        IndexUnavailableError,
    ),
)
async def graph_around(
    query: Annotated[AroundQuery, Query()],
    bank: Bank,
    graph: GraphUseCase,
    caller: CurrentCaller,
) -> SubgraphResponse:
    """Show what lies around a question: the memories it brings first, and what they speak of.

    The recall is not recorded and makes no memory stronger.
    """
    found = await graph.around(
        caller, bank, query.question, memories=query.memories, entities=query.entities
    )
    return SubgraphResponse.of(found, with_text=query.text)


@router.get("/mentions", responses=_BANK_PROBLEMS)
async def list_mentions(
    query: Annotated[PageQuery, Query()],
    bank: Bank,
    graph: GraphUseCase,
    caller: CurrentCaller,
) -> MentioningPage:
    """List memories with their entities: the whole graph, page by page."""
    page = await graph.mentions(caller, bank, query.to_page())
    return MentioningPage.of(page, MentioningResponse.of)


@router.post(
    ":rebuild",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(BankNotFoundError, changes=True),
)
async def rebuild_graph(
    bank: Bank, graph: GraphUseCase, caller: CurrentCaller, idempotency: IdempotencyKey
) -> JobResponse:
    """Read the entities of memories that have none: older ones, or after new rules."""
    outcome = await graph.rebuild(caller, bank, idempotency.key)
    return JobResponse.of(idempotency.settle(outcome))
