"""The seams: a Protocol stands here only where two implementations exist."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.erasure import SearchReport
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.identifiers import EpisodeId, MemoryId, TenantId, VectorId
from memsvc.domain.lexical import LexicalForm
from memsvc.domain.memory import BankScope
from memsvc.domain.organising.extraction import Extraction, Window

Matrix: TypeAlias = NDArray[np.float32]
"""Rows are vectors: shape (n, dimension), float32, C-contiguous."""
Vector: TypeAlias = NDArray[np.float32]
"""Shape (dimension,), float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingModel:
    """The vector space an embedder writes into; only spaces of equal ``id`` are comparable."""

    id: str
    """Hash over weights, tokenizer, pooling, normalisation and prefixes (``sha256:…``)."""
    name: str
    dimension: int
    window_tokens: int
    """How many tokens of one text a single vector can see."""


class Embedder(Protocol):
    """Text to unit vectors. Raises ``EmbedderUnavailableError`` when it cannot answer now."""

    @property
    def model(self) -> EmbeddingModel:
        """The space the vectors live in."""
        ...

    async def embed_query(self, text: str) -> Vector:
        """Return the unit vector of a query (cut to the window: a query is one thought)."""
        ...

    async def embed_documents(
        self, texts: Sequence[str], *, in_background: bool = False
    ) -> list[Matrix]:
        """Return for each text its unit vectors in order: one, or several past the window.

        ``in_background`` says that nobody waits for them: others go first.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, special tokens left out."""
        ...


class TokenCounter(Protocol):
    """Counts what texts cost the model that will read them; budgets are kept by it."""

    @property
    def name(self) -> str:
        """Whose tokens they are: an encoding, a file, or the encoder."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, special tokens left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseQuery:
    """A nearest-neighbour question to one bank."""

    vector: Vector
    model_id: str
    k: int
    allowed: Sequence[MemoryId] | None = None
    """Search exactly these memories, and no others; ``None``: every active one."""
    asked_at: float | None = None
    """When the question came in, on the clock of ``time.monotonic``: writes committed before it
    are covered. ``None`` stands for the call of ``search``."""
    tell: Callable[[str], None] | None = None
    """Takes a sentence for the answer when the index had to do more than answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A memory an arm proposes, with that arm's own score (higher is better)."""

    memory_id: MemoryId
    score: float


class MemoryIndex(Protocol):
    """Similarity over one bank: the in-process index, or pgvector."""

    @property
    def backend(self) -> str:
        """Name for responses and metrics."""
        ...

    async def search(self, scope: BankScope, query: DenseQuery) -> list[Candidate]:
        """Return min(k, available) memories, best first; a memory scores as its best vector.

        Ties are broken by memory id. Every write committed before the call is covered.
        Raises ``IndexUnavailableError``.
        """
        ...

    async def refresh(self, scope: BankScope, model_id: str, asked_at: float) -> None:
        """Do ahead what a search asked at ``asked_at`` would wait for, whatever its vector is.

        Raises what ``search`` raises.
        """
        ...

    async def forget_bank(self, scope: BankScope) -> None:
        """Drop whatever is held in memory for the bank."""
        ...


class BankCopies(Protocol):
    """What this process holds of banks beside PostgreSQL, in memory and on disk."""

    async def drop(self, scope: BankScope) -> None:
        """Let go of all that is held of a bank; whoever asks next has it loaded afresh."""
        ...

    async def search(self, scope: BankScope, memory_ids: Sequence[UUID]) -> SearchReport:
        """Look through what copies there are after that for what is of these memories."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedVector:
    """One stored vector of a memory."""

    vector_id: VectorId
    vector: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """What the derived indexes hold of one active memory: lexical form, vectors, entities."""

    memory_id: MemoryId
    lexical: LexicalForm | None
    vectors: Sequence[IndexedVector]
    mentions: Extracted | None = None
    episode_id: EpisodeId | None = None
    """Only where mentions are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """How far an index is complete; opaque to whoever keeps it.

    Every change of a transaction below ``horizon`` is applied; ``applied`` are the changes at or
    above it that are applied too, as pairs of transaction id and sequence number.
    """

    horizon: int
    trimmed_below: int = 0
    """Where the change log was cut when this was reached by loading."""
    applied: frozenset[tuple[int, int]] = frozenset()
    source: str = ""
    """Fingerprint of the database that was followed: in another one, or after a restore, none of
    these numbers can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexChanges:
    """What an index must do to reach ``watermark``: replace ``upserts``, drop ``removals``."""

    watermark: Watermark
    upserts: Sequence[IndexEntry]
    removals: Sequence[MemoryId]
    lag_s: float = 0.0
    """Age of the oldest of the changes, 0 without any."""
    must_reload: bool = False
    """The changes since the old watermark are no longer all there, or too many: load afresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRequest:
    """Which derived data a follower of a bank keeps."""

    model_id: str | None
    """Whose vectors to send; ``None`` sends none."""
    lexical: bool = True
    mentions: bool = False


