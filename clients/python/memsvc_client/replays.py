"""Recorded recalls asked again, or judged by a policy: records, and the calls that do it."""

from uuid import UUID

from pydantic import AwareDatetime, JsonValue

from memsvc_client.call import Call, Reference, bank_path, segment
from memsvc_client.records import Record
from memsvc_client.retention import Fate, RetentionPolicy


class Place(Record):
    """Where a memory stood among the hits, from 1."""

    rank: int
    score: float
    version: int | None = None


class PartChange(Record):
    """A part of a score that is another one: of an arm, a hop or a factor."""

    name: str
    then: float | None = None
    now: float | None = None


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
    parts: tuple[PartChange, ...] = ()
    """What of its score is another one."""


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


class LostHit(Record):
    """A hit that would not have been there."""

    rank: int
    fate: Fate


class PoorerAnswer(Record):
    """An answer that would have lacked hits."""

    recall_id: UUID
    query: str
    now: AwareDatetime
    hits: int
    lost: tuple[LostHit, ...]
    """By rank."""


class DecayReplay(Record):
    """What a policy would have done to past answers; nothing is changed."""

    answers: int
    """How many were looked at."""
    hits: int
    lost: int
    """Hits that would not have been there."""
    unknown: int
    """Hits of memories that are gone."""
    poorer: int
    """Answers that would have lost a hit."""
    without_evidence: int
    """Answers that would have lost every hit."""
    items: tuple[PoorerAnswer, ...]
    """Those that would have lost most of their hits, first."""


def replay_recall(bank: Reference, recall_id: Reference) -> Call[Replay]:
    """Describe the asking again of a recorded recall."""
    path = f"{bank_path(bank)}/recalls/{segment(recall_id)}/replay"
    return Call(method="POST", path=path, result=Replay)


def replay_decay(
    bank: Reference,
    *,
    policy: RetentionPolicy | None = None,
    recalls: int = 500,
    listed: int = 20,
) -> Call[DecayReplay]:
    """Describe the judging of past answers by a policy."""
    body: dict[str, JsonValue] = {"recalls": recalls, "listed": listed}
    if policy is not None:
        body["policy"] = dict(policy.to_json())
    path = f"{bank_path(bank)}/decay:replay"
    return Call(method="POST", path=path, result=DecayReplay, json=body)
