"""What the service answers: frozen records, every time with its zone.

Members with a closed set of values today are plain strings, so that an older client reads a newer
service; the ``StrEnum`` of the set is for comparing (``job.state == JobState.FAILED``).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.answerable import Answerable
from memsvc_client.asked_times import AskedOrder, AskedTime, Elapsed
from memsvc_client.recall_reports import (
    AskedRank,
    GrainReport,
    IterateReport,
    ModelCalls,
    RewriteReport,
    SiftReport,
    StageReport,
    Timings,
    Unit,
)
from memsvc_client.records import Metadata, Record
from memsvc_client.walks import Node, Walk

Item = TypeVar("Item")


class MemoryKind(StrEnum):
    """What sort of item a memory is."""

    TURN = "turn"
    PASSAGE = "passage"
    NOTE = "note"
    THOUGHT = "thought"
    FACT = "fact"
    SUMMARY = "summary"
    OBSERVATION = "observation"


class MemoryState(StrEnum):
    """Where a memory stands in its life; only active ones are recalled by default."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    MERGED = "merged"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    EXPIRED = "expired"
    DELETED = "deleted"


class WriteStatus(StrEnum):
    """What a write did with one item."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    UPDATED = "updated"


class ArmStatus(StrEnum):
    """What became of one arm in a recall."""

    OK = "ok"
    SKIPPED = "skipped"
    FAILED = "failed"


class Page(Record, Generic[Item]):
    """One page of a listing."""

    items: tuple[Item, ...]
    has_more: bool
    next_cursor: str | None = None
    """Where the next page starts; opaque."""


class EmbeddingModel(Record):
    """The model whose vectors a bank holds."""

    id: str
    """Names weights, tokenizer, pooling and prefixes alike."""
    dimension: int


class BankInfo(Record):
    """A bank: the unit of policy, embedding model and export."""

    id: UUID
    name: str
    description: str | None = None
    language: str
    """ISO 639-1 code, or ``auto``: recognised text by text."""
    metadata: Metadata
    state: str
    embedding_model: EmbeddingModel
    memory_count: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
    fact_policy: str = "supersede"
    """When another holds later: ``supersede``, ``append_only`` or ``fuse``."""
    arms_off: tuple[str, ...] = ()
    """Arms that recalls do not ask unless they name them."""


class EpisodeInfo(Record):
    """A stored source: a conversation session or a document."""

    id: UUID
    source: str
    """Its name, unique per bank."""
    kind: str
    """``conversation`` or ``document``."""
    title: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    metadata: Metadata


class Written(Record):
    """What one write did with one item."""

    id: UUID
    """The memory's id."""
    version: int
    """Its version now, counted from 1."""
    external_id: str | None = None
    status: str
    """A ``WriteStatus``."""


class MemoryResult(Written):
    """The answer to writing one memory."""

    embedded: bool
    """Whether its vector is stored already; if not, a job adds it."""
    jobs: tuple[UUID, ...] = ()
    """Ids of the jobs that the write caused."""


class BatchResult(Record):
    """The answer to writing many memories."""

    results: tuple[Written, ...]
    """In the order of the request."""
    embedded: bool
    """Whether every vector is stored already; if not, jobs add them."""
    jobs: tuple[UUID, ...] = ()
    """Ids of the jobs that the write caused."""


class EpisodeWritten(Record):
    """What became of one episode of a batch."""

    episode: EpisodeInfo
    memories: tuple[Written, ...]
    """One for each message or passage, in order."""


class EpisodeResult(EpisodeWritten):
    """The answer to writing one episode."""

    embedded: bool
    """Whether every vector is stored already; if not, jobs add them."""
    jobs: tuple[UUID, ...] = ()
    """Ids of the jobs that the write caused."""


class EpisodeBatchResult(Record):
    """The answer to writing many episodes."""

    results: tuple[EpisodeWritten, ...]
    """In the order of the request."""
    embedded: bool
    """Whether every vector is stored already; if not, jobs add them."""
    jobs: tuple[UUID, ...] = ()
    """Ids of the jobs that the write caused."""


class Memory(Record):
    """A memory at its current version."""

    id: UUID
    bank_id: UUID
    kind: str
    """A ``MemoryKind``."""
    state: str
    """A ``MemoryState``."""
    text: str
    speaker: str | None = None
    source: str | None = None
    """Name of the episode or feed it came from."""
    external_id: str | None = None
    """The caller's own id, unique per bank and source."""
    episode_id: UUID | None = None
    seq: int
    """Position inside its episode, from 0."""
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    metadata: Metadata
    occurred_at: AwareDatetime
    """When it happened."""
    recorded_at: AwareDatetime
    """When the service learnt it."""
    updated_at: AwareDatetime
    version: int
    embedded: bool
    """Whether its current version has vectors yet."""
    expires_at: AwareDatetime | None = None
    pinned: bool
    strength: float = 1.0
    """S of the forgetting curve: 1 at first."""
    last_reinforced_at: AwareDatetime | None = None
    recall_count: int = 0