class IndexFeed(Protocol):
    """Where derived indexes come from: the store in production, a list in unit tests."""

    async def source(self) -> str:
        """Return what tells this database's history from every other's.

        Watermarks of another one mean nothing here.
        """
        ...

    async def changes_since(
        self, scope: BankScope, watermark: Watermark, request: FeedRequest
    ) -> IndexChanges:
        """Return what changed after ``watermark``, each memory at its current state."""
        ...

    async def is_followed(self, scope: BankScope, watermark: Watermark) -> bool:
        """Tell whether a copy that is complete up to ``watermark`` can be brought up to date."""
        ...

    def load(
        self, scope: BankScope, request: FeedRequest
    ) -> AsyncIterator[tuple[Watermark, Sequence[IndexEntry]]]:
        """Yield every active memory of the bank in pages of one consistent snapshot.

        Each page carries the snapshot's watermark; an empty bank yields one empty page.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayRequest:
    """What must be known of a bank to correct an answer that was complete up to ``since``."""

    model_id: str
    since: Watermark
    found: Sequence[int]
    """Ids of the vectors in the answer."""
    most_changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """The present state of what an answer is about, seen in one snapshot."""

    is_complete: bool
    """False when there were more changes than asked for, or the log no longer has them all."""
    is_cut: bool
    """Whether the log no longer has them all, or is another database's."""
    changes: int
    """Changes after the watermark, at most one more than asked for."""
    lag_s: float
    """Age of the oldest of them, 0 without any."""
    memory_of: Mapping[int, MemoryId]
    """Of the found vectors those that are current, by id: the others must not be shown."""
    changed: Mapping[MemoryId, Sequence[IndexedVector]]
    """Current vectors of the active memories among the changed ones."""


class OverlaySource(Protocol):
    """Where an index that lags is corrected from: the store in production."""

    async def partition(self, scope: BankScope, model_id: str) -> int | None:
        """Return under which number the index server keeps these vectors, if it shall at all."""
        ...

    async def vector_ids(
        self, scope: BankScope, model_id: str, memory_ids: Sequence[MemoryId]
    ) -> NDArray[np.int64]:
        """Return the ids of the current vectors of these memories."""
        ...

    async def overlay(self, scope: BankScope, request: OverlayRequest) -> Overlay | None:
        """Return what is current, all in one snapshot; ``None`` when the bank is gone."""
        ...


class FactFilter(Protocol):
    """Tells which facts help to answer a question: a language model."""

    async def choose(
        self, tenant_id: TenantId, question: str, facts: Sequence[str]
    ) -> Sequence[int]:
        """Return numbers of facts, counted from 1, in any order; others than these mean nothing.

        Raises ``ProviderUnavailableError``, ``BudgetExceededError``, ``NeedsReviewError`` and
        ``ConfigurationError``.
        """
        ...


class Extractor(Protocol):
    """Finds in a window of memories what organising builds on: a language model, or rules."""

    @property
    def name(self) -> str:
        """What made an extraction, with its version, for the record: ``rules/1``, say."""
        ...

    async def extract(self, tenant_id: TenantId, window: Window) -> Extraction:
        """Return what the window says; handles are the window's own.

        Raises ``ProviderUnavailableError`` when the provider cannot be asked now (the caller
        waits), ``BudgetExceededError`` before a call that the tenant's budget does not cover, and
        ``NeedsReviewError`` when the answer was no use twice.
        """
        ...


class Reranker(Protocol):
    """Judges texts together with the question: a cross-encoder, here or hosted."""

    @property
    def name(self) -> str:
        """Which model judges."""
        ...

    async def relevance(
        self, tenant_id: TenantId, question: str, texts: Sequence[str]
    ) -> Sequence[float]:
        """Return for each text, in order, how relevant it is: 0 to 1.

        Raises ``UnavailableError`` (the model is away, the tenant's budget used up) and
        ``ConfigurationError`` when the provider refuses. May be cancelled at any time.
        """
        ...

    async def close(self) -> None:
        """Let go of threads and connections."""
        ...


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        ...
