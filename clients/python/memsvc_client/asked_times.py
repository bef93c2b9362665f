"""What a question was read to say of when, and what the memories of the answer say of it."""

from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.records import Record


class AskedTime(Record):
    """A time that a question names: from ``start`` up to, not including, ``end``."""

    written: str
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    granularity: str | None = None
    """``hour``, ``day``, ``weekend``, ``week``, ``month``, ``quarter``, ``season``, ``year`` or
    ``decade``."""


class Moment(Record):
    """When something happened, by a memory of the answer."""

    memory_id: UUID
    start: AwareDatetime
    end: AwareDatetime
    """The same as ``start`` for an instant."""
    granularity: str | None = None
    """``None`` for an instant: when the memory was told."""
    written: str | None = None
    """The words of the memory that name the time, if they do."""


class AskedOrder(Record):
    """Which end of a row of events a question is about."""

    written: str
    """The words that say so."""
    order: str
    """``earliest``, ``latest``, ``before`` or ``after``."""
    event: str | None = None
    """Of ``before`` and ``after``: the words for the event."""
    at: Moment | None = None
    """The first or latest of what is shown; of ``before`` and ``after`` the event."""
    told_by: str | None = None
    """``words`` or ``score``: why that memory was taken for it."""


class Elapsed(Record):
    """How long ago something was, where a question asks for that."""

    written: str
    since: Moment
    told_by: str
    """``words`` or ``score``: why that memory was measured from."""
    until: AwareDatetime
    """The ``now`` of the answer."""
    duration: str
    """ISO 8601, as exactly as ``since`` is known."""
    days: int
    """Midnights since ``since`` began, in the zone of the question."""
    unit: str | None = None
    """That the question names ("how many weeks ago")."""
    count: int | None = None
    """Whole such units."""