class MemoryVersion(Record):
    """One immutable version of a memory's content, and how it came about."""

    version: int
    text: str
    speaker: str | None = None
    occurred_at: AwareDatetime
    operation: str
    actor: str
    reason: str | None = None
    content_hash: str
    recorded_at: AwareDatetime


class ScorePart(Record):
    """What one arm gave to a hit."""

    rank: int
    """Its place in the arm's own list, from 1."""
    score: float
    """The arm's own score; scales differ from arm to arm."""
    contribution: float
    """What it added to the hit's score."""


class Hop(Record):
    """What the graph arm added to a hit; with it the parts add up to the score."""

    linked: float
    """For what a better hit names it by."""
    similar: float
    open: float
    """For the part of the question that the best hit leaves open."""
    via: UUID | None = None
    """The hit that led here."""
    entity: str | None = None
    path: tuple[Node, ...] | None = None
    """How the walk came here from a seed, if it was asked to explain."""


class Hit(Record):
    """A memory that recall found."""

    memory: Memory
    score: float
    """0 to 1, for ordering inside one answer."""
    parts: Mapping[str, ScorePart]
    """By arm."""
    hop: Hop | None = None
    """What the graph arm added."""
    factors: Mapping[str, float] = {}
    """What the sum of the parts was multiplied by, by reason."""
    asked: tuple[AskedRank, ...] = ()
    """Which of several questions found it; empty where there was one."""
    relevance: float | None = None
    """By a cross-encoder, 0 to 1, if it read this."""
    unit: Unit | None = None
    """What it stands for, if that is more."""
    arms: tuple[str, ...]
    """The arms that found it."""
    tokens: int
    """Length of its text, as the token budget counts."""


class Via(Record):
    """The link that brought a neighbour in."""

    hit: UUID
    """The hit it is linked to."""
    type: str
    weight: float
    reason: str | None = None


class Neighbour(Record):
    """A memory that is linked to a hit, and none itself."""

    memory: Memory
    via: Via
    score: float
    """The hit's score times the link's weight."""
    tokens: int


class ArmReport(Record):
    """How one arm fared in a recall."""

    status: str
    """An ``ArmStatus``; a recall answers also when an arm fails."""
    reason: str | None = None
    """Why it was skipped or failed."""
    candidates: int = 0
    took_ms: float = 0.0


class Dropped(Record):
    """A candidate that recall left out."""

    memory_id: UUID
    reason: str
    score: float


class IndexUse(Record):
    """The similarity index that served a recall."""

    backend: str | None = None


class Beside(Record):
    """A memory directly before or after a hit in its session."""

    memory: Memory
    of: UUID
    """The best hit that it stands beside."""
    offset: int
    """How many places after the hit; negative for those before it."""
    tokens: int


class Recall(Record):
    """The answer to a question."""

    id: UUID | None = None
    """Of this answer, recorded or not."""
    recorded: bool = False
    """Whether it was taken to be recorded."""
    mode: str = "ranked"
    """``passthrough`` where ``hits`` are everything, as it happened; they have no scores then."""
    hits: tuple[Hit, ...]
    """Best first."""
    neighbours: tuple[Neighbour, ...] = ()
    """Linked to the hits, if they were asked for."""
    beside: tuple[Beside, ...] = ()
    """Directly before and after the hits, if it was asked for."""
    times: tuple[AskedTime, ...] = ()
    """That the question names, if they were to be read."""
    order: AskedOrder | None = None
    """That the question names, if times were to be read."""
    elapsed: Elapsed | None = None
    """Only where the question asks how long ago something was."""
    arms: Mapping[str, ArmReport]
    """By arm."""
    total_tokens: int
    """Of all texts in the answer."""
    budget_tokens: int | None = None
    tokenizer: str | None = None
    """Whose tokens these are."""
    dropped: tuple[Dropped, ...] | None = None
    """What was left out; only when asked to explain."""
    took_ms: Timings
    index: IndexUse | None = None
    model_calls: ModelCalls = ModelCalls()
    rewrite: RewriteReport | None = None
    """Only when it was asked for."""
    iterate: IterateReport | None = None
    """Only when it was asked for."""
    rerank: StageReport | None = None
    """Only when it was asked for."""
    sift: SiftReport | None = None
    """Only when it was asked for."""
    grain: GrainReport | None = None
    """Only when another grain than memories was asked for."""
    walk: Walk | None = None
    """Where the graph arm began; only when asked to explain."""
    answerable: Answerable | None = None
    """Only when it was asked for."""
