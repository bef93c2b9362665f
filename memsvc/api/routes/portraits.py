"""Portraits of users."""

from typing import Annotated

from fastapi import APIRouter, Path

from memsvc.api.dependencies import Bank, CurrentCaller, PortraitsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas import limits
from memsvc.api.schemas.portraits import PortraitResponse
from memsvc.errors import BankNotFoundError, PortraitNotFoundError

router = APIRouter(prefix="/v1/banks/{bank}/portraits", tags=["memories"])


# A user's id may have slashes in it.
@router.get("/{user_id:path}", responses=problems(BankNotFoundError, PortraitNotFoundError))
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
