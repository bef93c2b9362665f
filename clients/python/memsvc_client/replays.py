"""Recorded recalls asked again: records, and the call that does it."""

from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.call import Call, Reference, bank_path, segment
from memsvc_client.records import Record


class Place(Record):
    """Where a memory stood among the hits, from 1."""

    rank: int
    score: float
    version: int | None = None


class ComparedMemory(Record):
    """A memory of the recorded answer, of today's, or of both."""

    memory_id: UUID
    change: str
    """``same``, ``moved``, ``lost`` or ``gained``."""
    reasons: tuple[str, ...]
    """Such as ``new``, ``edited``, ``hidden`` or ``outranked``; none for one that is the same."""
    then: Place | None = None
    now: Place | None = None
    state: str | None = None
    """As it is now; ``None``: it is gone."""


class Circumstance(Record):
    """Something else that was not the same: an arm, the mode, the model, a setting."""

    name: str
    then: str
    now: str


class Replay(Record):
    """A recorded recall, asked again."""

    recall_id: UUID
    query: str
    now: AwareDatetime
    """The instant that both were answered at."""
    same: bool
    """Whether memories, versions, order and scores are the same."""
    memories: tuple[ComparedMemory, ...]
    """The hits of today by rank, then those that were lost."""
    circumstances: tuple[Circumstance, ...]
    """What else was not the same, whether or not it changed the answer."""


def replay_recall(bank: Reference, recall_id: Reference) -> Call[Replay]:
    """Describe the asking again of a recorded recall."""
    path = f"{bank_path(bank)}/recalls/{segment(recall_id)}/replay"
    return Call(method="POST", path=path, result=Replay)
