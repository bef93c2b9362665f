"""Events of episodes: records and the call."""

from uuid import UUID

from memsvc_client.call import Call, Reference, bank_path, listing
from memsvc_client.models import Page
from memsvc_client.records import Record


class Event(Record):
    """A stretch of an episode that hangs together, and why it begins where it does."""

    episode_id: UUID
    user_id: str | None = None
    session_id: str | None = None
    first: int
    """Position of its first memory, ``Memory.seq``."""
    last: int
    memory_ids: tuple[UUID, ...]
    """In the order of their positions."""
    begin: str
    """``start``, ``surprise``, or ``length`` where the event before had become too long."""
    at: int | None = None
    """Position of the memory that is the surprise, before the boundary was moved."""
    surprise: float | None = None
    """1 less the cosine with the mean of those before it."""
    threshold: float | None = None
    """What it was held against."""


def list_events(bank: Reference, source: str) -> Call[Page[Event]]:
    """Describe the listing of an episode's events."""
    return Call(
        method="GET",
        path=f"{bank_path(bank)}/events",
        result=Page[Event],
        params=listing(source=source),
    )
