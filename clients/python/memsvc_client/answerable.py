"""Whether a question is answered by what was found."""

from collections.abc import Mapping
from uuid import UUID

from memsvc_client.records import Record


class Answerable(Record):
    """Whether what was found answers the question."""

    probability: float | None = None
    """0 to 1; ``None`` if it could not be judged, for which ``reason`` says why."""
    is_answerable: bool | None = None
    statement: str | None = None
    """A sentence: what nothing is stored about, and what is closest."""
    missing: tuple[str, ...] = ()
    """Rare words of the question that no good candidate holds."""
    closest: UUID | None = None
    reason: str | None = None
    model: str | None = None
    features: Mapping[str, float] | None = None
    """What was weighed; only when asked to explain."""
