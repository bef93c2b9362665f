"""Pairs that may be duplicates: records, and the calls that decide about them."""

from uuid import UUID

from pydantic import AwareDatetime, JsonValue

from memsvc_client.call import Call, Reference, bank_path, listing, segment
from memsvc_client.models import Page
from memsvc_client.records import Record


class Review(Record):
    """Two memories that may say the same, or two entities that may be one."""

    id: UUID
    state: str
    """``open``, ``accepted`` or ``rejected``."""
    kind: str = "memories"
    """``memories`` or ``entities``."""
    memory_ids: tuple[UUID, UUID] | None = None
    """The older one first; ``None`` of entities."""
    names: tuple[str, str] | None = None
    """Of entities, as they are shown."""
    score: float
    evidence: dict[str, JsonValue]
    operation_id: UUID | None = None
    """The merge, where it was accepted; ``undo`` it to have both again."""
    decided_by: str | None = None
    decided_at: AwareDatetime | None = None
    recorded_at: AwareDatetime


def list_reviews(bank: Reference, *, state: str | None = None) -> Call[Page[Review]]:
    """Describe the listing of pairs."""
    params = listing(state=state)
    return Call(method="GET", path=f"{bank_path(bank)}/reviews", result=Page[Review], params=params)


def accept_review(bank: Reference, review_id: Reference) -> Call[Review]:
    """Describe the merging of a pair."""
    return _decision(bank, review_id, "accept")


def reject_review(bank: Reference, review_id: Reference) -> Call[Review]:
    """Describe the keeping apart of a pair."""
    return _decision(bank, review_id, "reject")


def _decision(bank: Reference, review_id: Reference, decision: str) -> Call[Review]:
    path = f"{bank_path(bank)}/reviews/{segment(review_id)}/{decision}"
    return Call(method="POST", path=path, result=Review, mutates=True)
