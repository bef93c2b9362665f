"""Cursor pagination: a page says whether there is more, and where to go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from memsvc.errors import InvalidRequestError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Where to start (after the cursor) and how much to return (1..500)."""

    limit: int = 50
    cursor: str | None = None
    """The last page's ``next_cursor``, opaque to callers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """One page of a listing."""

    items: Sequence[Item]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self.next_cursor is not None


def cut_page(rows: Sequence[Item], request: PageRequest, cursors: Sequence[str]) -> Page[Item]:
    """Return a page from ``limit + 1`` fetched rows; ``cursors`` holds each row's own cursor."""
    if len(rows) <= request.limit:
        return Page(items=rows, next_cursor=None)
    kept = rows[: request.limit]
    return Page(items=kept, next_cursor=cursors[request.limit - 1])


def offset_of(cursor: str | None) -> int:
    """Return how many items come before a page whose cursors count them.

    Raises ``InvalidRequestError`` for what is no such cursor.
    """
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()):
        raise InvalidRequestError("The cursor is not one this listing gave out.")
    return int(cursor)
