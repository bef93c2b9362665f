"""Portraits of users."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from memsvc.api.dependencies import Bank, CurrentCaller, PortraitsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas import limits
from memsvc.api.schemas.portraits import (
    PortraitEditionPage,
    PortraitEditionResponse,
    PortraitResponse,
)
from memsvc.api.schemas.queries import PageQuery
from memsvc.errors import BankNotFoundError, PortraitNotFoundError

router = APIRouter(prefix="/v1/banks/{bank}/portraits", tags=["memories"])
_PROBLEMS = problems(BankNotFoundError, PortraitNotFoundError)


# Before the route of one portrait, whose user id may have slashes in it, and end like this.
@router.get("/{user_id:path}/versions", responses=_PROBLEMS)
async def list_portrait_versions(
    user_id: Annotated[str, Path(min_length=1, max_length=limits.NAME_CHARS)],
    query: Annotated[PageQuery, Query()],
    bank: Bank,
    portraits: PortraitsUseCase,
    caller: CurrentCaller,
) -> PortraitEditionPage:
    """List every edition of a user's portrait, newest first: what was believed of them when."""
    page = await portraits.versions(caller, bank, user_id, query.to_page())
    return PortraitEditionPage.of(page, PortraitEditionResponse.of)


# A user's id may have slashes in it.
@router.get("/{user_id:path}", responses=_PROBLEMS)
async def get_portrait(
    user_id: Annotated[str, Path(min_length=1, max_length=limits.NAME_CHARS)],
    bank: Bank,
    portraits: PortraitsUseCase,
    caller: CurrentCaller,
) -> PortraitResponse:
    """Return what a user says of themselves, each line with the memories that say it.

    Consolidating makes and renews it (stage `portray`).
    """
    return PortraitResponse.of(await portraits.get(caller, bank, user_id))
