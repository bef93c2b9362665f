"""Which summaries a listing shows."""

from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.memory import MemoryState


class SummaryKind(StrEnum):
    """What a summary sums up; portraits are none."""

    SESSION = "session"
    DAY = "day"
    """The sessions that ended on one day, in UTC."""
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryListing:
    """What a listing of summaries is restricted to."""

    kind: SummaryKind | None = None
    state: MemoryState | None = MemoryState.ACTIVE
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
