"""Summaries: records and the call."""

from typing import TypedDict, Unpack
from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.call import Call, Reference, bank_path, listing
from memsvc_client.models import Page
from memsvc_client.records import Record


class SummaryListing(TypedDict, total=False):
    """Which summaries of a bank to list; every key that is given narrows it further."""

    kind: str | None
    """``session``, ``day`` or ``all``."""
    state: str | None
    """``active`` unless given."""
    user_id: str | None
    agent_id: str | None
    session_id: str | None


class Summary(Record):
    """A summary, and what it covers."""

    memory_id: UUID
    kind: str
    state: str
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    text: str
    covers_from: AwareDatetime
    """When the first thing occurred that it repeats."""
    covers_to: AwareDatetime
    sources: int
    """How many memories or summaries it repeats."""
    stale: bool
    """Whether what it was made of has changed since; consolidating renews it."""
    made_by: str | None = None
    """The language model; ``None``: rules."""
    made_at: AwareDatetime


def list_summaries(bank: Reference, **narrowing: Unpack[SummaryListing]) -> Call[Page[Summary]]:
    """Describe the listing of summaries."""
    return Call(
        method="GET",
        path=f"{bank_path(bank)}/summaries",
        result=Page[Summary],
        params=listing(**narrowing),
    )
