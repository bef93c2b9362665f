"""Pairs that may be one and the same, and wait for somebody to decide."""

from enum import StrEnum
from typing import NewType
from uuid import UUID

ReviewId = NewType("ReviewId", UUID)


class ReviewState(StrEnum):
    """Where a pair stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    """Merged."""
    REJECTED = "rejected"
    """Kept apart; not proposed again while both texts stay as they are."""
