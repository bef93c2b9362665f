"""What a call of the HTTP API is made of; describing one does no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote
from uuid import UUID

from pydantic import JsonValue

from memsvc_client.models import Page
from memsvc_client.records import Record

Result = TypeVar("Result", bound=Record)
Item = TypeVar("Item", bound=Record)

Reference: TypeAlias = str | UUID
"""How a caller names a thing: its id, or for a bank also its name."""

PAGE_SIZE = 200
"""Items per page of a listing; the service allows 500."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Result]):
    """One request to the service, and the record that its answer holds."""

    method: str
    path: str
    result: type[Result]
    params: Mapping[str, str | int] = field(default_factory=dict)
    json: Mapping[str, JsonValue] | None = None
    mutates: bool = False
    """Whether it needs an Idempotency-Key, so that a repetition does nothing twice."""
    answers: frozenset[int] = frozenset()
    """Error statuses that carry the result all the same."""


def next_page(call: Call[Page[Item]], page: Page[Item]) -> Call[Page[Item]] | None:
    """Return the call for the page after ``page``, or ``None`` after the last one."""
    if not page.has_more or page.next_cursor is None:
        return None
    return replace(call, params={**call.params, "cursor": page.next_cursor})


def bank_path(bank: Reference) -> str:
    """Return the path of a bank."""
    return f"/v1/banks/{segment(bank)}"


def memory_path(bank: Reference, memory_id: Reference) -> str:
    """Return the path of a memory."""
    return f"{bank_path(bank)}/memories/{segment(memory_id)}"


def segment(reference: Reference) -> str:
    """Return ``reference`` as one segment of a path, whatever is in it."""
    text = str(reference)
    if text in {"", ".", ".."}:  # these would name another path
        raise ValueError(f"{text!r} is neither a name nor an id")
    return quote(text, safe="")


def listing(**narrowing: str | None) -> dict[str, str | int]:
    """Return the parameters of a listing: what narrows it, and the size of its pages."""
    given = {key: value for key, value in narrowing.items() if value is not None}
    return {"limit": PAGE_SIZE, **given}
