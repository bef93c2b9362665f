"""Recorded recalls: records, and the calls that read them."""

from uuid import UUID

from pydantic import AwareDatetime, JsonValue

from memsvc_client.call import Call, Reference, bank_path, listing, segment
from memsvc_client.models import Page
from memsvc_client.records import Record


class RecordedHit(Record):
    """A memory of a recorded answer, or a near miss; its text is not kept."""

    memory_id: UUID
    version: int | None = None
    """``None`` for near misses."""
    score: float
    parts: dict[str, JsonValue]
    dropped_for: str | None = None
    """Why it is no hit; ``None`` for hits."""


class RecordedRecall(Record):
    """What was asked, with what, and which memories answered."""

    id: UUID
    query: str
    parameters: dict[str, JsonValue]
    settings: dict[str, JsonValue]
    """Of the service, that the answer depends on."""
    model_id: str
    backend: str
    mode: str
    arms: dict[str, JsonValue]
    took_ms: dict[str, float]
    actor: str
    now: AwareDatetime
    """As of when it was answered."""
    recorded_at: AwareDatetime
    hits: tuple[RecordedHit, ...]
    """Near misses come last."""


def list_recalls(bank: Reference) -> Call[Page[RecordedRecall]]:
    """Describe the listing of recorded recalls."""
    path = f"{bank_path(bank)}/recalls"
    return Call(method="GET", path=path, result=Page[RecordedRecall], params=listing())


def get_recall(bank: Reference, recall_id: Reference) -> Call[RecordedRecall]:
    """Describe the reading of a recorded recall."""
    path = f"{bank_path(bank)}/recalls/{segment(recall_id)}"
    return Call(method="GET", path=path, result=RecordedRecall)
