"""What an answer says of its making, beside arms and times."""

from memsvc_client.records import Record


class AskedOrder(Record):
    """Which end of a row of events a question is about."""

    written: str
    """The words that say so."""
    order: str
    """``earliest``, ``latest``, ``before`` or ``after``."""
    event: str | None = None
    """Of ``before`` and ``after``: the words for the event."""


class StageReport(Record):
    """How an optional stage fared; one that could not be done leaves the answer as it was."""

    status: str
    """``ok``, ``skipped`` or ``failed``."""
    reason: str | None = None
    """Why it was skipped or failed."""
    model: str = ""
    took_ms: float = 0.0
