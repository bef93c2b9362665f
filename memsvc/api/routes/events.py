"""Events of an episode."""

from typing import Annotated

from fastapi import APIRouter, Query

from memsvc.api.dependencies import Bank, CurrentCaller, EventsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.events import EventPage, EventResponse, EventsQuery
from memsvc.errors import BankNotFoundError

router = APIRouter(prefix="/v1/banks/{bank}/events", tags=["memories"])


@router.get("", responses=problems(BankNotFoundError))
async def list_events(
    query: Annotated[EventsQuery, Query()],
    bank: Bank,
    events: EventsUseCase,
    caller: CurrentCaller,
) -> EventPage:
    """List the stretches of an episode that hang together; none where there is no such episode.

    They are made of the memories' vectors when they are asked for; nothing is stored.
    """
    page = await events.list(caller, bank, query.source, query.to_page())
    return EventPage.of(page, EventResponse.of)
