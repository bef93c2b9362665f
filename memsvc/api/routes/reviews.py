"""Pairs that may be one, memories or entities: listed, merged, kept apart."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from memsvc.api.dependencies import Bank, CurrentCaller, IdempotencyKey, ReviewsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.reviews import ReviewPage, ReviewResponse, ReviewsQuery
from memsvc.domain.reviews import ReviewId
from memsvc.errors import (
    BankNotFoundError,
    ReviewDecidedError,
    ReviewNotFoundError,
    ReviewOutdatedError,
)

router = APIRouter(prefix="/v1/banks/{bank}/reviews", tags=["history"])


async def _review_id(review_id: Annotated[UUID, Path()]) -> ReviewId:
    return ReviewId(review_id)


ReviewIdPath = Annotated[ReviewId, Depends(_review_id)]


@router.get("", responses=problems(BankNotFoundError))
async def list_reviews(
    query: Annotated[ReviewsQuery, Query()],
    bank: Bank,
    reviews: ReviewsUseCase,
    caller: CurrentCaller,
) -> ReviewPage:
    """List pairs of memories that may say the same, and of entities that may be one."""
    page = await reviews.list(caller, bank, query.state, query.to_page())
    return ReviewPage.of(page, ReviewResponse.of)


@router.post(
    "/{review_id}/accept",
    responses=problems(
        BankNotFoundError,
        ReviewNotFoundError,
        ReviewDecidedError,
        ReviewOutdatedError,
        changes=True,
    ),
)
async def accept_review(
    bank: Bank,
    review_id: ReviewIdPath,
    reviews: ReviewsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> ReviewResponse:
    """Merge the two; the answer names the operation that undoes it."""
    outcome = await reviews.accept(caller, bank, review_id, idempotency.key)
    return ReviewResponse.of(idempotency.settle(outcome))


@router.post(
    "/{review_id}/reject",
    responses=problems(BankNotFoundError, ReviewNotFoundError, ReviewDecidedError, changes=True),
)
async def reject_review(
    bank: Bank,
    review_id: ReviewIdPath,
    reviews: ReviewsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> ReviewResponse:
    """Keep the two apart; they are not proposed again while their texts stay as they are."""
    outcome = await reviews.reject(caller, bank, review_id, idempotency.key)
    return ReviewResponse.of(idempotency.settle(outcome))
