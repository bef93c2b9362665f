"""Past recalls: records, and the calls that read and judge them."""

from collections.abc import Iterable
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
    helped: tuple[UUID, ...] = ()
    """By feedback on it, as far as that was not undone."""
    misled: tuple[UUID, ...] = ()


class JudgedMemory(Record):
    """What became of the feedback about one memory."""

    memory_id: UUID
    cause: str
    """``helped`` or ``misled``."""
    status: str
    """``applied``; ``already_given``: judged before in this session, and that stands; or ``kept``:
    noted, but by the bank's policy nothing changes strengths."""
    strength: float
    """S of the forgetting curve, as it is now."""


class Feedback(Record):
    """What became of feedback."""

    recall_id: UUID
    operation_id: UUID | None = None
    """``undo`` it to have the strengths back; ``None``: nothing was changed."""
    memories: tuple[JudgedMemory, ...]


def list_recalls(bank: Reference) -> Call[Page[RecordedRecall]]:
    """Describe the listing of recorded recalls."""
    path = f"{bank_path(bank)}/recalls"
    return Call(method="GET", path=path, result=Page[RecordedRecall], params=listing())


def get_recall(bank: Reference, recall_id: Reference) -> Call[RecordedRecall]:
    """Describe the reading of a recorded recall."""
    path = f"{bank_path(bank)}/recalls/{segment(recall_id)}"
    return Call(method="GET", path=path, result=RecordedRecall)


def give_feedback(
    bank: Reference,
    recall_id: Reference,
    *,
    helped: Iterable[Reference] = (),
    misled: Iterable[Reference] = (),
    session_id: str | None = None,
) -> Call[Feedback]:
    """Describe the judging of an answer."""
    body: dict[str, JsonValue] = {
        "helped": [str(each) for each in helped],
        "misled": [str(each) for each in misled],
    }
    if session_id is not None:
        body["session_id"] = session_id
    path = f"{bank_path(bank)}/recalls/{segment(recall_id)}/feedback"
    return Call(method="POST", path=path, result=Feedback, json=body, mutates=True)
